// Relationships of authzed.api.v1: written, deleted, read, imported and exported.
#include "absl/strings/numbers.h"
#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/authzed_errors.h"
#include "service/authzed_services.h"
#include "service/authzed_wire.h"
#include "service/database/bulk.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr int kUpdatesMax = 1000;
constexpr int kPreconditionsMax = 1000;
constexpr uint64_t kReadMax = 1000;
constexpr uint64_t kDeleteMax = 1000;
constexpr uint64_t kExportPageMax = 10'000;
constexpr size_t kMetadataBytesMax = 32 << 10;  // What CompactContext takes.

// A page stays below what clients take as one message by default, 4 MiB.
constexpr size_t kExportPageBytesMax = 3 << 20;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// The index of `list[7]...`, if the path begins with that list and it has as many.
std::optional<size_t> IndexIn(std::string_view field, std::string_view list, size_t size) {
  if (!field.starts_with(Cat(list, "["))) return std::nullopt;
  field.remove_prefix(list.size() + 1);
  size_t index = 0;
  if (!absl::SimpleAtoi(AbslView(field.substr(0, field.find(']'))), &index) || index >= size) return std::nullopt;
  return index;
}

absl::Status PreconditionFailed(const absl::Status& status, const Precondition& precondition) {
  const TupleFilter& filter = precondition.filter;
  const bool must = precondition.kind == Precondition::Kind::kMustMatch;
  return AuthzedError(absl::StatusCode::kFailedPrecondition, az::ERROR_REASON_WRITE_OR_DELETE_PRECONDITION_FAILURE,
                      StdView(status.message()),
                      {{"precondition_operation", must ? "OPERATION_MUST_MATCH" : "OPERATION_MUST_NOT_MATCH"},
                       {"precondition_resource_type", filter.resource_type},
                       {"precondition_resource_id", filter.resource_id},
                       {"precondition_resource_id_prefix", filter.resource_id_prefix},
                       {"precondition_relation", filter.relation},
                       {"precondition_subject_type", filter.subject_type},
                       {"precondition_subject_id", filter.subject_id},
                       {"precondition_subject_relation", filter.subject_relation.value_or("")}});
}

// What the database says of a write, placed in the caller's request: `changes[i].relationship` is `before` i `after`.
grpc::Status WriteError(const absl::Status& status, const std::vector<TupleChange>& changes,
                        const std::vector<Precondition>& preconditions, std::string_view before,
                        std::string_view after) {
  const std::string field = FieldOf(status);
  if (auto i = IndexIn(field, "preconditions", preconditions.size()); i && ReasonOf(status) == "PRECONDITION_FAILED") {
    return ToGrpc(WithField(PreconditionFailed(status, preconditions[*i]), Cat("optional_", field)));
  }
  auto i = IndexIn(field, "changes", changes.size());
  if (!i) return ToAuthzed(status);
  return ToAuthzed(InWordsOfCaller(status, before, after), changes[*i].relationship);
}

absl::Status TooManyUpdates(int got) {
  return AuthzedError(kInvalid, az::ERROR_REASON_TOO_MANY_UPDATES_IN_REQUEST,
                      Cat("a write has at most ", kUpdatesMax, " updates, this one ", got, "; split it"),
                      {{"update_count", Cat(got)}, {"maximum_updates_allowed", Cat(kUpdatesMax)}});
}

absl::StatusOr<std::string> MetadataFromWire(const google::protobuf::Struct& wire) {
  auto metadata = ContextFromWire(wire, "optional_transaction_metadata");
  if (metadata.ok()) return metadata;
  const size_t bytes = wire.ByteSizeLong();
  if (bytes <= kMetadataBytesMax / 2) return metadata.status();
  return AuthzedError(
      kInvalid, az::ERROR_REASON_TRANSACTION_METADATA_TOO_LARGE,
      Cat("the metadata of a transaction has at most ", kMetadataBytesMax, " bytes as JSON"),
      {{"metadata_byte_size", Cat(bytes)}, {"maximum_allowed_metadata_byte_size", Cat(kMetadataBytesMax)}});
}

using WirePreconditions = google::protobuf::RepeatedPtrField<az::Precondition>;

absl::StatusOr<std::vector<Precondition>> PreconditionsFromWire(const Schema& schema, const WirePreconditions& wire) {
  if (wire.size() > kPreconditionsMax) {
    return AuthzedError(
        kInvalid, az::ERROR_REASON_TOO_MANY_PRECONDITIONS_IN_REQUEST,
        Cat("a write has at most ", kPreconditionsMax, " preconditions, this one ", wire.size()),
        {{"precondition_count", Cat(wire.size())}, {"maximum_updates_allowed", Cat(kPreconditionsMax)}});
  }
  std::vector<Precondition> preconditions;
  for (int i = 0; i < wire.size(); ++i) {
    const std::string path = Cat("optional_preconditions[", i, "]");
    auto precondition = FromWire(wire.Get(i), path);
    if (!precondition.ok()) return precondition.status();
    absl::Status known = AdmitFilter(schema, precondition->filter, Cat(path, ".filter"));
    if (!known.ok()) return known;
    preconditions.push_back(*std::move(precondition));
  }
  return preconditions;
}

// More match than may be deleted at once.
absl::Status TooManyMatch(const absl::Status& status, const Database::Deletion& deletion) {
  const TupleFilter& filter = deletion.filters[0];
  std::map<std::string, std::string> metadata = {{"limit", Cat(deletion.at_most)}};
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) metadata[Cat("filter_", key)] = value;
  };
  add("resource_type", filter.resource_type);
  add("resource_id", filter.resource_id);
  add("resource_id_prefix", filter.resource_id_prefix);
  add("relation", filter.relation);
  add("subject_type", filter.subject_type);
  add("subject_id", filter.subject_id);
  add("subject_relation", filter.subject_relation.value_or(""));
  return AuthzedError(kInvalid, az::ERROR_REASON_TOO_MANY_RELATIONSHIPS_FOR_TRANSACTIONAL_DELETE,
                      StdView(status.message()), metadata);
}

}  // namespace

AuthzedPermissions::AuthzedPermissions(Database* database, Gate* gate) : database_(database), gate_(gate) {
  MarkMethodStreamed(MethodIndex("authzed.api.v1.PermissionsService.ImportBulkRelationships"),
                     MessageHandler(this, &AuthzedPermissions::StreamedImportBulkRelationships));
}

grpc::Status AuthzedPermissions::WriteRelationships(grpc::ServerContext* context,
                                                    const az::WriteRelationshipsRequest* request,
                                                    az::WriteRelationshipsResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (request->updates_size() > kUpdatesMax) return ToGrpc(TooManyUpdates(request->updates_size()));
  if (request->updates_size() == 0) {
    return ToGrpc(
        WithField(WithReason(InvalidArgument("a write has at least one update"), "MISSING_FIELD"), "updates"));
  }
  std::vector<TupleChange> changes;
  for (int i = 0; i < request->updates_size(); ++i) {
    auto change = FromWire(request->updates(i), FieldPath("updates", i));
    if (!change.ok()) return ToAuthzed(change.status());
    changes.push_back(*std::move(change));
  }
  auto view = database_->Head();
  if (!view.ok()) return ToAuthzed(view.status(), changes[0].relationship);
  auto preconditions = PreconditionsFromWire(view->plan->schema(), request->optional_preconditions());
  if (!preconditions.ok()) return ToAuthzed(preconditions.status());
  auto metadata = MetadataFromWire(request->optional_transaction_metadata());
  if (!metadata.ok()) return ToAuthzed(metadata.status());
  auto revision = database_->Write(changes, *preconditions, *metadata);
  if (!revision.ok()) {
    return WriteError(revision.status(), changes, *preconditions, "updates[", "].relationship");
  }
  response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), *revision));
  return grpc::Status::OK;
}

grpc::Status AuthzedPermissions::DeleteRelationships(grpc::ServerContext* context,
                                                     const az::DeleteRelationshipsRequest* request,
                                                     az::DeleteRelationshipsResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (absl::Status status = AdmitLimit(request->optional_limit(), kDeleteMax); !status.ok()) return ToAuthzed(status);
  auto filter = FromWire(request->relationship_filter(), "relationship_filter");
  if (!filter.ok()) return ToAuthzed(filter.status());
  auto view = database_->Head();
  if (!view.ok()) return ToAuthzed(view.status(), NamesIn(*filter));
  absl::Status known = AdmitFilter(view->plan->schema(), *filter, "relationship_filter");
  if (!known.ok()) return ToAuthzed(known);
  auto preconditions = PreconditionsFromWire(view->plan->schema(), request->optional_preconditions());
  if (!preconditions.ok()) return ToAuthzed(preconditions.status());
  auto metadata = MetadataFromWire(request->optional_transaction_metadata());
  if (!metadata.ok()) return ToAuthzed(metadata.status());
  const Database::Deletion deletion{.filters = {*std::move(filter)},
                                    .preconditions = *std::move(preconditions),
                                    .at_most = request->optional_limit(),
                                    .allow_partial = request->optional_allow_partial_deletions(),
                                    .metadata = *std::move(metadata)};
  auto deleted = database_->Delete(deletion);
  if (ReasonOf(deleted.status()) == "TOO_MANY_MATCH") return ToGrpc(TooManyMatch(deleted.status(), deletion));
  if (!deleted.ok()) return WriteError(deleted.status(), {}, deletion.preconditions, "", "");
  response->set_relationships_deleted_count(deleted->count);
  response->set_deletion_progress(deleted->complete ? az::DeleteRelationshipsResponse::DELETION_PROGRESS_COMPLETE
                                                    : az::DeleteRelationshipsResponse::DELETION_PROGRESS_PARTIAL);
  response->mutable_deleted_at()->set_token(EncodeToken(database_->store().database_id(), deleted->revision));
  return grpc::Status::OK;
}

grpc::Status AuthzedPermissions::ReadRelationships(grpc::ServerContext* context,
                                                   const az::ReadRelationshipsRequest* request,
                                                   grpc::ServerWriter<az::ReadRelationshipsResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (absl::Status status = AdmitLimit(request->optional_limit(), kReadMax); !status.ok()) return ToAuthzed(status);
  auto filter = FromWire(request->relationship_filter(), "relationship_filter");
  if (!filter.ok()) return ToAuthzed(filter.status());
  az::ReadRelationshipsRequest listing = *request;
  listing.clear_optional_limit();
  auto place = PlaceOf(*database_, *request, std::move(listing));
  if (!place.ok()) return ToAuthzed(place.status());
  auto view = database_->ViewOf(place->snapshot);
  if (!view.ok()) return ToAuthzed(view.status(), NamesIn(*filter));
  absl::Status known = AdmitFilter(view->plan->schema(), *filter, "relationship_filter");
  if (!known.ok()) return ToAuthzed(known);
  auto after = RelationshipAt(place->after);
  if (!after.ok()) return ToAuthzed(after.status());
  uint64_t sent = 0;
  absl::Status ended;
  const absl::Status status = ForEachLive(
      *place->snapshot, *filter, *after, database_->now(), [context] { return context->IsCancelled(); },
      [&](const TupleRow&, const Relationship& relationship) {
        az::ReadRelationshipsResponse response;
        response.mutable_read_at()->set_token(place->token);
        ToWire(relationship, response.mutable_relationship());
        response.mutable_after_result_cursor()->set_token(place->EncodeBehind(PositionOf(relationship)));
        ++sent;
        if (context->IsCancelled() || !writer->Write(response)) ended = CallerGone();
        return ended.ok() && (request->optional_limit() == 0 || sent < request->optional_limit());
      });
  return ToAuthzed(ended.ok() ? status : ended);
}

grpc::Status AuthzedPermissions::StreamedImportBulkRelationships(
    grpc::ServerContext* context, MessageStream<az::ImportBulkRelationshipsRequest>* stream,
    az::ImportBulkRelationshipsResponse* response) {
  uint64_t loaded = 0;
  grpc::Status status = Import(context, stream, &loaded);
  response->set_num_loaded(loaded);
  return status;
}

grpc::Status AuthzedPermissions::Import(grpc::ServerContext* context,
                                        MessageStream<az::ImportBulkRelationshipsRequest>* stream, uint64_t* loaded) {
  const Admission admission = gate_->Admit(*context, az::ImportBulkRelationshipsRequest());
  if (!admission.ok()) return admission.Refused();
  RelationshipImport import(database_, ChangeOp::kCreate);
  const auto refused = [&](const absl::Status& status) {
    const Relationship* const offender = import.RefusedBy(status);
    if (offender == nullptr) return ToAuthzed(status);
    return ToAuthzed(InWordsOfCaller(status, "relationships[", "]"), *offender);
  };
  az::ImportBulkRelationshipsRequest request;
  while (true) {
    auto more = stream->Read(&request);
    if (!more.ok()) return ToAuthzed(more.status());
    if (!*more) break;
    if (absl::Status s = admission.May(request); !s.ok()) return ToGrpc(s);
    if (absl::Status s = import.Admit(request.ByteSizeLong()); !s.ok()) return ToAuthzed(s);
    for (const az::Relationship& wire : request.relationships()) {
      auto relationship = FromWire(wire, Cat("relationships[", import.size(), "]"));
      if (!relationship.ok()) return ToAuthzed(relationship.status());
      if (absl::Status s = import.Add(*std::move(relationship)); !s.ok()) return refused(s);
    }
  }
  // A connection that was lost ends the stream as a finished one does.
  if (context->IsCancelled()) return ToGrpc(CallerGone());
  if (import.size() == 0) return grpc::Status::OK;
  auto revision = import.Commit();
  if (!revision.ok()) return refused(revision.status());
  *loaded = import.size();
  return grpc::Status::OK;
}

grpc::Status AuthzedPermissions::ExportBulkRelationships(
    grpc::ServerContext* context, const az::ExportBulkRelationshipsRequest* request,
    grpc::ServerWriter<az::ExportBulkRelationshipsResponse>* writer) {
  return Export(context, *request,
                [&](const az::ExportBulkRelationshipsResponse& page) { return writer->Write(page); });
}

grpc::Status AuthzedPermissions::Export(grpc::ServerContext* context, const az::ExportBulkRelationshipsRequest& request,
                                        const ExportSink& write) {
  const Admission admission = gate_->Admit(*context, request);
  if (!admission.ok()) return admission.Refused();
  if (absl::Status status = AdmitLimit(request.optional_limit(), kExportPageMax); !status.ok()) {
    return ToAuthzed(status);
  }
  const uint64_t page_max = request.optional_limit() == 0 ? kExportPageMax : request.optional_limit();
  TupleFilter filter;
  if (request.has_optional_relationship_filter()) {
    auto narrowed = FromWire(request.optional_relationship_filter(), "optional_relationship_filter");
    if (!narrowed.ok()) return ToAuthzed(narrowed.status());
    filter = *std::move(narrowed);
  }
  az::ExportBulkRelationshipsRequest listing = request;
  listing.clear_optional_limit();
  auto place = PlaceOf(*database_, request, std::move(listing));
  if (!place.ok()) return ToAuthzed(place.status());
  auto after = RelationshipAt(place->after);
  if (!after.ok()) return ToAuthzed(after.status());
  az::ExportBulkRelationshipsResponse page;
  size_t bytes = 0;
  Relationship last;
  const auto send = [&] {
    page.mutable_after_result_cursor()->set_token(place->EncodeBehind(PositionOf(last)));
    const bool sent = write(page) && !context->IsCancelled();
    page.Clear();
    bytes = 0;
    return sent;
  };
  bool gone = false;
  const absl::Status status = ForEachLive(
      *place->snapshot, filter, *after, database_->now(), [context] { return context->IsCancelled(); },
      [&](const TupleRow&, const Relationship& relationship) {
        last = relationship;
        ToWire(last, page.add_relationships());
        bytes += page.relationships().rbegin()->ByteSizeLong();
        const uint64_t count = page.relationships_size();
        if (count >= page_max || bytes >= kExportPageBytesMax) gone = !send();
        return !gone;
      });
  if (gone) return ToGrpc(CallerGone());
  if (!status.ok()) return ToAuthzed(status);
  if (page.relationships_size() > 0 && !send()) return ToGrpc(CallerGone());
  return grpc::Status::OK;
}

}  // namespace mandate
