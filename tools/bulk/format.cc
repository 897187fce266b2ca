#include "tools/bulk/format.h"

#include <cstdlib>
#include <string_view>

#include "schema/text.h"
#include "tools/bulk/byte_source.h"

namespace mandate {
namespace {

struct Ending {
  std::string_view ending;
  Format format;
};
constexpr Ending kEndings[] = {
    {".tuples", Format::kTuples}, {".txt", Format::kTuples}, {".csv", Format::kCsv},   {".ndjson", Format::kNdjson},
    {".jsonl", Format::kNdjson},  {".ldif", Format::kLdif},  {".json", Format::kScim},
};

}  // namespace

const char* FormatName(Format format) {
  switch (format) {
    case Format::kTuples: return "tuples";
    case Format::kCsv: return "csv";
    case Format::kNdjson: return "ndjson";
    case Format::kLdif: return "ldif";
    case Format::kScim: return "scim";
  }
  std::abort();
}

absl::StatusOr<Format> FormatOf(const std::string& file, const std::string& option) {
  for (Format format : {Format::kTuples, Format::kCsv, Format::kNdjson, Format::kLdif, Format::kScim}) {
    if (option == FormatName(format)) return format;
  }
  if (!option.empty()) {
    return InvalidArgument(Cat(Quote(option), " is no format; write tuples, csv, ndjson, ldif or scim"));
  }
  if (file == "-") return Format::kTuples;
  std::string name = file;
  (void)CutCompression(&name);
  for (const auto& [ending, format] : kEndings) {
    if (std::string_view(name).ends_with(ending)) return format;
  }
  return InvalidArgument(Cat("the name ", Quote(file),
                             " does not say what it holds; write --format tuples, csv, "
                             "ndjson, ldif or scim"));
}

}  // namespace mandate
