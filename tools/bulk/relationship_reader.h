// relationship_reader.h: the relationships of a file of any format, one by one.
//
//   auto reader = RelationshipReader::Make(Format::kCsv, source.get());
//   while (*reader->Next()) {
//     const auto& record = reader->record();
//     if (!record.relationship.ok()) Report(record.line, record.relationship.status());
//   }
//
// A record that is wrong is passed over, and the next one read. Their form is checked; the schema is not asked.
//
// Threads     Belongs to one thread.
// Ownership   The source outlives it. record() lives until the next Next().
// Errors      Of a record: in it, INVALID_ARGUMENT. Of the file, so that nothing behind it can be trusted (a source
//             that fails, no header, a quote that is not closed): the result of Next; `record().line` says where.
#ifndef MANDATE_TOOLS_BULK_RELATIONSHIP_READER_H_
#define MANDATE_TOOLS_BULK_RELATIONSHIP_READER_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "schema/relationship.h"
#include "tools/bulk/format.h"
#include "tools/bulk/line_reader.h"

namespace mandate {

class RelationshipReader {
 public:
  struct Record {
    uint64_t line = 0;      // On which it begins, from 1.
    std::string_view text;  // As it was written, without the end of its line.
    absl::StatusOr<Relationship> relationship;
  };

  // REQUIRES: the format is not a directory's.
  static std::unique_ptr<RelationshipReader> Make(Format format, ByteSource* source);
  virtual ~RelationshipReader() = default;

  // False: there is none.
  virtual absl::StatusOr<bool> Next() = 0;
  const Record& record() const { return record_; }

  // What stands before the records and is needed to read them; empty for most formats.
  virtual std::string_view header() const { return ""; }

 protected:
  explicit RelationshipReader(ByteSource* source) : lines_(source, kRecordBytesMax) {}

  // The next line that is not blank; of one that is too long the record says so, and `line` is empty.
  absl::StatusOr<bool> NextLine(std::string_view* line);

  LineReader lines_;
  Record record_{0, "", Relationship{}};
};

std::unique_ptr<RelationshipReader> MakeCsvReader(ByteSource* source);
std::unique_ptr<RelationshipReader> MakeNdjsonReader(ByteSource* source);

// A relationship out of the values of kColumns, each of them checked. An empty one is absent.
absl::StatusOr<Relationship> FromColumns(const std::string_view (&values)[std::size(kColumns)]);

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_RELATIONSHIP_READER_H_
