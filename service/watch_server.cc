#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/change_feed.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr int kFiltersMax = 100;

class Sender final : public FeedSink {
 public:
  Sender(const std::string& database_id, grpc::ServerWriter<v1::WatchResponse>* writer)
      : database_id_(database_id), writer_(*writer) {}

  bool Send(const FeedPart& part) override {
    v1::WatchResponse response;
    for (const CommittedChange* change : part.changes) {
      v1::RelationshipChange* out = response.add_changes();
      out->set_kind(change->expired                   ? v1::RelationshipChange::KIND_EXPIRED
                    : change->op == ChangeOp::kDelete ? v1::RelationshipChange::KIND_DELETED
                                                      : v1::RelationshipChange::KIND_TOUCHED);
      ToWire(change->relationship, out->mutable_relationship());
    }
    response.mutable_at()->set_token(EncodeToken(database_id_, part.resume));
    response.set_continues(part.continues);
    ToWire(part.record->committed_at, response.mutable_committed_at());
    response.set_schema_changed(part.schema_changed);
    if (!part.record->metadata.empty()) ContextToWire(part.record->metadata, response.mutable_metadata());
    return writer_.Write(response);
  }

  bool Checkpoint(Revision through) override {
    v1::WatchResponse response;
    response.mutable_at()->set_token(EncodeToken(database_id_, through));
    response.set_checkpoint(true);
    return writer_.Write(response);
  }

 private:
  const std::string& database_id_;
  grpc::ServerWriter<v1::WatchResponse>& writer_;
};

}  // namespace

grpc::Status EndOfWatch(const absl::Status& status, bool stopping) {
  if (!status.ok()) return ToGrpc(status);
  return ToGrpc(stopping ? absl::UnavailableError("the server stops; watch again behind the last token")
                         : CallerGone());
}

grpc::Status WatchServer::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                grpc::ServerWriter<v1::WatchResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (request->filters_size() > kFiltersMax) {
    return ToGrpc(WithField(
        WithReason(InvalidArgument(Cat("a watch has at most ", kFiltersMax, " filters")), "TOO_MANY"), "filters"));
  }
  FeedOptions options{.schema_changes = request->schema_changes(), .checkpoints = request->checkpoints()};
  for (int i = 0; i < request->filters_size(); ++i) {
    auto filter = FromWire(request->filters(i), Cat("filters[", i, "]"));
    if (!filter.ok()) return ToGrpc(filter.status());
    options.filters.push_back(*std::move(filter));
  }
  const TupleStore& store = database_->store();
  auto after = FeedStart(store, request->has_after() ? &request->after().token() : nullptr, "after.token");
  if (!after.ok()) return ToGrpc(after.status());
  options.after = *after;
  // The header tells the caller that from here on nothing is missed.
  writer->SendInitialMetadata();
  Sender sender(store.database_id(), writer);
  const absl::Status end = FollowChanges(
      *database_, options, [&] { return !context->IsCancelled() && !stopping_ && admission.Holds(); }, &sender);
  return admission.Holds() ? EndOfWatch(end, stopping_) : admission.Lapsed();
}

}  // namespace mandate
