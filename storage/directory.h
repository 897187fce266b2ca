// directory.h: what is in a directory that is to be opened, found out without changing anything in
// it.
//
// Threads     Free functions; safe anywhere, but not two processes at a time on one directory
//             (UNAVAILABLE).
// Errors      As OpenRocksStore lists.
#ifndef MANDATE_STORAGE_DIRECTORY_H_
#define MANDATE_STORAGE_DIRECTORY_H_

#include <string>

#include "absl/status/statusor.h"
#include "storage/rocks_options.h"

namespace mandate {

enum class DirectoryState {
  kMissing,
  kEmpty,     // or with what a creation that was interrupted left: no data
  kDatabase,  // ours, of a format we read, complete as far as can be told
};

absl::StatusOr<DirectoryState> InspectDirectory(const std::string& directory, const RocksOptions& options);

// The status of an open that failed, with what to do about it.
absl::Status OpenError(const std::string& directory, const rocksdb::Status& status);

}  // namespace mandate

#endif  // MANDATE_STORAGE_DIRECTORY_H_
