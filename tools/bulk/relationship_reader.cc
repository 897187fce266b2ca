#include "tools/bulk/relationship_reader.h"

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "schema/reason.h"
#include "schema/relationship_json.h"
#include "schema/text.h"

namespace mandate {
namespace {

class TupleTextReader : public RelationshipReader {
 public:
  explicit TupleTextReader(ByteSource* source) : RelationshipReader(source) {}

  absl::StatusOr<bool> Next() override {
    for (;;) {
      std::string_view line;
      auto more = NextLine(&line);
      if (!more.ok() || !*more) return more;
      if (line.starts_with("//")) continue;
      if (!line.empty()) record_.relationship = ParseRelationship(line);
      return true;
    }
  }
};

}  // namespace

std::unique_ptr<RelationshipReader> RelationshipReader::Make(Format format, ByteSource* source) {
  switch (format) {
    case Format::kTuples: return std::make_unique<TupleTextReader>(source);
    case Format::kCsv: return MakeCsvReader(source);
    case Format::kNdjson: return MakeNdjsonReader(source);
    case Format::kLdif:
    case Format::kScim: break;
  }
  std::abort();
}

absl::StatusOr<bool> RelationshipReader::NextLine(std::string_view* line) {
  for (;;) {
    auto more = lines_.Next();
    record_.line = lines_.number();
    if (!more.ok() || !*more) return more;
    record_.text = lines_.line();
    if (lines_.too_long()) {
      record_.relationship =
          InvalidArgument(Cat("the line has more than ", kRecordBytesMax, " bytes; no relationship takes that many"));
      *line = "";
      return true;
    }
    *line = StdView(absl::StripAsciiWhitespace(AbslView(record_.text)));
    if (!line->empty()) return true;
  }
}

absl::StatusOr<Relationship> FromColumns(const std::string_view (&values)[std::size(kColumns)]) {
  for (size_t i = 0; i < kRequiredColumns; ++i) {
    if (values[i].empty()) return InvalidArgument(Cat("`", kColumns[i], "` is missing"));
  }
  Relationship r;
  r.resource = {std::string(values[0]), std::string(values[1])};
  r.relation = values[2];
  r.subject = {std::string(values[3]), std::string(values[4]), std::string(values[5])};
  if (r.subject.relation == "...") r.subject.relation.clear();
  r.caveat = values[6];
  if (!values[7].empty()) {
    auto context = CompactContext(values[7]);
    if (!context.ok()) return WithField(context.status(), "caveat_context");
    if (r.caveat.empty()) return InvalidArgument("`caveat_context` stands without a `caveat`");
    r.caveat_context = *std::move(context);
  }
  if (!values[8].empty()) {
    auto time = ParseExpiry(values[8]);
    if (!time.ok()) return time.status();
    r.expires_at = *time;
  }
  if (absl::Status status = ValidateForm(r); !status.ok()) return status;
  return r;
}

}  // namespace mandate
