// authzed_services.h: authzed.api.v1 over gRPC, for clients that exist: translation alone, to the same calls that
// mandate.v1 makes.
//
// Threads     gRPC calls them from its own threads, many at a time.
// Ownership   The database and the gate outlive them.
// Errors      authzed_errors.h.
#ifndef MANDATE_SERVICE_AUTHZED_SERVICES_H_
#define MANDATE_SERVICE_AUTHZED_SERVICES_H_

#include <atomic>
#include <functional>

#include "authzed/api/v1/experimental_service.grpc.pb.h"
#include "authzed/api/v1/permission_service.grpc.pb.h"
#include "authzed/api/v1/schema_service.grpc.pb.h"
#include "authzed/api/v1/watch_service.grpc.pb.h"
#include "service/access/gate.h"
#include "service/database/database.h"
#include "service/message_stream.h"

namespace mandate {

namespace az = ::authzed::api::v1;

class AuthzedPermissions final
    : public az::PermissionsService::WithStreamedUnaryMethod_CheckBulkPermissions<az::PermissionsService::Service> {
 public:
  AuthzedPermissions(Database* database, Gate* gate);
  grpc::Status ReadRelationships(grpc::ServerContext* context, const az::ReadRelationshipsRequest* request,
                                 grpc::ServerWriter<az::ReadRelationshipsResponse>* writer) override;
  grpc::Status WriteRelationships(grpc::ServerContext* context, const az::WriteRelationshipsRequest* request,
                                  az::WriteRelationshipsResponse* response) override;
  grpc::Status DeleteRelationships(grpc::ServerContext* context, const az::DeleteRelationshipsRequest* request,
                                   az::DeleteRelationshipsResponse* response) override;
  grpc::Status CheckPermission(grpc::ServerContext* context, const az::CheckPermissionRequest* request,
                               az::CheckPermissionResponse* response) override;
  grpc::Status StreamedCheckBulkPermissions(
      grpc::ServerContext* context,
      grpc::ServerUnaryStreamer<az::CheckBulkPermissionsRequest, az::CheckBulkPermissionsResponse>* stream) override;
  grpc::Status ExpandPermissionTree(grpc::ServerContext* context, const az::ExpandPermissionTreeRequest* request,
                                    az::ExpandPermissionTreeResponse* response) override;
  grpc::Status LookupResources(grpc::ServerContext* context, const az::LookupResourcesRequest* request,
                               grpc::ServerWriter<az::LookupResourcesResponse>* writer) override;
  grpc::Status LookupSubjects(grpc::ServerContext* context, const az::LookupSubjectsRequest* request,
                              grpc::ServerWriter<az::LookupSubjectsResponse>* writer) override;
  grpc::Status StreamedImportBulkRelationships(grpc::ServerContext* context,
                                               MessageStream<az::ImportBulkRelationshipsRequest>* stream,
                                               az::ImportBulkRelationshipsResponse* response);
  grpc::Status ExportBulkRelationships(grpc::ServerContext* context, const az::ExportBulkRelationshipsRequest* request,
                                       grpc::ServerWriter<az::ExportBulkRelationshipsResponse>* writer) override;

  // The same without their gRPC types, for the calls that have earlier names.
  grpc::Status CheckBulk(grpc::ServerContext* context, const az::CheckBulkPermissionsRequest& request,
                         az::CheckBulkPermissionsResponse* response);
  grpc::Status Import(grpc::ServerContext* context, MessageStream<az::ImportBulkRelationshipsRequest>* stream,
                      uint64_t* loaded);
  // False: nothing more is wanted.
  using ExportSink = std::function<bool(const az::ExportBulkRelationshipsResponse&)>;
  grpc::Status Export(grpc::ServerContext* context, const az::ExportBulkRelationshipsRequest& request,
                      const ExportSink& write);

 private:
  Database* database_;
  Gate* gate_;
};

class AuthzedSchema final : public az::SchemaService::Service {
 public:
  AuthzedSchema(Database* database, Gate* gate) : database_(database), gate_(gate) {}
  grpc::Status ReadSchema(grpc::ServerContext* context, const az::ReadSchemaRequest* request,
                          az::ReadSchemaResponse* response) override;
  grpc::Status WriteSchema(grpc::ServerContext* context, const az::WriteSchemaRequest* request,
                           az::WriteSchemaResponse* response) override;
  grpc::Status ReflectSchema(grpc::ServerContext* context, const az::ReflectSchemaRequest* request,
                             az::ReflectSchemaResponse* response) override;
  grpc::Status ComputablePermissions(grpc::ServerContext* context, const az::ComputablePermissionsRequest* request,
                                     az::ComputablePermissionsResponse* response) override;
  grpc::Status DependentRelations(grpc::ServerContext* context, const az::DependentRelationsRequest* request,
                                  az::DependentRelationsResponse* response) override;
  grpc::Status DiffSchema(grpc::ServerContext* context, const az::DiffSchemaRequest* request,
                          az::DiffSchemaResponse* response) override;

 private:
  Database* database_;
  Gate* gate_;
};

class AuthzedWatch final : public az::WatchService::Service {
 public:
  AuthzedWatch(Database* database, Gate* gate) : database_(database), gate_(gate) {}
  grpc::Status Watch(grpc::ServerContext* context, const az::WatchRequest* request,
                     grpc::ServerWriter<az::WatchResponse>* writer) override;
  void set_stopping() { stopping_ = true; }  // Ends the calls under way.

 private:
  Database* database_;
  Gate* gate_;
  std::atomic<bool> stopping_ = false;
};

// Earlier names of calls of the others, which have the same layouts. Counters are refused.
class AuthzedExperimental final : public az::ExperimentalService::Service {
 public:
  AuthzedExperimental(AuthzedPermissions* permissions, AuthzedSchema* schema);
  grpc::Status StreamedBulkImportRelationships(grpc::ServerContext* context,
                                               MessageStream<az::ImportBulkRelationshipsRequest>* stream,
                                               az::BulkImportRelationshipsResponse* response);
  grpc::Status BulkExportRelationships(grpc::ServerContext* context, const az::BulkExportRelationshipsRequest* request,
                                       grpc::ServerWriter<az::BulkExportRelationshipsResponse>* writer) override;
  grpc::Status BulkCheckPermission(grpc::ServerContext* context, const az::BulkCheckPermissionRequest* request,
                                   az::BulkCheckPermissionResponse* response) override;
  grpc::Status ExperimentalReflectSchema(grpc::ServerContext* context,
                                         const az::ExperimentalReflectSchemaRequest* request,
                                         az::ExperimentalReflectSchemaResponse* response) override;
  grpc::Status ExperimentalComputablePermissions(grpc::ServerContext* context,
                                                 const az::ExperimentalComputablePermissionsRequest* request,
                                                 az::ExperimentalComputablePermissionsResponse* response) override;
  grpc::Status ExperimentalDependentRelations(grpc::ServerContext* context,
                                              const az::ExperimentalDependentRelationsRequest* request,
                                              az::ExperimentalDependentRelationsResponse* response) override;
  grpc::Status ExperimentalDiffSchema(grpc::ServerContext* context, const az::ExperimentalDiffSchemaRequest* request,
                                      az::ExperimentalDiffSchemaResponse* response) override;
  grpc::Status ExperimentalRegisterRelationshipCounter(
      grpc::ServerContext* context, const az::ExperimentalRegisterRelationshipCounterRequest* request,
      az::ExperimentalRegisterRelationshipCounterResponse* response) override;
  grpc::Status ExperimentalCountRelationships(grpc::ServerContext* context,
                                              const az::ExperimentalCountRelationshipsRequest* request,
                                              az::ExperimentalCountRelationshipsResponse* response) override;
  grpc::Status ExperimentalUnregisterRelationshipCounter(
      grpc::ServerContext* context, const az::ExperimentalUnregisterRelationshipCounterRequest* request,
      az::ExperimentalUnregisterRelationshipCounterResponse* response) override;

 private:
  AuthzedPermissions* permissions_;
  AuthzedSchema* schema_;
};

// What is wrong first with a text that does not compile: SCHEMA_PARSE_ERROR with its place, counted from 0, or
// SCHEMA_TYPE_ERROR. REQUIRES: there is an error among `findings`.
grpc::Status AuthzedSchemaError(const std::string& text, const std::vector<Diagnostic>& findings);

}  // namespace mandate

#endif  // MANDATE_SERVICE_AUTHZED_SERVICES_H_
