#include "tools/bulk/relationship_writer.h"

#include "schema/text.h"

namespace mandate {
namespace {

// The values of kColumns. Of names and ids no character needs quoting in any format; the context is JSON.
struct Columns {
  explicit Columns(const Relationship& r)
      : expires_at(r.expires_at == absl::InfiniteFuture() ? "" : ExpiryText(r.expires_at)),
        values{r.resource.type,    r.resource.id, r.relation,       r.subject.type, r.subject.id,
               r.subject.relation, r.caveat,      r.caveat_context, expires_at} {}
  const std::string expires_at;
  const std::string_view values[std::size(kColumns)];
};

void AppendCsv(const Columns& columns, std::string* out) {
  for (size_t i = 0; i < std::size(kColumns); ++i) {
    if (i > 0) *out += ',';
    const std::string_view value = columns.values[i];
    if (value.find_first_of(",\"") == value.npos) {
      *out += value;
      continue;
    }
    *out += '"';
    for (char c : value) out->append(c == '"' ? 2 : 1, c);
    *out += '"';
  }
}

void AppendNdjson(const Columns& columns, std::string* out) {
  for (size_t i = 0; i < std::size(kColumns); ++i) {
    const std::string_view value = columns.values[i];
    if (value.empty()) continue;
    const bool is_json = std::string_view(kColumns[i]) == "caveat_context";
    *out += Cat(i == 0 ? "{\"" : ",\"", kColumns[i], is_json ? "\":" : "\":\"", value, is_json ? "" : "\"");
  }
  *out += '}';
}

}  // namespace

std::string HeaderLine(Format format) {
  if (format != Format::kCsv) return "";
  std::string line;
  for (const char* column : kColumns) line += Cat(line.empty() ? "" : ",", column);
  return line + "\n";
}

void AppendLine(Format format, const Relationship& relationship, std::string* out) {
  if (format == Format::kCsv) {
    AppendCsv(Columns(relationship), out);
  } else if (format == Format::kNdjson) {
    AppendNdjson(Columns(relationship), out);
  } else {
    *out += ToText(relationship);
  }
  *out += '\n';
}

}  // namespace mandate
