// Two indexes hold the same, and neither fits in memory. So each is read once in its own order, and what stands in it
// is added up as hashes, which does not depend on the order: equal sums of 128 bits are equal indexes. Only where they
// differ each key of the one is looked up in the other, to say which it is.
#include "storage/store_check.h"

#include <memory>
#include <optional>

#include "absl/hash/hash.h"
#include "absl/strings/escaping.h"
#include "rocksdb/db.h"
#include "schema/text.h"
#include "storage/directory.h"
#include "storage/key_codec.h"
#include "storage/ledger_check.h"
#include "storage/ledger_codec.h"
#include "storage/name_table.h"
#include "storage/open.h"
#include "storage/request_form.h"
#include "storage/rocks_database.h"
#include "storage/rocks_options.h"
#include "storage/tuple_snapshot.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

constexpr size_t kStoreFaultsMax = 100;
constexpr uint64_t kTellEvery = 1 << 20;

// Of a set, whatever the order.
struct Sum {
  uint64_t count = 0;
  uint64_t low = 0;
  uint64_t high = 0;

  void Add(std::string_view key, std::string_view value) {
    ++count;
    low += absl::HashOf(AbslView(key), AbslView(value));
    high += absl::HashOf(AbslView(value), 1, AbslView(key));
  }
  friend bool operator==(const Sum&, const Sum&) = default;
};

class StoreCheck {
 public:
  StoreCheck(StoreReport* report, const StoreProgress& progress) : report_(*report), progress_(progress) {}

  absl::Status Run(const std::string& given, const OpenSeams& seams) {
    StoreOptions options;
    options.in_memory = seams.database_in_env;
    const std::string directory = options.in_memory ? kMemoryPath : given;
    const RocksOptions rocks = MakeRocksOptions(options, seams.env != nullptr ? seams.env : rocksdb::Env::Default());
    if (!options.in_memory) {
      auto state = InspectDirectory(directory, rocks);
      if (!state.ok()) return state.status();
      if (*state != DirectoryState::kDatabase) {
        return absl::NotFoundError(Cat("there is no database in `", directory, "`"));
      }
    }
    rocksdb::FileLock* lock = nullptr;
    rocksdb::Env* const env = rocks.database.env;
    const rocksdb::Status locked = env->LockFile(directory + "/LOCK", &lock);
    if (!locked.ok()) return OpenError(directory, locked);
    absl::Status status = Open(directory, rocks);
    if (status.ok()) status = CheckAll();
    view_.reset();
    database_.reset();
    (void)env->UnlockFile(lock);
    return status;
  }

 private:
  absl::Status Open(const std::string& directory, const RocksOptions& rocks) {
    database_ = std::make_shared<RocksDatabase>();
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    rocksdb::DBOptions read_only = rocks.database;
    read_only.create_if_missing = false;
    read_only.create_missing_column_families = false;
    const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(read_only, directory, rocks.families, &handles, &db);
    if (!status.ok()) return OpenError(directory, status);
    database_->db.reset(db);
    std::copy(handles.begin(), handles.end(), database_->families.begin());
    view_ = std::make_shared<DatabaseView>(database_);
    return absl::OkStatus();
  }

  absl::Status CheckAll() {
    Tell("checksums of tables", 0);
    if (const rocksdb::Status status = database_->db->VerifyChecksum(); !status.ok()) {
      Fault(Cat("a table does not have the bytes that were written: ", status.ToString()));
    }
    for (auto part : {&StoreCheck::CheckMeta, &StoreCheck::CheckLive, &StoreCheck::CheckExpiries,
                      &StoreCheck::CheckHistory, &StoreCheck::CheckChangelog, &StoreCheck::CheckChain}) {
      absl::Status status = (this->*part)();
      // What cannot be read is a fault, and the rest is looked at all the same.
      if (absl::IsDataLoss(status)) {
        Fault(std::string(status.message()));
      } else if (!status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckMeta() {
    NameTableBuilder names(std::make_shared<const NameTable>());
    bool has_head = false, has_oldest = false, has_ledger = false;
    DatabaseRecord database;
    absl::Status status =
        ForEach("names, schemas and facts", Family::kMeta, "", "", [&](std::string_view key, std::string_view value) {
          Revision revision, last_lost;
          uint32_t part = 0;
          switch (key.empty() ? '\0' : key[0]) {
            case 'D':
              return key == DatabaseKey() && DecodeDatabase(value, &database) && database.version == kFormatVersion;
            case 'G':
              return DecodeLostKey(key, &revision) && DecodeRevision(value, &last_lost) && last_lost >= revision;
            case 'H': return has_head = key == HeadKey() && DecodeHead(value, &head_);
            case 'L': return has_ledger = key == LedgerHeadKey() && DecodeLedgerHead(value, &ledger_);
            case 'O': return has_oldest = key == OldestKey() && DecodeRevision(value, &report_.oldest);
            case 'N': {
              const NameId id = names.Intern(value);
              return !names.added().empty() && names.added().back() == id && key == NameKey(id);
            }
            case 'S':
              ++report_.schemas;
              return DecodeCommitKey(key.substr(1), &revision, &part) && part == 0 && revision <= head_.head;
            case 'T': return true;  // CheckExpiries.
            case 'X': ++report_.facts; return key.size() > 1 && key.size() <= kFactKeyBytesMax + 1;
            default: return false;
          }
        });
    names_ = names.table();
    report_.database_id = absl::BytesToHexString(database.id);
    report_.head = head_.head;
    if (database.id.empty()) Fault("the record that says what the database is is missing");
    if (!has_head) Fault("the newest revision is missing");
    if (!has_oldest) Fault("the oldest revision is missing");
    if (!has_ledger) Fault("the head of the ledger is missing");
    if (report_.oldest > head_.head) Fault("the oldest revision lies behind the newest");
    if (head_.schema > Revision()) {
      rocksdb::PinnableSlice text;
      auto found = view_->Get(Family::kMeta, SchemaKey(head_.schema), &text);
      if (!found.ok()) return found.status();
      if (!*found) Fault(Cat("the schema of revision ", head_.schema.value(), ", the newest, is missing"));
    }
    return status;
  }

  // One index of a family whose keys are an index key and a suffix, added up by forward keys.
  absl::Status AddUp(
      const char* doing, Family family, Index index, Sum* sum,
      const std::function<bool(std::string_view index_key, Revision ended, const TupleRow& row)>& visit) {
    const std::string begin(1, static_cast<char>(index));
    TupleRow row;
    return ForEach(doing, family, begin, PrefixEnd(begin), [&](std::string_view key, std::string_view value) {
      std::string_view index_key = key;
      Revision ended;
      if (family == Family::kHistory && !DecodeHistoryKey(key, &index_key, &ended)) return false;
      if (!DecodeIndexKey(index_key, names_->size(), &row)) return false;
      if (!DecodeEdge(value, names_->size(), &row.edge)) return false;
      if (IndexKey(index, row) != index_key || row.edge.written > head_.head) return false;
      std::string forward = ForwardKey(row.resource, row.relation, row.subject);
      if (family == Family::kHistory) forward = HistoryKey(forward, ended);
      sum->Add(forward, value);
      return visit(index_key, ended, row);
    });
  }

  absl::Status CheckLive() {
    Sum forward, reverse;
    absl::Status status = AddUp("relationships", Family::kLive, Index::kForward, &forward,
                                [&](std::string_view key, Revision, const TupleRow& row) {
                                  if (row.edge.expires_at != absl::InfiniteFuture())
                                    expiring_.Add(ExpiryKey(row.edge.expires_at, key), "");
                                  NoteWritten(key, row.edge);
                                  return true;
                                });
    if (status.ok()) {
      status = AddUp("relationships by subject", Family::kLive, Index::kReverse, &reverse,
                     [](std::string_view, Revision, const TupleRow&) { return true; });
    }
    report_.relationships = forward.count;
    if (!status.ok()) return status;
    if (status = CheckNothingElse(Family::kLive); !status.ok()) return status;
    return forward == reverse ? absl::OkStatus() : TellDifference(Family::kLive, "relationship");
  }

  absl::Status CheckHistory() {
    Sum forward, reverse;
    std::string last_key;
    Revision last_ended;
    const auto visit = [&](std::string_view key, Revision ended, const TupleRow& row) {
      if (row.edge.written >= ended || ended > head_.head) return false;
      if (key == last_key && row.edge.written < last_ended) {
        Fault(Cat("two versions of one relationship stand at the same time: ", absl::BytesToHexString(AbslView(key))));
      }
      if (key != last_key) last_key.assign(key);
      last_ended = ended;
      return true;
    };
    std::optional<Revision> stored;  // When what is stored under the key was written.
    absl::Status status =
        AddUp("the past", Family::kHistory, Index::kForward, &forward,
              [&](std::string_view key, Revision ended, const TupleRow& row) {
                if (ended > report_.oldest) ended_.Add(HistoryKey(key, ended), "");
                NoteWritten(key, row.edge);
                if (key != last_key) stored = StoredSince(key);
                if (stored && *stored < ended) {
                  Fault(Cat(IdentityText(ToRelationship(row, *names_)), " is stored as of revision ", stored->value(),
                            ", and the past says that it ended at revision ", ended.value()));
                }
                return visit(key, ended, row);
              });
    if (status.ok()) status = AddUp("the past by subject", Family::kHistory, Index::kReverse, &reverse, visit);
    report_.versions = forward.count;
    if (!status.ok()) return status;
    if (status = CheckNothingElse(Family::kHistory); !status.ok()) return status;
    return forward == reverse ? absl::OkStatus() : TellDifference(Family::kHistory, "version");
  }

  absl::Status CheckNothingElse(Family family) {
    for (const auto& [begin, end] : {std::pair<std::string, std::string>("", "F"), {"G", "R"}, {"S", ""}}) {
      absl::Status status = ForEach("what does not belong there", family, begin, end,
                                    [](std::string_view, std::string_view) { return false; });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Looks every key of the one index up in the other.
  absl::Status TellDifference(Family family, std::string_view what) {
    TupleRow row;
    for (const Index index : {Index::kForward, Index::kReverse}) {
      const Index other = index == Index::kForward ? Index::kReverse : Index::kForward;
      const std::string begin(1, static_cast<char>(index));
      absl::Status status =
          ForEach("the indexes, key by key", family, begin, PrefixEnd(begin),
                  [&](std::string_view key, std::string_view value) {
                    std::string_view index_key = key;
                    Revision ended;
                    if (family == Family::kHistory && !DecodeHistoryKey(key, &index_key, &ended)) return true;
                    if (!DecodeIndexKey(index_key, names_->size(), &row)) return true;
                    std::string wanted = IndexKey(other, row);
                    if (family == Family::kHistory) wanted = HistoryKey(wanted, ended);
                    rocksdb::PinnableSlice stored;
                    auto found = view_->Get(family, wanted, &stored);
                    if (found.ok() && *found && std::string_view(stored.data(), stored.size()) == value) return true;
                    Fault(Cat("the ", what, " ", IdentityText(ToRelationship(row, *names_)), " stands under its ",
                              index == Index::kForward ? "resource" : "subject", " and ",
                              found.ok() && *found ? "differs" : "is missing", " under its ",
                              index == Index::kForward ? "subject" : "resource"));
                    return true;
                  });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status CheckExpiries() {
    Sum stored;
    absl::Status status =
        ForEach("expiries", Family::kMeta, "T", "U", [&](std::string_view key, std::string_view value) {
          absl::Time expires_at;
          std::string_view forward;
          if (!value.empty() || !DecodeExpiryKey(key, &expires_at, &forward)) return false;
          stored.Add(key, "");
          return true;
        });
    if (status.ok() && !(stored == expiring_)) {
      Fault(Cat("the list of expiries has ", stored.count, " entries that are not those of the ", expiring_.count,
                " relationships that expire"));
    }
    return status;
  }

  absl::Status CheckChangelog() {
    Sum written, ended;
    Revision last = report_.oldest, open;
    uint32_t open_part = 0;
    bool continues = false;
    StoredChange change;
    TupleRow row;
    Edge edge;
    absl::Status status =
        ForEach("the changelog", Family::kChangelog, "", "", [&](std::string_view key, std::string_view value) {
          CommitDecoder decoder(value);
          Revision revision;
          uint32_t part = 0;
          CommitHeader header;
          bool last_part = false;
          if (!DecodeCommitKey(key, &revision, &part)) return false;
          if (!(part == 0 ? decoder.Header(&header) : decoder.PartHeader(&last_part))) return false;
          const bool left_behind = revision <= report_.oldest;  // Parts that the collector has yet to take.
          if (left_behind && part == 0) return false;
          if (!left_behind) {
            const bool in_place =
                part == 0 ? !continues && revision > last : continues && revision == open && part == open_part + 1;
            if (!in_place || revision > head_.head) return false;
            if (part == 0) CheckNoneMissing(last, revision);
            continues = part == 0 ? header.parts_follow : !last_part;
            open = last = revision;
            open_part = part;
            report_.commits += part == 0;
            if (part == 0 && header.schema_changed && !Has(Family::kMeta, SchemaKey(revision))) {
              Fault(Cat("revision ", revision.value(), " changed the schema, which is missing"));
            }
          }
          while (!decoder.AtEnd()) {
            if (!decoder.Change(&change) || !DecodeIndexKey(change.forward_key, names_->size(), &row)) return false;
            if (change.ended_version && !left_behind) ended.Add(HistoryKey(change.forward_key, revision), "");
            if (change.op == ChangeOp::kDelete) {
              if (!change.ended_version) return false;
              const std::optional<Revision> stored = StoredSince(change.forward_key);
              if (stored && *stored < revision) {
                Fault(Cat("revision ", revision.value(), " deleted ", IdentityText(ToRelationship(row, *names_)),
                          ", which is stored as of revision ", stored->value()));
              }
              continue;
            }
            if (!DecodeEdge(change.edge, names_->size(), &edge) || edge.written != revision) return false;
            if (!left_behind) written.Add(change.forward_key, EncodeRevision(revision));
            if (!left_behind && !StandsOrStood(change.forward_key, revision, change.edge)) {
              Fault(Cat("revision ", revision.value(), " wrote ", IdentityText(ToRelationship(row, *names_)),
                        ", which is neither stored like that nor in the past"));
            }
          }
          return true;
        });
    if (!status.ok()) return status;
    if (continues) Fault(Cat("the end of revision ", open.value(), " is missing in the changelog"));
    if (last != head_.head) {
      Fault(Cat("the changelog ends at revision ", last.value(), ", and the newest is ", head_.head.value()));
    }
    if (!(written == written_)) {
      Fault(Cat("the changelog says that ", written.count, " relationships were written, and the ", written_.count,
                " that are stored or in the past are not those"));
    }
    if (!(ended == ended_)) Fault("the versions that the changelog says it ended are not those of the past");
    return absl::OkStatus();
  }

  // Of what is stored or was: that it was written within the window.
  void NoteWritten(std::string_view forward_key, const Edge& edge) {
    if (edge.written > report_.oldest) written_.Add(forward_key, EncodeRevision(edge.written));
  }

  // Every revision is in the changelog, but those that a restore skipped, and says which. (WriteRequest::at skips some
  // as well, and no program uses it.)
  void CheckNoneMissing(Revision last, Revision revision) {
    Revision next(last.value() + 1), last_lost;
    if (revision == next) return;
    rocksdb::PinnableSlice value;
    auto found = view_->Get(Family::kMeta, LostKey(next), &value);
    if (found.ok() && *found && DecodeRevision({value.data(), value.size()}, &last_lost)) {
      next = Revision(last_lost.value() + 1);
    }
    if (revision <= next) return;
    Fault(Cat("the changelog goes on with revision ", revision.value(), " where ", next.value(), " should be"));
  }

  // When the relationship that is stored under the key was written, if one is.
  std::optional<Revision> StoredSince(std::string_view forward_key) {
    rocksdb::PinnableSlice value;
    Revision written;
    auto found = view_->Get(Family::kLive, forward_key, &value);
    if (!found.ok() || !*found || !DecodeWritten({value.data(), value.size()}, &written)) return std::nullopt;
    return written;
  }

  bool Has(Family family, const std::string& key) {
    rocksdb::PinnableSlice value;
    auto found = view_->Get(family, key, &value);
    return found.ok() && *found;
  }

  // What was written at `revision` is stored still, or became the first version of the past that ended after it.
  bool StandsOrStood(std::string_view forward_key, Revision revision, std::string_view edge) {
    rocksdb::PinnableSlice value;
    auto found = view_->Get(Family::kLive, forward_key, &value);
    if (found.ok() && *found && std::string_view(value.data(), value.size()) == edge) return true;
    const auto scan = view_->NewScan(Family::kHistory, HistoryKey(forward_key, Revision(revision.value() + 1)), "");
    return scan->Valid() && scan->key().starts_with(forward_key) && scan->value() == edge;
  }

  absl::Status CheckChain() {
    const TupleSnapshot snapshot(view_, names_, head_.head, head_.schema, ledger_);
    LedgerReport ledger;
    Sum terms, stored;
    Tell("the ledger", 0);
    absl::Status status = CheckLedger(snapshot, &ledger, [&](const LedgerRecord& record) {
      for (const std::string& term : record.terms) terms.Add(TermKey(term, record.sequence), "");
    });
    if (!status.ok()) return status;
    report_.ledger_records = ledger.records;
    for (const LedgerFault& fault : ledger.faults) Fault(fault.what);
    status =
        ForEach("the ledger's terms", Family::kLedger, "I", "J", [&](std::string_view key, std::string_view value) {
          uint64_t sequence = 0;
          if (!value.empty() || !DecodeTermKey(key, &sequence)) return false;
          stored.Add(key, "");
          return true;
        });
    if (status.ok() && !(terms == stored))
      Fault("the terms by which the ledger is searched are not those of its records");
    return status;
  }

  // `fits` says whether a key and its value are what may stand there.
  absl::Status ForEach(const char* doing, Family family, std::string begin, std::string end,
                       const std::function<bool(std::string_view key, std::string_view value)>& fits) {
    uint64_t keys = 0;
    Tell(doing, 0);
    const auto scan = view_->NewScan(family, std::move(begin), std::move(end));
    for (; scan->Valid(); scan->Next()) {
      if (!fits(scan->key(), scan->value())) {
        Fault(Cat("in `", FamilyName(family), "` the key ", absl::BytesToHexString(AbslView(scan->key())),
                  " or its value is not what may stand there"));
      }
      if (++keys % kTellEvery == 0) Tell(doing, keys);
    }
    return scan->status();
  }

  void Fault(std::string what) {
    ++report_.faults_count;
    if (report_.faults.size() < kStoreFaultsMax) report_.faults.push_back(std::move(what));
  }
  void Tell(const char* doing, uint64_t keys) {
    if (progress_) progress_(doing, keys);
  }

  StoreReport& report_;
  const StoreProgress& progress_;
  std::shared_ptr<RocksDatabase> database_;
  std::shared_ptr<DatabaseView> view_;
  std::shared_ptr<const NameTable> names_ = std::make_shared<const NameTable>();
  HeadRecord head_;
  LedgerHead ledger_;
  Sum expiring_;  // Of the relationships: the keys their expiries should have.
  Sum written_;   // Of the relationships and the past: which were written within the window, and when.
  Sum ended_;     // Of the past within the window: which versions ended when.
};

}  // namespace

absl::Status CheckStore(const std::string& directory, StoreReport* report, const StoreProgress& progress) {
  return CheckStoreWith(directory, {}, report, progress);
}

absl::Status CheckStoreWith(const std::string& directory, const OpenSeams& seams, StoreReport* report,
                            const StoreProgress& progress) {
  return StoreCheck(report, progress).Run(directory, seams);
}

}  // namespace mandate
