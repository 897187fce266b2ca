// line_reader.h: text line by line, in memory that does not grow with the lines.
//
//   LineReader lines(source.get(), kRecordBytesMax);
//   while (*lines.Next()) Use(lines.number(), lines.line());
//
// A line ends with LF or CR LF, the last one perhaps with nothing. A byte order mark at the start is left out. What a
// line has beyond the limit is read and let go.
//
// Threads     Belongs to one thread.
// Ownership   The source outlives it. line() lives until the next Next().
// Errors      Those of the source.
#ifndef MANDATE_TOOLS_BULK_LINE_READER_H_
#define MANDATE_TOOLS_BULK_LINE_READER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/bulk/byte_source.h"

namespace mandate {

class LineReader {
 public:
  LineReader(ByteSource* source, size_t line_bytes_max);

  // False: there is none.
  absl::StatusOr<bool> Next();
  std::string_view line() const { return line_; }  // Cut to the limit when too_long().
  bool too_long() const { return too_long_; }
  uint64_t number() const { return number_; }  // From 1.

 private:
  absl::Status Fill();

  ByteSource* const source_;
  const size_t line_bytes_max_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool ended_ = false;
  std::string_view line_;
  bool too_long_ = false;
  uint64_t number_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_LINE_READER_H_
