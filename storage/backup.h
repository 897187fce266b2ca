// backup.h: copies of a database, each of one moment, that share what did not change; and a database made from one.
//
//   store->Backup("/backups");                                     // while it serves; new files alone are copied
//   for (const BackupInfo& backup : *ListBackups("/backups")) ...
//   RestoreBackup("/backups", 0, "/data");                         // the newest one, into an empty directory
//
// A restored database is another branch of time: writes that came after the backup are not in it, though callers hold
// tokens of them, and what is written to it would get the same revisions once more. So it skips some, and refuses the
// tokens of what was skipped as lost (REVISION_LOST): nobody takes one thing for another. It skips as many as microseconds
// have passed since 2020, so that of two that were made from one backup each has revisions of its own.
//
// Threads     Safe anywhere. One at a time, of all processes, makes or deletes backups in a directory: the file LOCK in
//             it sees to that. Nobody else waits for them.
// Errors      NOT_FOUND for a directory or a backup that is not there; FAILED_PRECONDITION for backups of another
//             database, and for a directory to restore to that is not empty; DATA_LOSS for a backup that does not have
//             the bytes that were written; RESOURCE_EXHAUSTED (DISK_FULL); UNAVAILABLE, also while another one makes or
//             deletes.
#ifndef MANDATE_STORAGE_BACKUP_H_
#define MANDATE_STORAGE_BACKUP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rocksdb/db.h"
#include "storage/revision.h"

namespace mandate {

// Revisions between the newest of a backup and the first that is written after it is restored, at least: more than a
// database writes between two backups (10,000 writes a second for a day).
inline constexpr uint64_t kRevisionsSkippedMin = 1ull << 30;

struct BackupInfo {
  uint32_t id = 0;  // From 1, in the order in which they were made.
  absl::Time created_at;
  uint64_t bytes = 0;       // Of its files, shared ones among them.
  std::string database_id;  // In hex.
  Revision head;            // It holds this revision and maybe some after it.
};

// The oldest first.
absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& directory);

// Reads all of it and compares checksums. 0: the newest.
absl::StatusOr<BackupInfo> VerifyBackup(const std::string& directory, uint32_t id);

// Deletes all but the newest `keep`, and what only they used. Returns how many went.
absl::StatusOr<uint64_t> DeleteOldBackups(const std::string& directory, uint32_t keep);

// Makes a database in `to`, which is missing or empty; whole, or none that opens. 0: of the newest backup. Returns its
// newest revision. `finish` may change it before it is there: it gets the directory where the database lies until then,
// and leaves it closed.
using FinishRestore = std::function<absl::Status(const std::string& unfinished)>;
absl::StatusOr<Revision> RestoreBackup(const std::string& directory, uint32_t id, const std::string& to,
                                       const FinishRestore& finish = {});

// For the store alone: `db` as it is now. Calls `listed` once or more after it knows of which files, if that takes long.
absl::StatusOr<BackupInfo> CreateBackup(const std::string& directory, rocksdb::DB* db, const std::string& database_id,
                                        Revision head, const std::function<void()>& listed);

}  // namespace mandate

#endif  // MANDATE_STORAGE_BACKUP_H_
