// What a request does to the stored keys, change by change (`@r` is its revision):
//
//     stored before         TOUCH or CREATE                      DELETE
//     nothing               live := new, born @r                 -
//     a version, written w  history[ended @r] := old,            history[ended @r] := old,
//                           live := new, born by the rule below  live := nothing
//
// each twice, under the forward and the reverse key, with the same value. A TOUCH that would store
// what is stored does nothing (nothing ends, the relationship keeps its `written`); CREATE of
// anything stored is refused.
//
// The age of an edge. A delegation must not be revived by granting it again, so a TOUCH passes
// `born` on only if the relationship stood without a break and nothing about it changed but its
// expiry: it is stored, it is unexpired at the moment of the commit, and caveat and context are the
// same. Else it is a new edge, born @r.
//
// Each request is judged on the state that the requests before it in the group leave behind, though
// none of them is on disk yet. That is sound because a group is one batch: if the disk takes it,
// every one of them is there in this order; if not, none is, and none is acknowledged.
#include "storage/commit.h"

#include "absl/container/flat_hash_set.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "storage/key_codec.h"
#include "storage/ledger_codec.h"
#include "storage/request_form.h"

namespace mandate {
namespace {

rocksdb::Slice AsSlice(const std::string& text) { return text; }

// A view that somebody else owns, for a snapshot that lives no longer than it.
std::shared_ptr<const StateView> Borrow(std::shared_ptr<const StateView> base, std::vector<const Overlay*> layers) {
  struct Holder : OverlayView {
    Holder(std::shared_ptr<const StateView> base, std::vector<const Overlay*> layers)
        : OverlayView(base.get(), std::move(layers)), kept(std::move(base)) {}
    std::shared_ptr<const StateView> kept;
  };
  return std::make_shared<Holder>(std::move(base), std::move(layers));
}

}  // namespace

std::optional<Edge> TouchedEdge(const std::optional<Edge>& before, Edge wanted, absl::Time now, Revision revision) {
  const bool stands = before && before->LiveAt(now) && before->caveat == wanted.caveat &&
                      before->caveat_context == wanted.caveat_context;
  if (stands && before->expires_at == wanted.expires_at) return std::nullopt;
  wanted.written = revision;
  wanted.born = stands ? before->born : revision;
  return wanted;
}

void CommitGroup::FillBatch(const RocksDatabase& database, rocksdb::WriteBatch* batch) const {
  for (Family family : {Family::kMeta, Family::kLive, Family::kHistory, Family::kChangelog, Family::kLedger}) {
    overlay.ForEach(family, [&](const std::string& key, const std::optional<std::string>& value) {
      if (value) {
        (void)batch->Put(database.family(family), AsSlice(key), AsSlice(*value));
      } else {
        (void)batch->Delete(database.family(family), AsSlice(key));
      }
    });
  }
  (void)batch->Put(database.family(Family::kMeta), HeadKey(), EncodeHead({head, schema}));
  (void)batch->Put(database.family(Family::kMeta), LedgerHeadKey(), EncodeLedgerHead(ledger));
}

PendingCommit::PendingCommit(CommitGroup* group, const WriteRequest& request, absl::Time now)
    : group_(group),
      request_(request),
      now_(now),
      revision_(request.records_only ? group->head
                : request.at         ? *request.at
                                     : Revision(group->head.value() + 1)),
      names_(group->names),
      record_(CommitHeader{now, request.schema_text.has_value(), request.load != nullptr, request.metadata}),
      ledger_(group->ledger) {
  before_ = std::make_unique<TupleSnapshot>(Borrow(group->base, {&group->overlay}), group->names, group->head,
                                            group->schema, group->ledger);
}

absl::Status PendingCommit::Run() {
  if (absl::Status status = CheckPlace(); !status.ok()) return status;
  if (absl::Status status = CheckPreconditions(); !status.ok()) return status;
  if (absl::Status status = FindMatching(); !status.ok()) return status;
  if (absl::Status status = FindExpired(); !status.ok()) return status;
  const bool resolved = !request_.delete_matching.empty() || request_.sweep_at_most > 0;
  const std::vector<TupleChange>& changes = resolved ? matching_ : request_.changes;
  if (request_.guard) changes_.reserve(changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    if (absl::Status status = Apply(changes[i], i); !status.ok()) return status;
  }
  for (const std::string& name : request_.schema_names) names_.Intern(name);
  if (request_.schema_text) StoreSchema();
  for (NameId id : names_.added()) {
    overlay_.Put(Family::kMeta, NameKey(id), std::string(names_.current().Name(id)));
  }
  if (absl::Status status = RunGuard(); !status.ok()) return status;
  if (!request_.records_only) {
    overlay_.Put(Family::kChangelog, CommitKey(revision_), record_.Take());
  }
  return absl::OkStatus();
}

void PendingCommit::Accept() {
  group_->overlay.MergeFrom(std::move(overlay_));
  group_->names = names_.table();
  group_->head = revision_;
  if (request_.schema_text) group_->schema = revision_;
  group_->ledger = ledger_;
}

absl::Status PendingCommit::CheckPlace() const {
  if (revision_ <= group_->head && !request_.records_only) {
    return WithReason(absl::FailedPreconditionError(
                          Cat("revision ", revision_.value(), " is not above the newest, ", group_->head.value())),
                      "REVISION_TAKEN");
  }
  if (request_.expected_schema && *request_.expected_schema != group_->schema) {
    return WithReason(absl::AbortedError(Cat("the schema changed: the write was made for the one of revision ",
                                             request_.expected_schema->value(), ", now it is the one of revision ",
                                             group_->schema.value(), "; try again")),
                      "SCHEMA_CHANGED");
  }
  return absl::OkStatus();
}

absl::Status PendingCommit::CheckPreconditions() const {
  for (size_t i = 0; i < request_.preconditions.size(); ++i) {
    const Precondition& precondition = request_.preconditions[i];
    const auto cursor = before_->Read(precondition.filter, std::nullopt);
    while (cursor->Valid() && !cursor->row().edge.LiveAt(now_)) cursor->Next();
    if (absl::Status status = cursor->status(); !status.ok()) return status;
    const bool must_match = precondition.kind == Precondition::Kind::kMustMatch;
    if (cursor->Valid() == must_match) continue;
    std::string message;
    if (must_match) {
      message = Cat("no relationship matches ", FilterText(precondition.filter));
    } else {
      const Relationship found = ToRelationship(cursor->row(), before_->names());
      message = Cat(IdentityText(found), " matches ", FilterText(precondition.filter), ", which nothing may match");
    }
    return WithField(WithReason(absl::FailedPreconditionError(message), "PRECONDITION_FAILED"),
                     Cat("preconditions[", i, "]"));
  }
  return absl::OkStatus();
}

absl::Status PendingCommit::FindMatching() {
  absl::flat_hash_set<std::string> seen;  // Two filters may match one relationship.
  for (const TupleFilter& filter : request_.delete_matching) {
    auto cursor = before_->Read(filter, std::nullopt);
    for (; cursor->Valid(); cursor->Next()) {
      const TupleRow& row = cursor->row();
      if (!seen.insert(ForwardKey(row.resource, row.relation, row.subject)).second) continue;
      if (request_.delete_at_most > 0 && matching_.size() == request_.delete_at_most) {
        more_match_ = true;
        return absl::OkStatus();
      }
      matching_.push_back({ChangeOp::kDelete, ToRelationship(row, before_->names())});
    }
    if (!cursor->status().ok()) return cursor->status();
  }
  return absl::OkStatus();
}

absl::Status PendingCommit::FindExpired() {
  if (request_.sweep_at_most == 0) return absl::OkStatus();
  const OverlayView state(group_->base.get(), {&group_->overlay});
  // An expiry at this very moment is one: gone from it on.
  const auto scan = state.NewScan(Family::kMeta, "T", ExpiryKey(now_ + absl::Microseconds(1), ""));
  for (; scan->Valid() && matching_.size() < request_.sweep_at_most; scan->Next()) {
    absl::Time expires_at;
    std::string_view forward_key;
    TupleRow row;
    if (!DecodeExpiryKey(scan->key(), &expires_at, &forward_key) ||
        !DecodeIndexKey(forward_key, names_.current().size(), &row)) {
      return DoesNotDecode("expiry", Family::kMeta, scan->key());
    }
    matching_.push_back({ChangeOp::kDelete, ToRelationship(row, names_.current())});
  }
  return scan->status();
}

absl::Status PendingCommit::Apply(const TupleChange& change, size_t position) {
  const Relationship& wanted = change.relationship;
  const bool deletes = change.op == ChangeOp::kDelete;
  TupleRow row;
  if (!FindNames(wanted, deletes, &names_, &row)) {  // a name nobody ever stored: nothing to delete
    if (request_.guard) changes_.push_back({&change, std::nullopt});
    return absl::OkStatus();
  }
  const std::string forward_key = ForwardKey(row.resource, row.relation, row.subject);

  // Nothing else in this request touches the key, so what stood before the request stands now.
  rocksdb::PinnableSlice stored;
  const OverlayView state(group_->base.get(), {&group_->overlay});
  const absl::StatusOr<bool> found = state.Get(Family::kLive, forward_key, &stored);
  if (!found.ok()) return found.status();
  const std::string_view stored_value(stored.data(), *found ? stored.size() : 0);
  std::optional<Edge> before;
  if (*found && !DecodeEdge(stored_value, names_.current().size(), &before.emplace())) {
    return DoesNotDecode("relationship", Family::kLive, forward_key);
  }
  if (before && change.op == ChangeOp::kCreate) {
    return StoredAlready(wanted, request_.positions.empty() ? position : request_.positions[position],
                         !before->LiveAt(now_));
  }

  bool nothing_to_do = deletes && !before;
  if (!deletes) {
    row.edge.expires_at = StoredTime(wanted.expires_at);
    row.edge.caveat = names_.Intern(wanted.caveat);
    row.edge.caveat_context = wanted.caveat_context;
    std::optional<Edge> edge = TouchedEdge(before, std::move(row.edge), now_, revision_);
    nothing_to_do = !edge;
    if (edge) row.edge = *std::move(edge);
  }
  if (!nothing_to_do) Store(row, forward_key, stored_value, before, deletes);
  if (request_.guard) changes_.push_back({&change, std::move(before)});
  return absl::OkStatus();
}

void PendingCommit::Store(const TupleRow& row, const std::string& forward_key, std::string_view ended_value,
                          const std::optional<Edge>& ended, bool deleted) {
  if (group_->marks != nullptr) group_->marks->Note(row, revision_);
  std::string reverse_key = ReverseKey(row.resource, row.relation, row.subject);
  if (!ended_value.empty()) {
    overlay_.Put(Family::kHistory, HistoryKey(forward_key, revision_), std::string(ended_value));
    overlay_.Put(Family::kHistory, HistoryKey(reverse_key, revision_), std::string(ended_value));
  }
  if (ended && ended->expires_at != absl::InfiniteFuture()) {
    overlay_.Delete(Family::kMeta, ExpiryKey(ended->expires_at, forward_key));
  }
  if (!deleted && row.edge.expires_at != absl::InfiniteFuture()) {
    overlay_.Put(Family::kMeta, ExpiryKey(row.edge.expires_at, forward_key), "");
  }
  std::string edge;
  if (!deleted) AppendEdge(row.edge, &edge);
  record_.Add({deleted ? ChangeOp::kDelete : ChangeOp::kTouch, !ended_value.empty(), forward_key, edge,
               deleted && request_.sweep_at_most > 0});
  if (deleted) {
    overlay_.Delete(Family::kLive, forward_key);
    overlay_.Delete(Family::kLive, std::move(reverse_key));
  } else {
    overlay_.Put(Family::kLive, forward_key, edge);
    overlay_.Put(Family::kLive, std::move(reverse_key), std::move(edge));
  }
}

void PendingCommit::StoreSchema() { overlay_.Put(Family::kMeta, SchemaKey(revision_), *request_.schema_text); }

absl::Status PendingCommit::RunGuard() {
  if (!request_.guard) return absl::OkStatus();
  after_ =
      std::make_unique<TupleSnapshot>(Borrow(group_->base, {&overlay_, &group_->overlay}), names_.table(), revision_,
                                      request_.schema_text ? revision_ : group_->schema, group_->ledger);
  if (absl::Status status = request_.guard(*this); !status.ok()) return status;
  if (guard_error_.ok() && request_.load != nullptr && ledger_.sequence != group_->ledger.sequence) {
    return absl::InternalError("the guard of a load appends to the ledger");
  }
  return guard_error_;
}

void PendingCommit::SetFact(std::string_view key, std::string value) {
  if (key.empty() || key.size() > kFactKeyBytesMax) {
    guard_error_ = absl::InvalidArgumentError(
        Cat("the key of a fact has ", key.size(), " bytes; it takes 1 to ", kFactKeyBytesMax));
    return;
  }
  overlay_.Put(Family::kMeta, FactKey(key), std::move(value));
}

void PendingCommit::DeleteFact(std::string_view key) { overlay_.Delete(Family::kMeta, FactKey(key)); }

void PendingCommit::AppendToLedger(LedgerAppend append) {
  for (const std::string& term : append.terms) {
    if (!term.empty() && term.size() <= kTermBytesMax && term.find('\0') == term.npos) continue;
    guard_error_ = absl::InvalidArgumentError(
        Cat("a term of the ledger has ", term.size(), " bytes; it takes 1 to ", kTermBytesMax, ", none of them NUL"));
  }
  LedgerRecord record{.sequence = ++ledger_.sequence, .body = std::move(append.body), .terms = std::move(append.terms)};
  record.digest = Sha256(record.body);
  record.hash = ledger_.hash = ChainHash(ledger_.hash, record.digest);
  PutRecord(record);
  for (const std::string& term : record.terms) {
    overlay_.Put(Family::kLedger, TermKey(term, record.sequence), "");
  }
}

void PendingCommit::PutRecord(const LedgerRecord& record) {
  overlay_.Put(Family::kLedger, RecordKey(record.sequence), EncodeRecord(record));
}

absl::Status PendingCommit::RetireFromLedger(uint64_t sequence) {
  auto cursor = after_->Ledger({}, sequence - 1);
  if (!cursor->Valid()) return cursor->status();
  LedgerRecord record = cursor->record();
  if (record.sequence != sequence || record.retired) return absl::OkStatus();
  for (const std::string& term : record.terms) {
    overlay_.Delete(Family::kLedger, TermKey(term, sequence));
  }
  record.retired = true;
  PutRecord(record);
  return DropRetired();
}

// What is retired at the old end of the ledger goes altogether: the chain then begins behind it.
absl::Status PendingCommit::DropRetired() {
  std::vector<LedgerRecord> dropped;
  auto cursor = after_->Ledger({}, ledger_.base);
  for (; cursor->Valid() && cursor->record().retired; cursor->Next()) {
    dropped.push_back(cursor->record());
  }
  if (!cursor->status().ok()) return cursor->status();
  cursor.reset();  // The overlay must not change under it.
  for (const LedgerRecord& record : dropped) {
    overlay_.Delete(Family::kLedger, RecordKey(record.sequence));
    ledger_.base = record.sequence;
    ledger_.base_hash = record.hash;
  }
  return absl::OkStatus();
}

}  // namespace mandate
