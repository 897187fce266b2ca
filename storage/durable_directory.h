// durable_directory.h: entries of directories that outlast a power failure. To sync a file does not sync its name;
// RocksDB syncs what is in its directory, and not the entry of that itself.
//
// Threads     Free functions; safe anywhere.
// Errors      PERMISSION_DENIED, NOT_FOUND and the like, as the system says.
#ifndef MANDATE_STORAGE_DURABLE_DIRECTORY_H_
#define MANDATE_STORAGE_DURABLE_DIRECTORY_H_

#include <string>

#include "absl/status/status.h"

namespace mandate {

// Makes `directory` and what is missing above it. One that is there is left as it is.
absl::Status MakeDirectory(const std::string& directory);

// What was made, renamed or removed in `directory` stays so.
absl::Status SyncDirectory(const std::string& directory);

}  // namespace mandate

#endif  // MANDATE_STORAGE_DURABLE_DIRECTORY_H_
