// format.h: which formats there are, and which one a file has.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT, naming the file and what to write instead.
#ifndef MANDATE_TOOLS_BULK_FORMAT_H_
#define MANDATE_TOOLS_BULK_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"

namespace mandate {

enum class Format {
  kTuples,  // One relationship a line, as text; `//` begins a line of comment.
  kCsv,     // RFC 4180 with a header.
  kNdjson,  // One JSON object a line.
  kLdif,    // RFC 2849: a directory, for sync alone.
  kScim,    // SCIM 2.0, RFC 7643: a directory, for sync alone.
};

inline bool IsDirectory(Format format) { return format == Format::kLdif || format == Format::kScim; }

// By `option` (`tuples`, `csv`, ...), or, where that is empty, by the end of the name, before `.gz` or `.zst`.
absl::StatusOr<Format> FormatOf(const std::string& file, const std::string& option);

const char* FormatName(Format format);

// The columns of CSV and the names in NDJSON, in the order in which they are written. The first five must be there.
inline constexpr const char* kColumns[] = {"resource_type", "resource_id",    "relation",
                                           "subject_type",  "subject_id",     "subject_relation",
                                           "caveat",        "caveat_context", "expires_at"};
inline constexpr size_t kRequiredColumns = 5;

// What one relationship may take in a file: the longest text of one, with all that quoting can add.
inline constexpr size_t kRecordBytesMax = 256 << 10;

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_FORMAT_H_
