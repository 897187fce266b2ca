// Watch: the changelog, read on behind what was sent, and the commit itself wakes who waits. Nothing is kept for a watcher
// but its place, so a slow one costs the server nothing and loses nothing: it is told to come back, and goes on where it was.
//
// Why every change is seen once and in order: the changelog has one record for each revision, written in the commit's own
// batch; a watcher reads the records behind its place in their order, from a snapshot of the newest state, and its place
// moves only past a record that it has dealt with. WaitBeyond returns at once if a newer revision is there already, so no
// commit between the reading and the waiting is slept through.
#include <chrono>

#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr int kFiltersMax = 100;

// Of one message; a commit that has more is sent in several.
constexpr int kChangesPerMessage = 1000;

// Commits that are read together: their changes are in memory meanwhile.
constexpr size_t kCommitsPerRead = 64;

// How often a watcher that waits looks whether anybody still listens.
constexpr absl::Duration kLookEvery = absl::Milliseconds(250);

constexpr absl::Duration kCheckpointEvery = absl::Seconds(1);

// A watcher that takes longer than this for one message, and is this many commits behind when it has it, is told so.
constexpr absl::Duration kSlowMessage = absl::Seconds(10);
constexpr uint64_t kCommitsBehindMax = 10'000;

class Watcher {
 public:
  Watcher(const Database& database, const v1::WatchRequest& request, std::vector<TupleFilter> filters,
          Revision after, grpc::ServerWriter<v1::WatchResponse>* writer)
      : database_(database),
        request_(request),
        filters_(std::move(filters)),
        after_(after),
        writer_(*writer),
        checkpoint_at_(absl::Now() + kCheckpointEvery) {}

  // Everything that is there. CANCELLED once nobody listens.
  absl::Status SendNews() {
    for (;;) {
      auto records = database_.store().Changes(after_, kCommitsPerRead);
      if (!records.ok()) return records.status();
      for (const ChangeRecord& record : *records) {
        if (absl::Status status = Send(record); !status.ok()) return status;
        after_ = record.revision;
      }
      if (records->size() < kCommitsPerRead) return Checkpoint();
    }
  }

  Revision after() const { return after_; }

 private:
  absl::Status Send(const ChangeRecord& record) {
    const bool schema = record.schema_changed && request_.schema_changes();
    v1::WatchResponse response;
    bool any = false;
    for (const CommittedChange& change : record.changes) {
      if (!LetThrough(change.relationship)) continue;
      if (response.changes_size() == kChangesPerMessage) {
        response.set_continues(true);
        if (absl::Status status = Write(record, schema, &response); !status.ok()) return status;
      }
      v1::RelationshipChange* out = response.add_changes();
      out->set_kind(change.expired                    ? v1::RelationshipChange::KIND_EXPIRED
                    : change.op == ChangeOp::kDelete ? v1::RelationshipChange::KIND_DELETED
                                                      : v1::RelationshipChange::KIND_TOUCHED);
      ToWire(change.relationship, out->mutable_relationship());
      any = true;
    }
    return any || schema ? Write(record, schema, &response) : absl::OkStatus();
  }

  absl::Status Write(const ChangeRecord& record, bool schema, v1::WatchResponse* response) {
    // A token inside of a commit goes on at its beginning.
    SetToken(response->continues() ? after_ : record.revision, response);
    ToWire(record.committed_at, response->mutable_committed_at());
    response->set_schema_changed(schema);
    if (!record.metadata.empty()) ContextToWire(record.metadata, response->mutable_metadata());
    const absl::Time began = absl::Now();
    if (!writer_.Write(*response)) return absl::CancelledError("the caller went away");
    response->Clear();
    checkpoint_at_ = absl::Now() + kCheckpointEvery;
    const uint64_t behind = database_.store().Head()->revision().value() - after_.value();
    if (absl::Now() - began > kSlowMessage && behind > kCommitsBehindMax) {
      return WithReason(absl::ResourceExhaustedError(Cat("this watcher is ", behind, " commits behind and takes them more "
                                                         "slowly than they are written; watch again behind the last "
                                                         "token, with a narrower filter or a faster reader")),
                        "WATCH_TOO_SLOW");
    }
    return absl::OkStatus();
  }

  absl::Status Checkpoint() {
    if (!request_.checkpoints() || absl::Now() < checkpoint_at_) return absl::OkStatus();
    checkpoint_at_ = absl::Now() + kCheckpointEvery;
    v1::WatchResponse response;
    SetToken(after_, &response);
    response.set_checkpoint(true);
    return writer_.Write(response) ? absl::OkStatus() : absl::CancelledError("the caller went away");
  }

  void SetToken(Revision revision, v1::WatchResponse* response) const {
    response->mutable_at()->set_token(EncodeToken(database_.store().database_id(), revision));
  }

  bool LetThrough(const Relationship& relationship) const {
    if (filters_.empty()) return true;
    for (const TupleFilter& filter : filters_) {
      if (filter.Matches(relationship)) return true;
    }
    return false;
  }

  const Database& database_;
  const v1::WatchRequest& request_;
  const std::vector<TupleFilter> filters_;
  Revision after_;
  grpc::ServerWriter<v1::WatchResponse>& writer_;
  absl::Time checkpoint_at_;
};

}  // namespace

grpc::Status WatchServer::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                grpc::ServerWriter<v1::WatchResponse>* writer) {
  if (request->filters_size() > kFiltersMax) {
    return ToGrpc(WithField(
        WithReason(InvalidArgument(Cat("a watch has at most ", kFiltersMax, " filters")), "TOO_MANY"), "filters"));
  }
  std::vector<TupleFilter> filters;
  for (int i = 0; i < request->filters_size(); ++i) {
    auto filter = FromWire(request->filters(i), Cat("filters[", i, "]"));
    if (!filter.ok()) return ToGrpc(filter.status());
    filters.push_back(*std::move(filter));
  }
  const TupleStore& store = database_->store();
  Revision after = store.Head()->revision();
  if (request->has_after()) {
    auto revision = DecodeToken(store.database_id(), request->after().token());
    if (!revision.ok()) return ToGrpc(WithField(revision.status(), "after.token"));
    after = *revision;
    auto in_window = store.Changes(after, 0);
    if (!in_window.ok()) return ToGrpc(WithField(in_window.status(), "after.token"));
  }
  // The header tells the caller that from here on nothing is missed.
  writer->SendInitialMetadata();
  Watcher watcher(*database_, *request, std::move(filters), after, writer);
  while (!context->IsCancelled() && !stopping_) {
    if (absl::Status status = watcher.SendNews(); !status.ok()) return ToGrpc(status);
    store.WaitBeyond(watcher.after(), ~uint64_t{0}, kLookEvery);
  }
  return ToGrpc(stopping_ ? absl::UnavailableError("the server stops; watch again behind the last token")
                          : absl::CancelledError("the caller went away"));
}

}  // namespace mandate
