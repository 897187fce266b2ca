// Each call as the one that took its place. Messages of both have the same fields with the same numbers, so they go
// over by their bytes; a test holds the layouts against each other.
#include "service/authzed_services.h"
#include "service/error_mapping.h"

namespace mandate {
namespace {

template <typename To, typename From>
To As(const From& from) {
  To to;
  to.ParsePartialFromString(from.SerializePartialAsString());
  return to;
}

// `call` answers `Stable` for the stable request.
template <typename StableRequest, typename StableResponse, typename Request, typename Response, typename Call>
grpc::Status Forward(const Request& request, Response* response, const Call& call) {
  const auto stable = As<StableRequest>(request);
  StableResponse answer;
  grpc::Status status = call(&stable, &answer);
  if (status.ok()) *response = As<Response>(answer);
  return status;
}

grpc::Status NoCounters() {
  return ToGrpc(absl::UnimplementedError(
      "relationship counters are not served; ExportBulkRelationships with a filter tells how many there are"));
}

}  // namespace

AuthzedExperimental::AuthzedExperimental(AuthzedPermissions* permissions, AuthzedSchema* schema)
    : permissions_(permissions), schema_(schema) {
  MarkMethodStreamed(MethodIndex("authzed.api.v1.ExperimentalService.BulkImportRelationships"),
                     MessageHandler(this, &AuthzedExperimental::StreamedBulkImportRelationships));
}

grpc::Status AuthzedExperimental::StreamedBulkImportRelationships(
    grpc::ServerContext* context, MessageStream<az::ImportBulkRelationshipsRequest>* stream,
    az::BulkImportRelationshipsResponse* response) {
  uint64_t loaded = 0;
  grpc::Status status = permissions_->Import(context, stream, &loaded);
  response->set_num_loaded(loaded);
  return status;
}

grpc::Status AuthzedExperimental::BulkExportRelationships(
    grpc::ServerContext* context, const az::BulkExportRelationshipsRequest* request,
    grpc::ServerWriter<az::BulkExportRelationshipsResponse>* writer) {
  return permissions_->Export(context, As<az::ExportBulkRelationshipsRequest>(*request),
                              [&](const az::ExportBulkRelationshipsResponse& page) {
                                return writer->Write(As<az::BulkExportRelationshipsResponse>(page));
                              });
}

grpc::Status AuthzedExperimental::BulkCheckPermission(grpc::ServerContext* context,
                                                      const az::BulkCheckPermissionRequest* request,
                                                      az::BulkCheckPermissionResponse* response) {
  return Forward<az::CheckBulkPermissionsRequest, az::CheckBulkPermissionsResponse>(
      *request, response,
      [&](const auto* stable, auto* answer) { return permissions_->CheckBulk(context, *stable, answer); });
}

grpc::Status AuthzedExperimental::ExperimentalReflectSchema(grpc::ServerContext* context,
                                                            const az::ExperimentalReflectSchemaRequest* request,
                                                            az::ExperimentalReflectSchemaResponse* response) {
  return Forward<az::ReflectSchemaRequest, az::ReflectSchemaResponse>(
      *request, response,
      [&](const auto* stable, auto* answer) { return schema_->ReflectSchema(context, stable, answer); });
}

grpc::Status AuthzedExperimental::ExperimentalComputablePermissions(
    grpc::ServerContext* context, const az::ExperimentalComputablePermissionsRequest* request,
    az::ExperimentalComputablePermissionsResponse* response) {
  return Forward<az::ComputablePermissionsRequest, az::ComputablePermissionsResponse>(
      *request, response,
      [&](const auto* stable, auto* answer) { return schema_->ComputablePermissions(context, stable, answer); });
}

grpc::Status AuthzedExperimental::ExperimentalDependentRelations(
    grpc::ServerContext* context, const az::ExperimentalDependentRelationsRequest* request,
    az::ExperimentalDependentRelationsResponse* response) {
  return Forward<az::DependentRelationsRequest, az::DependentRelationsResponse>(
      *request, response,
      [&](const auto* stable, auto* answer) { return schema_->DependentRelations(context, stable, answer); });
}

grpc::Status AuthzedExperimental::ExperimentalDiffSchema(grpc::ServerContext* context,
                                                         const az::ExperimentalDiffSchemaRequest* request,
                                                         az::ExperimentalDiffSchemaResponse* response) {
  return Forward<az::DiffSchemaRequest, az::DiffSchemaResponse>(
      *request, response,
      [&](const auto* stable, auto* answer) { return schema_->DiffSchema(context, stable, answer); });
}

grpc::Status AuthzedExperimental::ExperimentalRegisterRelationshipCounter(
    grpc::ServerContext*, const az::ExperimentalRegisterRelationshipCounterRequest*,
    az::ExperimentalRegisterRelationshipCounterResponse*) {
  return NoCounters();
}

grpc::Status AuthzedExperimental::ExperimentalCountRelationships(grpc::ServerContext*,
                                                                 const az::ExperimentalCountRelationshipsRequest*,
                                                                 az::ExperimentalCountRelationshipsResponse*) {
  return NoCounters();
}

grpc::Status AuthzedExperimental::ExperimentalUnregisterRelationshipCounter(
    grpc::ServerContext*, const az::ExperimentalUnregisterRelationshipCounterRequest*,
    az::ExperimentalUnregisterRelationshipCounterResponse*) {
  return NoCounters();
}

}  // namespace mandate
