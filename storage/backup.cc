#include "storage/backup.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "rocksdb/utilities/backup_engine.h"
#include "schema/text.h"
#include "storage/directory.h"
#include "storage/rocks_database.h"
#include "storage/rocks_options.h"
#include "storage/tuple_store.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

namespace fs = std::filesystem;

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
  head.head = Revision(last.value() + kRevisionsSkipped);
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

}  // namespace

absl::StatusOr<BackupInfo> CreateBackup(const std::string& directory, rocksdb::DB* db, const std::string& database_id,
                                        Revision head) {
  rocksdb::BackupEngine* opened = nullptr;
  rocksdb::Status status = rocksdb::BackupEngine::Open(EngineOptions(directory), rocksdb::Env::Default(), &opened);
  if (!status.ok()) return FromRocks(status, Cat("opening the backups in `", directory, "`"));
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  auto infos = InfosOf(directory, *engine);
  if (!infos.ok()) return infos.status();
  if (!infos->empty() && infos->back().database_id != database_id) {
    return absl::FailedPreconditionError(Cat("`", directory, "` holds backups of the database ",
                                             infos->back().database_id, ", and this is ", database_id,
                                             "; use a directory for each"));
  }
  rocksdb::BackupID id = 0;
  status = engine->CreateNewBackupWithMetadata(rocksdb::CreateBackupOptions(), db, MetadataOf(database_id, head), &id);
  if (!status.ok()) return FromRocks(status, Cat("making a backup in `", directory, "`"));
  return Choose(directory, *engine, id);
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
  auto before = ListBackups(directory);  // Also says whether there are any, without making a directory.
  if (!before.ok()) return before.status();
  rocksdb::BackupEngine* opened = nullptr;
  rocksdb::Status status = rocksdb::BackupEngine::Open(EngineOptions(directory), rocksdb::Env::Default(), &opened);
  if (!status.ok()) return FromRocks(status, Cat("opening the backups in `", directory, "`"));
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  status = engine->PurgeOldBackups(keep);
  if (!status.ok()) return FromRocks(status, "deleting old backups");
  return before->size() - std::min<size_t>(before->size(), keep);
}

absl::StatusOr<Revision> RestoreBackup(const std::string& directory, uint32_t id, const std::string& to) {
  std::error_code error;
  if (fs::exists(to, error) && (!fs::is_directory(to, error) || !fs::is_empty(to, error))) {
    return absl::FailedPreconditionError(Cat("`", to,
                                             "` is not empty; restore into a directory that is missing or empty, "
                                             "then put it in the place of the old one"));
  }
  auto info = VerifyBackup(directory, id);  // All of it before anything is written.
  if (!info.ok()) return info.status();
  auto engine = OpenToRead(directory);
  if (!engine.ok()) return engine.status();
  fs::create_directories(to, error);
  if (error) return absl::ErrnoToStatus(error.value(), Cat("making the directory `", to, "`"));
  const rocksdb::Status status = (*engine)->RestoreDBFromBackup(info->id, to, to);
  if (!status.ok()) return FromRocks(status, Cat("restoring backup ", info->id, " into `", to, "`"));
  return SkipRevisions(to);
}

}  // namespace mandate
