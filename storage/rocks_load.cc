// A load is a write like any other, but that what it does to the stored keys goes into tables of their own instead of
// one batch, and RocksDB takes these tables in one step: of every family or of none, synced, with one record of its
// manifest.
//
// What it does to each key is what commit.cc says of TOUCH and CREATE. The relationships lie sorted twice, by forward
// and by reverse key. Each order is walked beside what is stored in it, and both walks come to the same edge, since the
// edge stored is the same under both keys, and both judge at the same moment:
//
//     added, sorted      a   c   d   d'                   d' has d's key: the load is refused
//     stored             b   c                            c: its version goes to the history
//     tables             a   c   d        (forward, then reverse; history, changelog and expiries beside it)
//
// What else the write has (relationships that a guard has to see, the facts it sets, the new head) stands in the
// overlay of an ordinary commit, and its entries are put into the same tables where their keys belong.
//
// Why nothing is lost between building and committing. Tables hold the revision of the write, so they are right exactly
// if that revision comes next: then no relationship, schema or name was written since (each of these takes a revision).
// They are built before the store is asked whether it is so, so that others can write meanwhile; if one did, they are
// built again by the committing thread, and then nobody can. Records of the ledger take no revision: a load writes
// none, and leaves the ledger's head as it finds it. The guard may set facts, and rests on facts written with revisions
// alone (tuple_store.h).
//
// Until Ingest() nothing of it is in the database; a process that dies before leaves a directory that the next one
// removes.
#include "storage/rocks_load.h"

#include <thread>

#include "schema/reason.h"
#include "schema/text.h"
#include "storage/key_codec.h"
#include "storage/request_form.h"

namespace mandate {
namespace {

constexpr size_t kSpillBytes = 24 << 20;
constexpr size_t kExpirySpillBytes = 4 << 20;

// A watch reads a part whole.
constexpr size_t kChangesPerPart = 500;
constexpr size_t kPartBytes = 256 << 10;

// Fewer are not worth a thread.
constexpr uint64_t kBesideFrom = 1000;

// Stored keys between two of the load: so many are stepped over before it is worth to seek.
constexpr int kStepsMax = 4;

constexpr char kPut[] = "+";
constexpr char kGone[] = "-";

// With the files in it, as far as that can be done.
void RemoveDirectory(rocksdb::Env* env, const std::string& directory) {
  std::vector<std::string> names;
  (void)env->GetChildren(directory, &names);
  for (const std::string& name : names) (void)env->DeleteFile(Cat(directory, "/", name));
  (void)env->DeleteDir(directory);
}

}  // namespace

// The walk along one index.
struct RocksLoad::Pass {
  Pass(RocksLoad* load, Index which, SortedSpill* rows, absl::Time now)
      : index(which),
        rows(rows),
        now(now),
        begin(1, static_cast<char>(which)),
        end(PrefixEnd(begin)),
        live(Writer(load, Family::kLive)),
        history(Writer(load, Family::kHistory)),
        stored(load->group_->base->NewScan(Family::kLive, begin, end)) {}

  TableWriter Writer(RocksLoad* load, Family family) const {
    return TableWriter(*load->database_, family, Cat(load->directory_, "/", FamilyName(family), "-", begin),
                       load->group_->overlay.entries(family), begin, end);
  }

  // The value stored under `key`, until the next call; keys come in order.
  absl::StatusOr<std::optional<std::string_view>> Find(std::string_view key) {
    for (int steps = 0; stored->Valid() && stored->key() < key; ++steps) {
      if (steps < kStepsMax) {
        stored->Next();
      } else {
        stored->Seek(key);
      }
    }
    if (stored->Valid()) {
      return stored->key() == key ? std::optional(stored->value()) : std::nullopt;
    }
    if (!stored->status().ok()) return stored->status();
    return std::nullopt;
  }

  const Index index;
  SortedSpill* const rows;
  const absl::Time now;
  const std::string begin, end;
  TableWriter live, history;
  const std::unique_ptr<Scan> stored;
  std::string last_key;
  uint64_t last_position = 0;

  // Of the forward walk alone:
  std::optional<TableWriter> changelog;
  CommitEncoder part{/*last_part=*/false};
  size_t part_changes = 0;
  uint32_t parts = 0;
  SortedSpill* expiries = nullptr;
};

RocksLoad::RocksLoad(std::shared_ptr<RocksDatabase> database, std::string directory,
                     std::shared_ptr<const NameTable> names, ChangeOp op)
    : database_(std::move(database)),
      directory_(std::move(directory)),
      names_(std::move(names)),
      op_(op),
      forward_(database_->db->GetEnv(), directory_ + "/forward", kSpillBytes),
      reverse_(database_->db->GetEnv(), directory_ + "/reverse", kSpillBytes) {}

RocksLoad::~RocksLoad() {
  --database_->loads;
  DropTables();
  RemoveDirectory(database_->db->GetEnv(), directory_);
}

absl::Status RocksLoad::Add(const Relationship& relationship, uint64_t position) {
  if (absl::Status status = CheckParts(relationship, position); !status.ok()) return status;
  NameTableBuilder names(names_);
  TupleRow row;
  const bool known = FindNames(relationship, /*known_only=*/true, &names, &row);
  const std::optional<NameId> caveat = relationship.caveat.empty() ? NameId::kNone : names_->Find(relationship.caveat);
  if (!known || !caveat) {
    return WithField(
        absl::InvalidArgumentError(
            Cat(IdentityText(relationship), " has a name that nothing stored has; a load takes names of the schema")),
        Cat("changes[", position, "].relationship"));
  }
  row.edge.expires_at = StoredTime(relationship.expires_at);
  row.edge.caveat = *caveat;
  row.edge.caveat_context = relationship.caveat_context;
  std::string attributes, placed;  // The edge of no revision yet; with its place in front.
  AppendEdge(row.edge, &attributes);
  PutVarint(position, &placed);
  placed += attributes;
  absl::Status status = forward_.Add(ForwardKey(row.resource, row.relation, row.subject), placed);
  if (status.ok()) status = reverse_.Add(ReverseKey(row.resource, row.relation, row.subject), attributes);
  ++size_;
  return status;
}

absl::Status RocksLoad::Build(const TupleSnapshot& head, const WriteRequest& request, absl::Time now) {
  DropTables();
  const absl::Status status = [&]() -> absl::Status {
    group_.emplace(head);
    built_on_ = head.revision();
    steady_until_ = absl::InfiniteFuture();
    PendingCommit pending(&*group_, request, now);
    if (absl::Status status = pending.Run(); !status.ok()) return status;
    for (const PendingChange& change : pending.changes()) NoteExpiry(change.before, now);
    pending.Accept();
    group_->overlay.Put(Family::kMeta, HeadKey(), EncodeHead({group_->head, group_->schema}));

    SortedSpill expiries(database_->db->GetEnv(), directory_ + "/expiries", kExpirySpillBytes);
    Pass forward(this, Index::kForward, &forward_, now), reverse(this, Index::kReverse, &reverse_, now);
    forward.expiries = &expiries;
    forward.changelog.emplace(*database_, Family::kChangelog, directory_ + "/changelog",
                              group_->overlay.entries(Family::kChangelog), "", "");
    absl::Status forwarded, reversed;
    if (size_ < kBesideFrom) {
      forwarded = BuildPass(&forward);
      if (forwarded.ok()) reversed = BuildPass(&reverse);
    } else {
      std::thread beside([&] { reversed = BuildPass(&reverse); });
      forwarded = BuildPass(&forward);
      beside.join();
    }
    if (!forwarded.ok()) return forwarded;  // It names what is wrong with a relationship.
    if (!reversed.ok()) return reversed;
    for (Pass* pass : {&forward, &reverse}) {
      KeepTables(Family::kLive, pass->live);
      KeepTables(Family::kHistory, pass->history);
    }
    KeepTables(Family::kChangelog, *forward.changelog);
    return BuildMeta(&expiries);
  }();
  if (!status.ok()) DropTables();
  return status;
}

absl::Status RocksLoad::BuildPass(Pass* pass) {
  auto rows = pass->rows->Read();
  if (!rows.ok()) return rows.status();
  for (; (*rows)->Valid(); (*rows)->Next()) {
    if (absl::Status status = BuildRow(pass, (*rows)->key(), (*rows)->value()); !status.ok()) return status;
  }
  if (!(*rows)->status().ok()) return (*rows)->status();
  if (pass->changelog) {
    pass->part.MarkLast();
    if (absl::Status status = EndPart(pass); !status.ok()) return status;
    if (absl::Status status = pass->changelog->Finish(); !status.ok()) return status;
  }
  if (absl::Status status = pass->live.Finish(); !status.ok()) return status;
  return pass->history.Finish();
}

absl::Status RocksLoad::BuildRow(Pass* pass, std::string_view key, std::string_view value) {
  uint64_t position = 0;
  ByteReader reader(value);
  Edge wanted;
  if ((pass->index == Index::kForward && !reader.Varint(&position)) ||
      !DecodeEdge(reader.rest(), names_->size(), &wanted)) {
    return DoesNotDecode("relationship of a load", Family::kLive, key);
  }
  if (key == pass->last_key) {
    const uint64_t first = std::min(pass->last_position, position), second = std::max(pass->last_position, position);
    return Refuse(*pass, key, [&](const Relationship& twice) { return NamedTwice(twice, first, second); });
  }
  pass->last_key.assign(key);
  pass->last_position = position;

  auto stored = pass->Find(key);
  if (!stored.ok()) return stored.status();
  std::optional<Edge> before;
  if (*stored && !DecodeEdge(**stored, group_->names->size(), &before.emplace())) {
    return DoesNotDecode("relationship", Family::kLive, key);
  }
  if (before && op_ == ChangeOp::kCreate) {
    return Refuse(*pass, key, [&](const Relationship& stored_already) {
      return StoredAlready(stored_already, position, !before->LiveAt(pass->now));
    });
  }
  if (pass->index == Index::kForward) NoteExpiry(before, pass->now);
  const std::optional<Edge> edge = TouchedEdge(before, wanted, pass->now, group_->head);
  if (!edge) return absl::OkStatus();
  if (before) {
    absl::Status status = pass->history.Put(HistoryKey(key, group_->head), **stored);
    if (!status.ok()) return status;
  }
  std::string encoded;
  AppendEdge(*edge, &encoded);
  if (absl::Status status = pass->live.Put(key, encoded); !status.ok()) return status;
  return pass->index == Index::kForward ? NoteChange(pass, key, before, *edge, encoded) : absl::OkStatus();
}

void RocksLoad::NoteExpiry(const std::optional<Edge>& before, absl::Time now) {
  if (before && before->LiveAt(now)) steady_until_ = std::min(steady_until_, before->expires_at);
}

absl::Status RocksLoad::NoteChange(Pass* pass, std::string_view key, const std::optional<Edge>& before,
                                   const Edge& edge, std::string_view encoded) {
  const absl::Time expired_before = before ? before->expires_at : absl::InfiniteFuture();
  if (edge.expires_at != expired_before) {
    for (const auto& [expires_at, what] : {std::pair(expired_before, kGone), std::pair(edge.expires_at, kPut)}) {
      if (expires_at == absl::InfiniteFuture()) continue;
      if (absl::Status status = pass->expiries->Add(ExpiryKey(expires_at, key), what); !status.ok()) return status;
    }
  }
  if (pass->part_changes == kChangesPerPart || pass->part.bytes() >= kPartBytes) {
    if (absl::Status status = EndPart(pass); !status.ok()) return status;
  }
  pass->part.Add({ChangeOp::kTouch, before.has_value(), key, encoded});
  ++pass->part_changes;
  return absl::OkStatus();
}

absl::Status RocksLoad::EndPart(Pass* pass) {
  absl::Status status = pass->changelog->Put(CommitKey(group_->head, ++pass->parts), pass->part.Take());
  pass->part = CommitEncoder(/*last_part=*/false);
  pass->part_changes = 0;
  return status;
}

absl::Status RocksLoad::BuildMeta(SortedSpill* expiries) {
  TableWriter meta(*database_, Family::kMeta, directory_ + "/meta", group_->overlay.entries(Family::kMeta), "", "");
  auto keys = expiries->Read();
  if (!keys.ok()) return keys.status();
  for (; (*keys)->Valid(); (*keys)->Next()) {
    absl::Status status = (*keys)->value() == kPut ? meta.Put((*keys)->key(), "") : meta.Delete((*keys)->key());
    if (!status.ok()) return status;
  }
  if (!(*keys)->status().ok()) return (*keys)->status();
  absl::Status status = meta.Finish();
  KeepTables(Family::kMeta, meta);
  return status;
}

void RocksLoad::KeepTables(Family family, const TableWriter& writer) {
  std::vector<std::string>& files = tables_[static_cast<size_t>(family)];
  files.insert(files.end(), writer.files().begin(), writer.files().end());
}

absl::Status RocksLoad::Ingest() {
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.failed_move_fall_back_to_copy = true;  // A file system without links, as the one in memory.
  options.write_global_seqno = false;
  std::vector<rocksdb::IngestExternalFileArg> tables;
  for (size_t family = 0; family < kFamilies; ++family) {
    if (tables_[family].empty()) continue;
    rocksdb::IngestExternalFileArg& arg = tables.emplace_back();
    arg.column_family = database_->family(static_cast<Family>(family));
    arg.external_files = tables_[family];
    arg.options = options;
  }
  const rocksdb::Status status = database_->db->IngestExternalFiles(tables);
  return status.ok() ? absl::OkStatus() : FromRocks(status, "taking in the tables of a load");
}

// Both walks come upon it; the forward one, which knows the positions, is the one that tells.
absl::Status RocksLoad::Refuse(const Pass& pass, std::string_view key,
                               const std::function<absl::Status(const Relationship&)>& refusal) {
  TupleRow row;
  if (!DecodeIndexKey(key, names_->size(), &row)) return DoesNotDecode("relationship of a load", Family::kLive, key);
  Relationship offender = ToRelationship(row, *names_);
  absl::Status status = refusal(offender);
  if (pass.index == Index::kForward) refused_ = std::move(offender);
  return status;
}

void RocksLoad::DropTables() {
  group_.reset();
  for (std::vector<std::string>& files : tables_) {
    for (const std::string& file : files) (void)database_->db->GetEnv()->DeleteFile(file);
    files.clear();
  }
}

void RemoveLeftLoads(rocksdb::Env* env, const std::string& directory) {
  std::vector<std::string> names;
  if (!env->GetChildren(directory, &names).ok()) return;
  for (const std::string& name : names) {
    if (name.starts_with(kLoadPrefix)) RemoveDirectory(env, Cat(directory, "/", name));
  }
}

}  // namespace mandate
