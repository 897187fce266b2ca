#include "schema/reason.h"
#include "schema/text.h"
#include "service/authzed_errors.h"
#include "service/authzed_services.h"
#include "service/authzed_wire.h"
#include "service/change_feed.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"
#include "service/wire_form.h"

namespace mandate {
namespace {

constexpr int kFiltersMax = 100;

class Sender final : public FeedSink {
 public:
  Sender(const std::string& database_id, grpc::ServerWriter<az::WatchResponse>* writer)
      : database_id_(database_id), writer_(*writer) {}

  // Updates and a change of the schema come apart.
  bool Send(const FeedPart& part) override {
    if (!part.changes.empty() && !SendUpdates(part)) return false;
    if (!part.schema_changed || part.continues) return true;
    az::WatchResponse response = Begin(part.resume);
    response.set_schema_updated(true);
    return writer_.Write(response);
  }

  bool Checkpoint(Revision through) override {
    az::WatchResponse response = Begin(through);
    response.set_is_checkpoint(true);
    return writer_.Write(response);
  }

 private:
  bool SendUpdates(const FeedPart& part) {
    az::WatchResponse response = Begin(part.resume);
    for (const CommittedChange* change : part.changes) {
      az::RelationshipUpdate* update = response.add_updates();
      update->set_operation(change->op == ChangeOp::kDelete ? az::RelationshipUpdate::OPERATION_DELETE
                                                            : az::RelationshipUpdate::OPERATION_TOUCH);
      ToWire(change->relationship, update->mutable_relationship());
    }
    if (!part.record->metadata.empty()) {
      ContextToWire(part.record->metadata, response.mutable_optional_transaction_metadata());
      *response.add_full_revision_metadata() = response.optional_transaction_metadata();
    }
    return writer_.Write(response);
  }

  az::WatchResponse Begin(Revision through) const {
    az::WatchResponse response;
    response.mutable_changes_through()->set_token(EncodeToken(database_id_, through));
    return response;
  }

  const std::string& database_id_;
  grpc::ServerWriter<az::WatchResponse>& writer_;
};

absl::Status FiltersFromWire(const az::WatchRequest& request, std::vector<TupleFilter>* filters) {
  const int types = request.optional_object_types_size();
  const int others = request.optional_relationship_filters_size();
  if (types > 0 && others > 0) {
    return Invalid("`optional_object_types` and `optional_relationship_filters` exclude each other; set one",
                   "FILTER_CONTRADICTS", "optional_relationship_filters");
  }
  if (std::max(types, others) > kFiltersMax) {
    return Invalid(Cat("a watch has at most ", kFiltersMax, " filters"), "TOO_MANY",
                   types > 0 ? "optional_object_types" : "optional_relationship_filters");
  }
  for (int i = 0; i < types; ++i) {
    const std::string& type = request.optional_object_types(i);
    absl::Status status = At(ValidateTypeName(type), Cat("optional_object_types[", i, "]"));
    if (!status.ok()) return status;
    filters->push_back({.resource_type = type});
  }
  for (int i = 0; i < others; ++i) {
    auto filter = FromWire(request.optional_relationship_filters(i), Cat("optional_relationship_filters[", i, "]"));
    if (!filter.ok()) return filter.status();
    filters->push_back(*std::move(filter));
  }
  return absl::OkStatus();
}

absl::Status KindsFromWire(const az::WatchRequest& request, FeedOptions* options) {
  options->relationships = request.optional_update_kinds().empty();
  for (const int kind : request.optional_update_kinds()) {
    switch (kind) {
      case az::WATCH_KIND_UNSPECIFIED:
      case az::WATCH_KIND_INCLUDE_RELATIONSHIP_UPDATES: options->relationships = true; break;
      case az::WATCH_KIND_INCLUDE_SCHEMA_UPDATES: options->schema_changes = true; break;
      case az::WATCH_KIND_INCLUDE_CHECKPOINTS: options->checkpoints = true; break;
      default: return Invalid("this kind of update is not known", "MALFORMED_FIELD", "optional_update_kinds");
    }
  }
  return absl::OkStatus();
}

}  // namespace

grpc::Status AuthzedWatch::Watch(grpc::ServerContext* context, const az::WatchRequest* request,
                                 grpc::ServerWriter<az::WatchResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  FeedOptions options{.expirations = false};
  absl::Status status = FiltersFromWire(*request, &options.filters);
  if (status.ok()) status = KindsFromWire(*request, &options);
  if (!status.ok()) {
    // Of this call no client expects a reason of theirs for the contradiction.
    return ToGrpc(status);
  }
  const TupleStore& store = database_->store();
  auto after =
      FeedStart(store, request->has_optional_start_cursor() ? &request->optional_start_cursor().token() : nullptr,
                "optional_start_cursor.token");
  if (!after.ok()) return ToAuthzed(after.status());
  options.after = *after;
  // The header tells the caller that from here on nothing is missed.
  writer->SendInitialMetadata();
  Sender sender(store.database_id(), writer);
  const absl::Status end = FollowChanges(
      *database_, options, [&] { return !context->IsCancelled() && !stopping_ && admission.Holds(); }, &sender);
  return admission.Holds() ? EndOfWatch(end, stopping_) : admission.Lapsed();
}

}  // namespace mandate
