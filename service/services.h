// services.h: mandate.v1 over gRPC: check the form, resolve the revision, ask the database, write the answer.
//
// Threads     gRPC calls them from its own threads, many at a time.
// Ownership   The database and the gate outlive them.
// Errors      error_mapping.h; each message of proto/ states its own limits.
#ifndef MANDATE_SERVICE_SERVICES_H_
#define MANDATE_SERVICE_SERVICES_H_

#include <atomic>

#include "mandate/v1/admin_service.grpc.pb.h"
#include "mandate/v1/delegation_service.grpc.pb.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "mandate/v1/schema_service.grpc.pb.h"
#include "mandate/v1/watch_service.grpc.pb.h"
#include "service/access/gate.h"
#include "service/authorizer.h"
#include "service/database/database.h"
#include "service/request_log.h"

namespace mandate {

class PermissionServer final
    : public v1::PermissionService::WithStreamedUnaryMethod_CheckBatch<v1::PermissionService::Service> {
 public:
  PermissionServer(Database* database, Gate* gate, RequestLog* log) : database_(database), gate_(gate), log_(log) {}
  grpc::Status Check(grpc::ServerContext* context, const v1::CheckRequest* request,
                     v1::CheckResponse* response) override;
  grpc::Status StreamedCheckBatch(
      grpc::ServerContext* context,
      grpc::ServerUnaryStreamer<v1::CheckBatchRequest, v1::CheckBatchResponse>* stream) override;
  grpc::Status ListPermissions(grpc::ServerContext* context, const v1::ListPermissionsRequest* request,
                               v1::ListPermissionsResponse* response) override;
  grpc::Status Expand(grpc::ServerContext* context, const v1::ExpandRequest* request,
                      v1::ExpandResponse* response) override;
  grpc::Status LookupResources(grpc::ServerContext* context, const v1::LookupResourcesRequest* request,
                               grpc::ServerWriter<v1::LookupResourcesResponse>* writer) override;
  grpc::Status LookupSubjects(grpc::ServerContext* context, const v1::LookupSubjectsRequest* request,
                              grpc::ServerWriter<v1::LookupSubjectsResponse>* writer) override;

 private:
  grpc::Status AnswerBatch(grpc::ServerContext* context, const v1::CheckBatchRequest& request,
                           v1::CheckBatchResponse* response);
  void TellSlowQuestion(const grpc::ServerContext& context, std::chrono::nanoseconds took,
                        const CheckQuestion& question, const absl::Status& status, Checker* checker);

  Database* database_;
  Gate* gate_;
  RequestLog* log_;
};

class RelationshipServer final : public v1::RelationshipService::Service {
 public:
  RelationshipServer(Database* database, Gate* gate) : database_(database), gate_(gate) {}
  grpc::Status Write(grpc::ServerContext* context, const v1::WriteRequest* request,
                     v1::WriteResponse* response) override;
  grpc::Status Read(grpc::ServerContext* context, const v1::ReadRequest* request,
                    grpc::ServerWriter<v1::ReadResponse>* writer) override;
  grpc::Status Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                      v1::DeleteResponse* response) override;
  grpc::Status Import(grpc::ServerContext* context, grpc::ServerReader<v1::ImportRequest>* reader,
                      v1::ImportResponse* response) override;
  grpc::Status Export(grpc::ServerContext* context, const v1::ExportRequest* request,
                      grpc::ServerWriter<v1::ExportResponse>* writer) override;

 private:
  Database* database_;
  Gate* gate_;
};

class WatchServer final : public v1::WatchService::Service {
 public:
  WatchServer(Database* database, Gate* gate) : database_(database), gate_(gate) {}
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override;
  void set_stopping() { stopping_ = true; }  // Ends the calls under way.

 private:
  Database* database_;
  Gate* gate_;
  std::atomic<bool> stopping_ = false;
};

class DelegationServer final : public v1::DelegationService::Service {
 public:
  DelegationServer(Database* database, Gate* gate) : database_(database), gate_(gate), authorizer_(database) {}
  grpc::Status Delegate(grpc::ServerContext* context, const v1::DelegateRequest* request,
                        v1::DelegateResponse* response) override;
  grpc::Status OpenSession(grpc::ServerContext* context, const v1::OpenSessionRequest* request,
                           v1::OpenSessionResponse* response) override;
  grpc::Status CloseSession(grpc::ServerContext* context, const v1::CloseSessionRequest* request,
                            v1::CloseSessionResponse* response) override;
  grpc::Status Authorize(grpc::ServerContext* context, const v1::AuthorizeRequest* request,
                         v1::AuthorizeResponse* response) override;
  grpc::Status AuthorizeBatch(grpc::ServerContext* context, const v1::AuthorizeBatchRequest* request,
                              v1::AuthorizeBatchResponse* response) override;
  grpc::Status Approve(grpc::ServerContext* context, const v1::ApproveRequest* request,
                       v1::ApproveResponse* response) override;
  grpc::Status Revoke(grpc::ServerContext* context, const v1::RevokeRequest* request,
                      v1::RevokeResponse* response) override;
  grpc::Status DescribeAuthority(grpc::ServerContext* context, const v1::DescribeAuthorityRequest* request,
                                 v1::DescribeAuthorityResponse* response) override;
  grpc::Status DescribeLedger(grpc::ServerContext* context, const v1::DescribeLedgerRequest* request,
                              v1::DescribeLedgerResponse* response) override;
  grpc::Status ReadLedger(grpc::ServerContext* context, const v1::ReadLedgerRequest* request,
                          grpc::ServerWriter<v1::ReadLedgerResponse>* writer) override;
  grpc::Status WatchLedger(grpc::ServerContext* context, const v1::ReadLedgerRequest* request,
                           grpc::ServerWriter<v1::ReadLedgerResponse>* writer) override;
  grpc::Status ReplayLedger(grpc::ServerContext* context, const v1::ReplayLedgerRequest* request,
                            v1::ReplayLedgerResponse* response) override;

  Authorizer& authorizer() { return authorizer_; }
  void set_stopping() { stopping_ = true; }  // Ends the calls that watch.

 private:
  Database* database_;
  Gate* gate_;
  Authorizer authorizer_;
  std::atomic<bool> stopping_ = false;
};

class SchemaServer final : public v1::SchemaService::Service {
 public:
  SchemaServer(Database* database, Gate* gate) : database_(database), gate_(gate) {}
  grpc::Status ReadSchema(grpc::ServerContext* context, const v1::ReadSchemaRequest* request,
                          v1::ReadSchemaResponse* response) override;
  grpc::Status WriteSchema(grpc::ServerContext* context, const v1::WriteSchemaRequest* request,
                           v1::WriteSchemaResponse* response) override;
  grpc::Status ReflectSchema(grpc::ServerContext* context, const v1::ReflectSchemaRequest* request,
                             v1::ReflectSchemaResponse* response) override;
  grpc::Status ReflectMember(grpc::ServerContext* context, const v1::ReflectMemberRequest* request,
                             v1::ReflectMemberResponse* response) override;
  grpc::Status DiffSchema(grpc::ServerContext* context, const v1::DiffSchemaRequest* request,
                          v1::DiffSchemaResponse* response) override;

 private:
  Database* database_;
  Gate* gate_;
};

class AdminServer final : public v1::AdminService::Service {
 public:
  // `backups`: the directory for backups; empty: none.
  AdminServer(Database* database, Gate* gate, std::string backups)
      : database_(database), gate_(gate), backups_(std::move(backups)), started_at_(absl::Now()) {}
  grpc::Status Backup(grpc::ServerContext* context, const v1::BackupRequest* request,
                      v1::BackupResponse* response) override;
  grpc::Status Compact(grpc::ServerContext* context, const v1::CompactRequest* request,
                       v1::CompactResponse* response) override;
  grpc::Status ReadStats(grpc::ServerContext* context, const v1::ReadStatsRequest* request,
                         v1::ReadStatsResponse* response) override;

 private:
  Database* database_;
  Gate* gate_;
  const std::string backups_;
  const absl::Time started_at_;
};

// What a question is asked at, and with which limits.
absl::StatusOr<View> ViewFor(const Database& database, const v1::Consistency& consistency);
// The server's limits, with no more time than the caller waits, and none once it went away. REQUIRES: the context
// outlives the limits.
CheckLimits LimitsFor(const Database& database, const grpc::ServerContext& context, const Admission& admission);

// The same, for one result of a stream, which as a whole ends with the call's own deadline.
CheckLimits StreamLimits(const Database& database, const grpc::ServerContext& context, const Admission& admission);

// After so many items a batch looks whether its caller is still there.
inline constexpr int kItemsBetweenLooks = 64;

// RESOURCE_EXHAUSTED (RESPONSE_TOO_LARGE) once the results of a batch, each with its explanation, take more than a
// response holds. Without explanations they are small, and not counted.
absl::Status AdmitExplained(size_t bytes);

// What a watch ends with. `stopping`: the server does.
grpc::Status EndOfWatch(const absl::Status& status, bool stopping);

// The longest schema that is taken, in bytes.
inline constexpr size_t kSchemaBytesMax = 3 << 20;
absl::Status AdmitSchemaSize(const std::string& schema);

// INVALID_ARGUMENT with the errors among `findings` as a SchemaErrors. REQUIRES: there is one.
grpc::Status SchemaInvalid(const std::vector<Diagnostic>& findings);

// The snapshot that a request's consistency asks for. On one node the newest snapshot costs a reference count, so
// "minimize latency" and "fully consistent" are the same: no answer is stale.
absl::StatusOr<std::shared_ptr<const Snapshot>> Resolve(const Database& database, const v1::Consistency& consistency);

}  // namespace mandate

#endif  // MANDATE_SERVICE_SERVICES_H_
