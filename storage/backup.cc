// A restore lies in a directory of its own in the one it is for until nothing is left to do but to put it in place: its
// files are moved up, and the last one is CURRENT, without which there is no database. Whatever ends it before leaves a
// directory that is refused, to open and to restore to. In it, and not beside it: so it may be where another file
// system begins, in a directory that this user may not write, and owner and mode stay what they were.
#include "storage/backup.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "rocksdb/utilities/backup_engine.h"
#include "schema/text.h"
#include "storage/directory.h"
#include "storage/durable_directory.h"
#include "storage/file_lock.h"
#include "storage/rocks_database.h"
#include "storage/rocks_options.h"
#include "storage/tuple_store.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kYear2020 = 1'577'836'800;

// Where a restore lies until it is whole.
constexpr char kUnfinished[] = "restoring";

rocksdb::BackupEngineOptions EngineOptions(const std::string& directory) {
  rocksdb::BackupEngineOptions options(directory);
  options.share_table_files = true;
  options.share_files_with_checksum = true;  // Files of one name and other bytes are told apart.
  options.sync = true;
  options.max_background_operations = 2;
  return options;
}

std::string MetadataOf(const std::string& database_id, Revision head) {
  return Cat("mandate ", database_id, " ", head.value());
}

absl::StatusOr<BackupInfo> InfoOf(const std::string& directory, const rocksdb::BackupInfo& stored) {
  const std::vector<std::string> parts = absl::StrSplit(stored.app_metadata, ' ');
  BackupInfo info{.id = stored.backup_id, .created_at = absl::FromUnixSeconds(stored.timestamp), .bytes = stored.size};
  uint64_t head = 0;
  if (parts.size() != 3 || parts[0] != "mandate" || !absl::SimpleAtoi(parts[2], &head)) {
    return absl::FailedPreconditionError(Cat("`", directory, "` holds backups of something else than Mandate"));
  }
  info.database_id = parts[1];
  info.head = Revision(head);
  return info;
}

absl::StatusOr<std::vector<BackupInfo>> InfosOf(const std::string& directory,
                                                const rocksdb::BackupEngineReadOnlyBase& engine) {
  std::vector<rocksdb::BackupInfo> stored;
  engine.GetBackupInfo(&stored);
  std::vector<BackupInfo> infos;
  for (const rocksdb::BackupInfo& one : stored) {
    auto info = InfoOf(directory, one);
    if (!info.ok()) return info.status();
    infos.push_back(*std::move(info));
  }
  std::sort(infos.begin(), infos.end(), [](const BackupInfo& a, const BackupInfo& b) { return a.id < b.id; });
  return infos;
}

absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> OpenToRead(const std::string& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) return absl::NotFoundError(Cat("there is no directory `", directory, "`"));
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  const rocksdb::Status status =
      rocksdb::BackupEngineReadOnly::Open(EngineOptions(directory), rocksdb::Env::Default(), &engine);
  if (!status.ok()) return FromRocks(status, Cat("opening the backups in `", directory, "`"));
  return std::unique_ptr<rocksdb::BackupEngineReadOnly>(engine);
}

// What can be written to. Held with a lock, for two of them would destroy each other's files.
struct WritableBackups {
  FileLock lock;
  std::unique_ptr<rocksdb::BackupEngine> engine;
};

// REQUIRES: `directory` is there.
absl::StatusOr<WritableBackups> OpenToWrite(const std::string& directory) {
  auto lock = FileLock::TryTake(Cat(directory, "/LOCK"), Cat("another backup or deletion is at work in `", directory,
                                                             "`; try again when it is done"));
  if (!lock.ok()) return lock.status();
  rocksdb::BackupEngine* engine = nullptr;
  const rocksdb::Status status =
      rocksdb::BackupEngine::Open(EngineOptions(directory), rocksdb::Env::Default(), &engine);
  if (!status.ok()) return FromRocks(status, Cat("opening the backups in `", directory, "`"));
  return WritableBackups{*std::move(lock), std::unique_ptr<rocksdb::BackupEngine>(engine)};
}

// The backup of that id, or the newest.
absl::StatusOr<BackupInfo> Choose(const std::string& directory, const rocksdb::BackupEngineReadOnlyBase& engine,
                                  uint32_t id) {
  auto infos = InfosOf(directory, engine);
  if (!infos.ok()) return infos.status();
  if (infos->empty()) return absl::NotFoundError(Cat("there is no backup in `", directory, "`"));
  if (id == 0) return infos->back();
  for (const BackupInfo& info : *infos) {
    if (info.id == id) return info;
  }
  return absl::NotFoundError(
      Cat("there is no backup ", id, " in `", directory, "`; there are ", infos->front().id, " to ", infos->back().id));
}

// Opens what was restored once, and moves its newest revision on.
absl::StatusOr<Revision> SkipRevisions(const std::string& directory) {
  const RocksOptions rocks = MakeRocksOptions(StoreOptions(), rocksdb::Env::Default());
  RocksDatabase database;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::DBOptions options = rocks.database;
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  rocksdb::Status status = rocksdb::DB::Open(options, directory, rocks.families, &handles, &db);
  if (!status.ok()) return OpenError(directory, status);
  database.db.reset(db);
  std::copy(handles.begin(), handles.end(), database.families.begin());
  std::string value;
  HeadRecord head;
  status = db->Get(rocksdb::ReadOptions(), HeadKey(), &value);
  if (!status.ok() || !DecodeHead(value, &head)) return DoesNotDecode("newest revision", Family::kMeta, HeadKey());
  const Revision last = head.head;
  const int64_t since = absl::ToInt64Microseconds(absl::Now() - absl::FromUnixSeconds(kYear2020));
  head.head = Revision(last.value() + std::max<uint64_t>(std::max<int64_t>(since, 0), kRevisionsSkippedMin));
  rocksdb::WriteBatch batch;
  rocksdb::ColumnFamilyHandle* const meta = database.family(Family::kMeta);
  (void)batch.Put(meta, HeadKey(), EncodeHead(head));
  (void)batch.Put(meta, LostKey(Revision(last.value() + 1)), EncodeRevision(Revision(head.head.value() - 1)));
  // The skip itself is a commit, without changes, so that the changelog goes on to the newest revision.
  (void)batch.Put(database.family(Family::kChangelog), CommitKey(head.head),
                  CommitEncoder(CommitHeader{absl::Now()}).Take());
  rocksdb::WriteOptions durable;
  durable.sync = true;
  status = db->Write(durable, &batch);
  if (!status.ok()) return FromRocks(status, "noting where the restored database goes on");
  return head.head;
}

absl::StatusOr<Revision> RestoreInto(const std::string& directory, const BackupInfo& backup, const std::string& to) {
  auto engine = OpenToRead(directory);
  if (!engine.ok()) return engine.status();
  const rocksdb::Status status = (*engine)->RestoreDBFromBackup(backup.id, to, to);
  if (!status.ok()) return FromRocks(status, Cat("restoring backup ", backup.id, " into `", to, "`"));
  return SkipRevisions(to);
}

absl::Status NotDone(const std::string& to) {
  return absl::FailedPreconditionError(Cat("`", to, "` holds a restore that is not done; if none is at work there, ",
                                           "one was cut short: remove what it left, and restore again"));
}

// Whether a database may be restored to `to`.
absl::Status CheckEmpty(const std::string& to) {
  std::error_code error;
  if (!fs::exists(to, error) || (fs::is_directory(to, error) && fs::is_empty(to, error))) return absl::OkStatus();
  if (fs::exists(fs::path(to) / kUnfinished, error)) return NotDone(to);
  return absl::FailedPreconditionError(Cat("`", to,
                                           "` is not empty; restore into a directory that is missing or empty, "
                                           "then put it in the place of the old one"));
}

// Moves a database up into `to`, whole before it is one.
absl::Status PutInPlace(const fs::path& unfinished, const fs::path& to) {
  constexpr char kCurrent[] = "CURRENT";
  std::error_code error;
  std::vector<fs::path> names;
  for (fs::directory_iterator it(unfinished, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename() != kCurrent) names.push_back(it->path().filename());
  }
  for (const fs::path& name : names) {
    if (!error) fs::rename(unfinished / name, to / name, error);
  }
  if (!error) {
    if (absl::Status synced = SyncDirectory(to); !synced.ok()) return synced;
    fs::rename(unfinished / kCurrent, to / kCurrent, error);
  }
  if (error) {
    return absl::ErrnoToStatus(error.value(), Cat("putting the database in place in `", to.string(),
                                                  "`; remove what is there, and restore again"));
  }
  fs::remove(unfinished, error);  // It is empty, and does no harm.
  return SyncDirectory(to);
}

}  // namespace

absl::StatusOr<BackupInfo> CreateBackup(const std::string& directory, rocksdb::DB* db, const std::string& database_id,
                                        Revision head, const std::function<void()>& listed) {
  if (absl::Status made = MakeDirectory(directory); !made.ok()) return made;
  auto backups = OpenToWrite(directory);
  if (!backups.ok()) return backups.status();
  auto infos = InfosOf(directory, *backups->engine);
  if (!infos.ok()) return infos.status();
  if (!infos->empty() && infos->back().database_id != database_id) {
    return absl::FailedPreconditionError(Cat("`", directory, "` holds backups of the database ",
                                             infos->back().database_id, ", and this is ", database_id,
                                             "; use a directory for each"));
  }
  rocksdb::BackupID id = 0;
  rocksdb::CreateBackupOptions options;
  options.progress_callback = listed;  // It comes while files are copied.
  const rocksdb::Status status =
      backups->engine->CreateNewBackupWithMetadata(options, db, MetadataOf(database_id, head), &id);
  if (!status.ok()) return FromRocks(status, Cat("making a backup in `", directory, "`"));
  return Choose(directory, *backups->engine, id);
}

absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& directory) {
  auto engine = OpenToRead(directory);
  if (!engine.ok()) return engine.status();
  return InfosOf(directory, **engine);
}

absl::StatusOr<BackupInfo> VerifyBackup(const std::string& directory, uint32_t id) {
  auto engine = OpenToRead(directory);
  if (!engine.ok()) return engine.status();
  auto info = Choose(directory, **engine, id);
  if (!info.ok()) return info.status();
  const rocksdb::Status status = (*engine)->VerifyBackup(info->id, /*verify_with_checksum=*/true);
  if (status.ok()) return info;
  if (status.IsCorruption() || status.IsNotFound()) {
    return absl::DataLossError(Cat("backup ", info->id, " in `", directory, "` is damaged: ", status.ToString()));
  }
  return FromRocks(status, Cat("reading backup ", info->id));
}

absl::StatusOr<uint64_t> DeleteOldBackups(const std::string& directory, uint32_t keep) {
  // Reading first says what is wrong with it without making anything there.
  if (auto found = ListBackups(directory); !found.ok()) return found.status();
  auto backups = OpenToWrite(directory);
  if (!backups.ok()) return backups.status();
  auto before = InfosOf(directory, *backups->engine);
  if (!before.ok()) return before.status();
  const rocksdb::Status status = backups->engine->PurgeOldBackups(keep);
  if (!status.ok()) return FromRocks(status, "deleting old backups");
  return before->size() - std::min<size_t>(before->size(), keep);
}

absl::StatusOr<Revision> RestoreBackup(const std::string& directory, uint32_t id, const std::string& to,
                                       const FinishRestore& finish) {
  std::error_code error;
  const bool is_new = !fs::exists(to, error);
  if (absl::Status status = CheckEmpty(to); !status.ok()) return status;
  auto info = VerifyBackup(directory, id);  // All of it before anything is written.
  if (!info.ok()) return info.status();
  if (absl::Status status = MakeDirectory(to); !status.ok()) return status;
  const std::string unfinished = Cat(to, "/", kUnfinished);
  if (!fs::create_directory(unfinished, error)) {  // Of two at a time one makes it.
    return error ? absl::ErrnoToStatus(error.value(), Cat("making the directory `", unfinished, "`")) : NotDone(to);
  }
  // From here on nobody else makes a database in it; somebody may have while the backup was read.
  if (std::distance(fs::directory_iterator(to, error), fs::directory_iterator()) != 1) {
    fs::remove(unfinished, error);
    absl::Status filled = CheckEmpty(to);
    return filled.ok() ? NotDone(to) : filled;
  }
  auto head = RestoreInto(directory, *info, unfinished);
  absl::Status status = head.status();
  if (status.ok() && finish) status = finish(unfinished);
  if (!status.ok()) {
    fs::remove_all(unfinished, error);
    if (is_new) fs::remove(to, error);
    return status;
  }
  if (absl::Status placed = PutInPlace(unfinished, to); !placed.ok()) return placed;
  return head;
}

}  // namespace mandate
