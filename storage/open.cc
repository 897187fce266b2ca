#include "storage/open.h"

#include <random>

#include "absl/strings/escaping.h"
#include "rocksdb/listener.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "storage/directory.h"
#include "storage/durable_directory.h"
#include "storage/ledger_codec.h"
#include "storage/name_table.h"
#include "storage/rocks_load.h"
#include "storage/rocks_options.h"
#include "storage/rocks_store.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

// Tells the witness when RocksDB has added to its manifest.
class ManifestListener : public rocksdb::EventListener {
 public:
  void Begin(std::shared_ptr<Witness> witness) {
    std::lock_guard lock(mutex_);
    witness_ = std::move(witness);
  }
  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { Note(); }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { Note(); }
  void OnExternalFileIngested(rocksdb::DB*, const rocksdb::ExternalFileIngestionInfo&) override { Note(); }

 private:
  void Note() {
    std::lock_guard lock(mutex_);
    if (witness_) witness_->NoteManifest();
  }
  std::mutex mutex_;
  std::shared_ptr<Witness> witness_;  // Null until the database is open.
};

std::string RandomId() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 2; ++i) PutFixed64(uint64_t{random()} << 32 | random(), &id);
  return id;
}

absl::Status CheckOptions(const StoreOptions& options) {
  if (!options.clock) return absl::InvalidArgumentError("the store needs a clock");
  if (options.retention < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the retention window cannot be negative");
  }
  return absl::OkStatus();
}

// The first records of a new database, in one synced batch: before it there is nothing, behind it a
// database.
absl::Status Create(const RocksDatabase& database, std::string id) {
  if (id.empty()) id = RandomId();
  rocksdb::WriteBatch batch;
  rocksdb::ColumnFamilyHandle* meta = database.family(Family::kMeta);
  (void)batch.Put(meta, DatabaseKey(), EncodeDatabase({kFormatVersion, id}));
  (void)batch.Put(meta, HeadKey(), EncodeHead({}));
  (void)batch.Put(meta, OldestKey(), EncodeRevision(Revision()));
  (void)batch.Put(meta, LedgerHeadKey(), EncodeLedgerHead(EmptyLedger(absl::BytesToHexString(id))));
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const rocksdb::Status status = database.db->Write(durable, &batch);
  return status.ok() ? absl::OkStatus() : FromRocks(status, "creating the database");
}

absl::StatusOr<std::shared_ptr<const NameTable>> LoadNames(const StateView& view) {
  NameTableBuilder names(std::make_shared<const NameTable>());
  const auto scan = view.NewScan(Family::kMeta, "N", "O");
  for (; scan->Valid(); scan->Next()) {
    const NameId id = names.Intern(scan->value());
    if (names.added().empty() || names.added().back() != id || scan->key() != NameKey(id)) {
      return DoesNotDecode("name", Family::kMeta, scan->key());
    }
  }
  if (absl::Status status = scan->status(); !status.ok()) return status;
  return names.table();
}

// Decodes the meta record under `key`; it has to be there.
template <typename Decoder>
absl::Status Load(const StateView& view, const std::string& key, std::string_view what, const Decoder& decode) {
  rocksdb::PinnableSlice value;
  const absl::StatusOr<bool> found = view.Get(Family::kMeta, key, &value);
  if (!found.ok()) return found.status();
  if (*found && decode(std::string_view(value.data(), value.size()))) return absl::OkStatus();
  return DoesNotDecode(what, Family::kMeta, key);
}

absl::Status LoadLost(const StateView& view, std::vector<std::pair<Revision, Revision>>* lost) {
  const auto scan = view.NewScan(Family::kMeta, "G", "H");
  for (; scan->Valid(); scan->Next()) {
    auto& [first, last] = lost->emplace_back();
    if (!DecodeLostKey(scan->key(), &first) || !DecodeRevision(scan->value(), &last) || last < first) {
      return DoesNotDecode("gap of revisions", Family::kMeta, scan->key());
    }
  }
  return scan->status();
}

absl::Status LoadMeta(RocksStore::Opened* opened) {
  const DatabaseView view(opened->database);
  DatabaseRecord record;
  HeadRecord head;
  absl::Status status = Load(view, DatabaseKey(), "record of the database",
                             [&](std::string_view value) { return DecodeDatabase(value, &record); });
  if (!status.ok()) return status;
  status = Load(view, HeadKey(), "newest revision", [&](std::string_view value) { return DecodeHead(value, &head); });
  if (!status.ok()) return status;
  status = Load(view, OldestKey(), "oldest revision",
                [&](std::string_view value) { return DecodeRevision(value, &opened->oldest); });
  if (!status.ok()) return status;
  status = Load(view, LedgerHeadKey(), "head of the ledger",
                [&](std::string_view value) { return DecodeLedgerHead(value, &opened->ledger); });
  if (!status.ok()) return status;
  if (absl::Status lost = LoadLost(view, &opened->lost); !lost.ok()) return lost;
  auto names = LoadNames(view);
  if (!names.ok()) return names.status();
  opened->names = *std::move(names);
  opened->database_id = absl::BytesToHexString(record.id);
  opened->head = head.head;
  opened->schema = head.schema;
  return absl::OkStatus();
}

// Opens `path` with all families. RocksDB writes and syncs its options anew for every family that
// it makes by itself while it opens, so a new database gets them in one call: half the time.
rocksdb::Status OpenFamilies(const RocksOptions& rocks, const std::string& path, bool exists, RocksDatabase* database) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families = rocks.families;
  std::vector<rocksdb::ColumnFamilyDescriptor> missing;
  if (!exists) {
    missing.assign(families.begin() + 1, families.end());
    families.resize(1);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(rocks.database, path, families, &handles, &db);
  if (!status.ok()) return status;
  database->db.reset(db);
  const auto rest = std::copy(handles.begin(), handles.end(), database->families.begin());
  if (missing.empty()) return status;
  status = db->CreateColumnFamilies(missing, &handles);
  std::copy(handles.begin(), handles.end(), rest);
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TupleStore>> OpenRocksStoreWith(const std::string& directory,
                                                               const StoreOptions& options, const OpenSeams& seams) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  auto database = std::make_shared<RocksDatabase>();
  rocksdb::Env* env = seams.env != nullptr ? seams.env : rocksdb::Env::Default();
  if (options.in_memory && !seams.database_in_env) {
    database->owned_env.reset(rocksdb::NewMemEnv(env));
    env = database->owned_env.get();
  }
  RocksOptions rocks = MakeRocksOptions(options, env);
  for (auto& family : rocks.families) {
    if (seams.write_buffer_bytes > 0) family.options.write_buffer_size = seams.write_buffer_bytes;
  }
  DirectoryState state = DirectoryState::kEmpty;
  if (!options.in_memory) {
    absl::StatusOr<DirectoryState> found = InspectDirectory(directory, rocks);
    if (!found.ok()) return found.status();
    state = *found;
  }
  if (state == DirectoryState::kMissing) {
    if (absl::Status status = MakeDirectory(directory); !status.ok()) return status;
  }
  const auto listener = std::make_shared<ManifestListener>();
  if (!options.in_memory) rocks.database.listeners.push_back(listener);

  const std::string path = options.in_memory ? kMemoryPath : directory;
  const bool exists = env->FileExists(path + "/CURRENT").ok();
  const rocksdb::Status status = OpenFamilies(rocks, path, exists, database.get());
  if (!status.ok()) return OpenError(directory, status);

  RemoveLeftLoads(env, path);

  // What a creation that was interrupted left in memory has no record of its own yet.
  std::string record;
  if (options.in_memory && database->db->Get(rocksdb::ReadOptions(), DatabaseKey(), &record).ok()) {
    state = DirectoryState::kDatabase;
  }
  if (state != DirectoryState::kDatabase) {
    if (absl::Status made = Create(*database, seams.database_id); !made.ok()) return made;
  }
  RocksStore::Opened opened;
  opened.database = database;
  if (absl::Status loaded = LoadMeta(&opened); !loaded.ok()) return loaded;
  if (!options.in_memory) {
    auto witness = Witness::Begin(directory, opened.head, opened.ledger.sequence);
    if (!witness.ok()) return witness.status();
    listener->Begin(*witness);
    opened.witness = *std::move(witness);
    opened.directory = directory;
  }
  return std::make_unique<RocksStore>(std::move(opened), options);
}

absl::StatusOr<std::unique_ptr<TupleStore>> OpenRocksStore(const std::string& directory, const StoreOptions& options) {
  return OpenRocksStoreWith(directory, options, {});
}

}  // namespace mandate
