// Any bytes as NDJSON: read without harm, and what is read is read again from what is written of it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tools/bulk/relationship_reader.h"
#include "tools/bulk/relationship_writer.h"
#include "tools/bulk/text_source.h"

namespace mandate {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

std::vector<Relationship> ReadAll(const std::string& text) {
  TextSource source(text);
  const auto reader = RelationshipReader::Make(Format::kNdjson, &source);
  std::vector<Relationship> relationships;
  uint64_t line = 0;
  absl::StatusOr<bool> more = false;
  while ((more = reader->Next()).ok() && *more) {
    const RelationshipReader::Record& record = reader->record();
    Require(record.line > line);
    line = record.line;
    if (!record.relationship.ok()) continue;
    Require(ValidateForm(*record.relationship).ok());
    relationships.push_back(*record.relationship);
  }
  return relationships;
}

}  // namespace
}  // namespace mandate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto relationships = mandate::ReadAll(std::string(reinterpret_cast<const char*>(data), size));
  std::string written = mandate::HeaderLine(mandate::Format::kNdjson);
  for (const auto& relationship : relationships) AppendLine(mandate::Format::kNdjson, relationship, &written);
  mandate::Require(mandate::ReadAll(written) == relationships);
  return 0;
}
