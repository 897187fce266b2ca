// The calls of DelegationService that read the ledger.
#include "absl/strings/escaping.h"
#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/wire.h"

namespace mandate {
namespace {

// An entry takes about a kilobyte, or what its audience and its plan take.
constexpr int kEntriesPerMessage = 100;
constexpr size_t kMessageBytes = 1 << 20;

// An entry is read in some microseconds.
constexpr uint64_t kEntriesBetweenLooks = 256;

// How often a call that watches looks whether anybody still listens; news wakes it at once.
constexpr absl::Duration kLookEvery = absl::Milliseconds(250);

struct LedgerFilter {
  std::vector<std::string> terms;
  absl::Time since = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
};

absl::StatusOr<LedgerFilter> FilterFromWire(const v1::ReadLedgerRequest& wire) {
  LedgerFilter filter;
  const auto object = [&](bool present, const v1::ObjectReference& reference, const char* name) -> absl::Status {
    if (!present) return absl::OkStatus();
    auto value = FromWire(reference, name);
    if (!value.ok()) return value.status();
    filter.terms.push_back(Cat(name, " ", ToText(*value)));
    return absl::OkStatus();
  };
  absl::Status status = object(wire.has_session(), wire.session(), "session");
  status.Update(object(wire.has_task(), wire.task(), "task"));
  status.Update(object(wire.has_agent(), wire.agent(), "agent"));
  status.Update(object(wire.has_principal(), wire.principal(), "principal"));
  status.Update(object(wire.has_resource(), wire.resource(), "resource"));
  if (!status.ok()) return status;
  constexpr std::string_view kPrefix = "DECISION_";
  if (wire.decision() != v1::DECISION_UNSPECIFIED) {
    const std::string& name = v1::Decision_Name(wire.decision());
    if (name.empty()) {
      return WithField(WithReason(InvalidArgument("a decision is one of DECISION_ALLOWED, DECISION_DENIED, "
                                                  "DECISION_CONDITIONAL"),
                                  "MALFORMED_FIELD"),
                       "decision");
    }
    filter.terms.push_back(Cat("decision ", name.substr(kPrefix.size())));
  }
  for (const auto& [present, stamp, field, place] :
       {std::tuple(wire.has_since(), &wire.since(), "since", &filter.since),
        std::tuple(wire.has_until(), &wire.until(), "until", &filter.until)}) {
    if (!present) continue;
    auto time = TimeFromWire(*stamp, field);
    if (!time.ok()) return time.status();
    *place = *time;
  }
  return filter;
}

// Sends what matches in one snapshot after another.
class LedgerStream {
 public:
  LedgerStream(const LedgerFilter& filter, const v1::ReadLedgerRequest& request, const grpc::ServerContext& context,
               grpc::ServerWriter<v1::ReadLedgerResponse>* writer)
      : filter_(filter),
        limit_(request.limit()),
        after_(request.after_sequence()),
        context_(context),
        writer_(*writer) {}

  // False once nothing more is wanted.
  absl::StatusOr<bool> Send(const Snapshot& snapshot) {
    auto cursor = snapshot.Ledger(filter_.terms, after_);
    for (; cursor->Valid(); cursor->Next()) {
      const LedgerRecord& record = cursor->record();
      after_ = record.sequence;
      if (++seen_ % kEntriesBetweenLooks == 0 && context_.IsCancelled()) return CallerGone();
      auto matches = Matches(record);
      if (!matches.ok()) return matches.status();
      if (!*matches) continue;
      v1::LedgerEntry* entry = response_.add_entries();
      entry->set_sequence(record.sequence);
      entry->set_body(record.body);
      entry->set_digest(record.digest);
      entry->set_hash(record.hash);
      entry->set_retired(record.retired);
      ++sent_;
      bytes_ += record.body.size();
      const bool enough = limit_ != 0 && sent_ == limit_;
      const bool full = response_.entries_size() == kEntriesPerMessage || bytes_ >= kMessageBytes;
      if ((enough || full) && !Flush()) return false;
      if (enough) return false;
    }
    if (!cursor->status().ok()) return cursor->status();
    after_ = std::max(after_, snapshot.ledger_head().sequence);
    return Flush();
  }

  uint64_t after() const { return after_; }

 private:
  absl::StatusOr<bool> Matches(const LedgerRecord& record) const {
    if (filter_.since == absl::InfinitePast() && filter_.until == absl::InfiniteFuture()) return true;
    if (record.retired) return false;
    auto entry = EntryFromJson(record.body);
    if (!entry.ok()) return entry.status();
    return filter_.since <= entry->at && entry->at < filter_.until;
  }

  bool Flush() {
    if (response_.entries_size() == 0) return true;
    const bool sent = writer_.Write(response_);
    response_.Clear();
    bytes_ = 0;
    return sent;
  }

  const LedgerFilter& filter_;
  const uint64_t limit_;
  uint64_t after_;
  uint64_t seen_ = 0;
  size_t bytes_ = 0;  // Of the entries in response_.
  uint64_t sent_ = 0;
  const grpc::ServerContext& context_;
  grpc::ServerWriter<v1::ReadLedgerResponse>& writer_;
  v1::ReadLedgerResponse response_;
};

}  // namespace

grpc::Status DelegationServer::DescribeLedger(grpc::ServerContext* context, const v1::DescribeLedgerRequest* request,
                                              v1::DescribeLedgerResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  const auto head = database_->store().Head();
  const LedgerHead& ledger = head->ledger_head();
  response->set_sequence(ledger.sequence);
  response->set_hash(ledger.hash);
  response->set_base_sequence(ledger.base);
  response->set_base_hash(ledger.base_hash);
  response->set_database_id(database_->store().database_id());
  return grpc::Status::OK;
}

grpc::Status DelegationServer::ReadLedger(grpc::ServerContext* context, const v1::ReadLedgerRequest* request,
                                          grpc::ServerWriter<v1::ReadLedgerResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto filter = FilterFromWire(*request);
  if (!filter.ok()) return ToGrpc(filter.status());
  LedgerStream stream(*filter, *request, *context, writer);
  return ToGrpc(stream.Send(*database_->store().Head()).status());
}

grpc::Status DelegationServer::WatchLedger(grpc::ServerContext* context, const v1::ReadLedgerRequest* request,
                                           grpc::ServerWriter<v1::ReadLedgerResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto filter = FilterFromWire(*request);
  if (!filter.ok()) return ToGrpc(filter.status());
  LedgerStream stream(*filter, *request, *context, writer);
  // The header tells the caller that from here on nothing is missed.
  writer->SendInitialMetadata();
  while (!context->IsCancelled() && !stopping_) {
    if (!admission.Holds()) return admission.Lapsed();
    auto more = stream.Send(*database_->store().Head());
    if (!more.ok()) return ToGrpc(more.status());
    if (!*more) return grpc::Status::OK;
    database_->store().WaitBeyond(Revision(~uint64_t{0}), stream.after(), kLookEvery);
  }
  return stopping_ ? ToGrpc(WithReason(absl::UnavailableError("the server stops; watch again behind the last entry"),
                                       "SERVER_STOPS"))
                   : ToGrpc(CallerGone());
}

grpc::Status DelegationServer::ReplayLedger(grpc::ServerContext* context, const v1::ReplayLedgerRequest* request,
                                            v1::ReplayLedgerResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto replayed = authorizer_.Replay(request->sequence(), LimitsFor(*database_, *context, admission));
  if (!replayed.ok()) return ToGrpc(replayed.status());
  response->set_same(replayed->differences.empty());
  ToWire(replayed->recorded, response->mutable_recorded());
  ToWire(replayed->replayed, response->mutable_replayed());
  for (const std::string& difference : replayed->differences) response->add_differences(difference);
  return grpc::Status::OK;
}

}  // namespace mandate
