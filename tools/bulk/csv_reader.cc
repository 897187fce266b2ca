// CSV by RFC 4180. A record ends at the first end of line before which the quotes are even in number, for each quote
// that belongs to the text is written twice. A quote that is never closed would swallow the rest of the file, and what
// it swallowed could be read as relationships that nobody wrote; so that, unlike other faults, ends the reading.
#include <algorithm>
#include <string>
#include <vector>

#include "schema/text.h"
#include "tools/bulk/relationship_reader.h"

namespace mandate {
namespace {

constexpr size_t kFieldsMax = 64;

// The fields of one record into `fields`, whose texts are reused. False: quotes stand where none may.
absl::Status CutFields(std::string_view record, std::vector<std::string>* fields) {
  size_t count = 0;
  size_t at = 0;
  for (;;) {
    if (count == kFieldsMax) return InvalidArgument(Cat("the line has more than ", kFieldsMax, " fields"));
    if (fields->size() == count) fields->emplace_back();
    std::string& field = (*fields)[count++];
    field.clear();
    if (at < record.size() && record[at] == '"') {
      for (++at;; ++at) {
        const size_t quote = record.find('"', at);
        if (quote == record.npos) return InvalidArgument("a quoted field is not closed");
        field.append(record, at, quote - at);
        at = quote + 1;
        if (at >= record.size() || record[at] != '"') break;
        field.push_back('"');
      }
      if (at < record.size() && record[at] != ',') {
        return InvalidArgument("a quoted field goes on behind its closing quote; quotes in it are written twice");
      }
    } else {
      const size_t end = std::min(record.find(',', at), record.size());
      field.append(record, at, end - at);
      if (field.find('"') != field.npos) {
        return InvalidArgument("a quote stands in a field that does not begin with one");
      }
      at = end;
    }
    if (at >= record.size()) break;
    ++at;  // The comma.
  }
  fields->resize(count);
  return absl::OkStatus();
}

class CsvReader : public RelationshipReader {
 public:
  explicit CsvReader(ByteSource* source) : RelationshipReader(source) {}

  absl::StatusOr<bool> Next() override {
    if (header_.empty()) {
      auto read = ReadHeader();
      if (!read.ok() || !*read) return read;
    }
    auto more = NextRecord();
    if (!more.ok() || !*more) return more;
    record_.relationship = Parse();
    return true;
  }

  std::string_view header() const override { return header_; }

 private:
  // False: the file is empty.
  absl::StatusOr<bool> ReadHeader() {
    auto more = NextRecord();
    if (!more.ok() || !*more) return more;
    if (absl::Status status = CutFields(record_.text, &fields_); !status.ok()) return status;
    std::string allowed;
    for (const char* column : kColumns) allowed += Cat(allowed.empty() ? "" : ",", column);
    for (const std::string& field : fields_) {
      const auto column = std::find(std::begin(kColumns), std::end(kColumns), field);
      if (column == std::end(kColumns)) {
        return InvalidArgument(Cat(Quote(field), " is no column; the first line names the columns, out of ", allowed));
      }
      const size_t index = static_cast<size_t>(column - std::begin(kColumns));
      if (std::find(columns_.begin(), columns_.end(), index) != columns_.end()) {
        return InvalidArgument(Cat("the column ", Quote(field), " comes twice"));
      }
      columns_.push_back(index);
    }
    for (size_t i = 0; i < kRequiredColumns; ++i) {
      if (std::find(columns_.begin(), columns_.end(), i) == columns_.end()) {
        return InvalidArgument(Cat("the first line does not name the column `", kColumns[i], "`"));
      }
    }
    header_ = record_.text;
    return true;
  }

  absl::StatusOr<bool> NextRecord() {
    std::string_view line;
    auto more = NextLine(&line);
    if (!more.ok() || !*more) return more;
    if (lines_.too_long()) return record_.relationship.status();
    if (!IsOpen(record_.text)) return true;
    const uint64_t begun = record_.line;
    joined_ = record_.text;
    for (;;) {
      more = lines_.Next();
      record_.line = begun;
      if (!more.ok()) return more;
      if (!*more || lines_.too_long() || joined_.size() + lines_.line().size() > kRecordBytesMax) {
        return InvalidArgument("a quoted field is not closed, so nothing behind it can be read");
      }
      joined_ += Cat("\n", lines_.line());
      if (IsOpen(lines_.line())) break;  // The one that was open is closed.
    }
    record_.text = joined_;
    return true;
  }

  static bool IsOpen(std::string_view text) { return std::count(text.begin(), text.end(), '"') % 2 != 0; }

  absl::StatusOr<Relationship> Parse() {
    if (absl::Status status = CutFields(record_.text, &fields_); !status.ok()) return status;
    if (fields_.size() != columns_.size()) {
      return InvalidArgument(Cat("the line has ", fields_.size(), " fields, the first one ", columns_.size()));
    }
    std::string_view values[std::size(kColumns)] = {};
    for (size_t i = 0; i < fields_.size(); ++i) values[columns_[i]] = fields_[i];
    return FromColumns(values);
  }

  std::string header_;
  std::vector<size_t> columns_;  // Which of kColumns each field is.
  std::vector<std::string> fields_;
  std::string joined_;
};

}  // namespace

std::unique_ptr<RelationshipReader> MakeCsvReader(ByteSource* source) { return std::make_unique<CsvReader>(source); }

}  // namespace mandate
