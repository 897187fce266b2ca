// Opening a RocksDB changes it: logs are replayed into tables, files that seem to be left over are
// deleted. So everything that can refuse a directory is looked at before, with the lock held,
// read-only: the list of files, the witness, and, through a read-only open of the default family,
// the record that says whose database and which format this is and which revision is the newest. It
// costs replaying the log twice.
#include "storage/directory.h"

#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "schema/text.h"
#include "storage/ledger_codec.h"
#include "storage/rocks_database.h"
#include "storage/value_codec.h"
#include "storage/witness.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;

// What the names in a directory say.
struct Files {
  bool current = false;         // RocksDB's CURRENT: there is a database
  bool tables_or_logs = false;  // or there was one
  bool manifest_past_first = false;
  std::string foreign;  // the name of something that RocksDB never made
};

bool MadeByCreation(const std::string& name) {
  return name == "LOCK" || name == "IDENTITY" || name == kWitnessFile ||
         name == "lost+found" ||  // of a freshly made file system
         absl::StartsWith(name, "LOG") || absl::StartsWith(name, "MANIFEST-") || absl::StartsWith(name, "OPTIONS-") ||
         absl::EndsWith(name, ".dbtmp");
}

Files ListFiles(const std::string& directory, std::error_code* error) {
  Files files;
  for (fs::directory_iterator it(directory, *error), end; !*error && it != end; it.increment(*error)) {
    const std::string name = it->path().filename();
    if (name == "CURRENT") {
      files.current = true;
    } else if (absl::EndsWith(name, ".sst")) {
      files.tables_or_logs = true;
    } else if (absl::EndsWith(name, ".log")) {
      std::error_code ignored;
      if (fs::file_size(it->path(), ignored) > 0) files.tables_or_logs = true;
    } else if (MadeByCreation(name)) {
      if (absl::StartsWith(name, "MANIFEST-") && name != "MANIFEST-000001") {
        files.manifest_past_first = true;
      }
    } else {
      files.foreign = name;
    }
  }
  return files;
}

absl::Status NotOurs(const std::string& directory, absl::string_view why) {
  return absl::FailedPreconditionError(
      Cat("`", directory, "` is not a Mandate database: ", why, "; name a directory that is empty or missing"));
}

absl::Status Damaged(const std::string& directory, absl::string_view what) {
  return absl::DataLossError(Cat("the database in `", directory, "` is damaged: ", what, "; restore a backup"));
}

// Only the families that a creation makes, or some of them.
bool OnlyOurFamilies(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    bool ours = false;
    for (size_t i = 0; i < kFamilies; ++i) ours |= name == FamilyName(static_cast<Family>(i));
    if (!ours) return false;
  }
  return true;
}

// Reads one key of the default family. NOT_FOUND when there is none.
absl::StatusOr<std::string> ReadMeta(rocksdb::DB* db, const std::string& key) {
  std::string value;
  const rocksdb::Status status = db->Get(rocksdb::ReadOptions(), key, &value);
  if (status.IsNotFound()) return absl::NotFoundError(key);
  if (!status.ok()) return FromRocks(status, "reading the database's own record");
  return value;
}

// The database has no record of its own: an interrupted creation, a foreign one, or a damaged one.
absl::StatusOr<DirectoryState> WithoutRecord(const std::string& directory, const Files& files,
                                             const RocksOptions& options) {
  std::vector<std::string> families;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options.database, directory, &families);
  if (!status.ok()) return OpenError(directory, status);
  const bool ours = OnlyOurFamilies(families);
  if (ours && !files.tables_or_logs) return DirectoryState::kEmpty;
  if (!ours || families.size() == 1) return NotOurs(directory, "it is another RocksDB database");
  return Damaged(directory, "the record that says what it is is missing");
}

absl::StatusOr<DirectoryState> InspectDatabase(const std::string& directory, const Files& files,
                                               const RocksOptions& options) {
  const auto witness = Witness::Read(directory);
  if (!witness.ok()) return witness.status();
  if (witness->has_value()) {
    absl::Status status = Witness::CheckManifest(directory, **witness);
    if (!status.ok()) return status;
  }
  rocksdb::DBOptions read_only = options.database;
  read_only.create_if_missing = false;
  read_only.create_missing_column_families = false;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(read_only, directory, {options.families[0]}, &handles, &opened);
  if (!status.ok()) return OpenError(directory, status);
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) (void)db->DestroyColumnFamilyHandle(handle);

  const absl::StatusOr<std::string> record = ReadMeta(db.get(), DatabaseKey());
  if (absl::IsNotFound(record.status())) return WithoutRecord(directory, files, options);
  if (!record.ok()) return record.status();
  DatabaseRecord database;
  if (!DecodeDatabase(*record, &database)) {
    return DoesNotDecode("record of the database", Family::kMeta, DatabaseKey());
  }
  if (database.version > kFormatVersion) {
    return absl::FailedPreconditionError(Cat("the database in `", directory, "` has format ", database.version,
                                             ", and this program reads formats up to ", kFormatVersion,
                                             "; use a newer program"));
  }
  const absl::StatusOr<std::string> head_value = ReadMeta(db.get(), HeadKey());
  if (!head_value.ok() && !absl::IsNotFound(head_value.status())) return head_value.status();
  HeadRecord head;
  if (!head_value.ok() || !DecodeHead(*head_value, &head)) {
    return DoesNotDecode("newest revision", Family::kMeta, HeadKey());
  }
  if (witness->has_value() && head.head < (*witness)->head) {
    return Damaged(directory,
                   Cat("revision ", (*witness)->head.value(), " was acknowledged, and the files end at revision ",
                       head.head.value(), " (a log was cut or removed)"));
  }
  const absl::StatusOr<std::string> ledger_value = ReadMeta(db.get(), LedgerHeadKey());
  if (!ledger_value.ok() && !absl::IsNotFound(ledger_value.status())) return ledger_value.status();
  LedgerHead ledger;
  if (!ledger_value.ok() || !DecodeLedgerHead(*ledger_value, &ledger)) {
    return DoesNotDecode("head of the ledger", Family::kMeta, LedgerHeadKey());
  }
  if (witness->has_value() && ledger.sequence < (*witness)->ledger_sequence) {
    return Damaged(directory,
                   Cat("ledger record ", (*witness)->ledger_sequence, " was acknowledged, and the ledger ends at ",
                       ledger.sequence, " (a log was cut or removed)"));
  }
  return DirectoryState::kDatabase;
}

}  // namespace

absl::Status OpenError(const std::string& directory, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const std::string opening = Cat("opening the database in `", directory, "`");
  if (status.IsIOError() &&
      (absl::StrContains(text, "Permission denied") || absl::StrContains(text, "Read-only file system"))) {
    return absl::PermissionDeniedError(Cat(opening, ": ", text));
  }
  if (status.IsIOError() && absl::StrContains(text, "lock")) {
    return absl::UnavailableError(
        Cat("the database in `", directory, "` is held by another process; stop that one, or name another directory"));
  }
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsPathNotFound()) {
    return Damaged(directory, text);
  }
  return FromRocks(status, opening);
}

absl::StatusOr<DirectoryState> InspectDirectory(const std::string& directory, const RocksOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) return DirectoryState::kMissing;
  if (status.type() == fs::file_type::none) {
    return absl::ErrnoToStatus(error.value(), Cat("looking at `", directory, "`"));
  }
  if (status.type() != fs::file_type::directory) return NotOurs(directory, "it is a file");
  if (access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return absl::ErrnoToStatus(errno, Cat("`", directory, "` has to be readable and writable for this user"));
  }
  const Files files = ListFiles(directory, &error);
  if (error) return absl::ErrnoToStatus(error.value(), Cat("listing `", directory, "`"));
  if (!files.current) {
    if (files.tables_or_logs || files.manifest_past_first) {
      return Damaged(directory, "the file CURRENT is missing");
    }
    if (!files.foreign.empty()) {
      return NotOurs(directory, Cat("it holds `", files.foreign, "`"));
    }
    return DirectoryState::kEmpty;
  }
  rocksdb::FileLock* lock = nullptr;
  rocksdb::Env* env = options.database.env;
  const rocksdb::Status locked = env->LockFile(directory + "/LOCK", &lock);
  if (!locked.ok()) return OpenError(directory, locked);
  absl::StatusOr<DirectoryState> state = InspectDatabase(directory, files, options);
  (void)env->UnlockFile(lock);
  return state;
}

}  // namespace mandate
