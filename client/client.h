// client.h: mandate.v1 for C++ programs: deadlines, retries, and reads that see the program's own writes.
//
//   mandate::client::Client client({.server = "localhost:50051"});
//   auto allowed = client.IsAllowed("document:plan", "view", "user:alice");
//   if (allowed.ok() && *allowed) Serve();
//
// Needs the generated stubs and gRPC alone; messages are those of mandate/v1/*.proto, which say what each field takes.
// An error is never a "no", and a result that is not ok() has no value: treat it as "not known", so refuse.
//
//   Deadlines   Each call ends after Options::timeout, its retries included (DEADLINE_EXCEEDED); a watch has none.
//   Retries     On UNAVAILABLE, after a delay that doubles and is drawn at random: calls that only read, and writes
//               that come to the same when they are done twice. Others tell UNAVAILABLE: whether they took place is not
//               known.
//   Tokens      Reads without a consistency of their own ask for at least the revision of the last write that this
//               client saw succeed, or of the last token handed to it, on any server of the database.
//
// Threads     Safe to share; one client for each program is enough.
// Ownership   Results own their messages.
// Errors      The server's, as grpc::Status; code and message; google.rpc.ErrorInfo is among the details.
#ifndef MANDATE_CLIENT_CLIENT_H_
#define MANDATE_CLIENT_CLIENT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "grpcpp/grpcpp.h"
#include "mandate/v1/delegation_service.grpc.pb.h"
#include "mandate/v1/permission_service.grpc.pb.h"
#include "mandate/v1/relationship_service.grpc.pb.h"
#include "mandate/v1/schema_service.grpc.pb.h"
#include "mandate/v1/watch_service.grpc.pb.h"

namespace mandate::client {

struct Options {
  std::string server = "localhost:50051";                 // HOST:PORT, or another target of gRPC's.
  std::shared_ptr<grpc::ChannelCredentials> credentials;  // Null: unencrypted.
  std::string bearer_token;                               // Sent as `authorization: Bearer ...` unless empty.
  std::chrono::milliseconds timeout{5000};
  int attempts_max = 4;                       // Of one call; 1: no retries.
  std::chrono::milliseconds retry_delay{20};  // Before the second attempt, at most; then twice as much.
};

// The value of a call, or why there is none.
template <typename Value>
class Result {
 public:
  Result(grpc::Status status) : status_(std::move(status)) {}  // NOLINT: either becomes a Result.
  Result(Value value) : value_(std::move(value)) {}            // NOLINT
  bool ok() const { return status_.ok(); }
  const grpc::Status& status() const { return status_; }
  // REQUIRES: ok()
  const Value& operator*() const { return value_; }
  const Value* operator->() const { return &value_; }

 private:
  grpc::Status status_;
  Value value_{};
};

// From text: `document:plan`; `user:alice`, `team:core#member`, `user:*`; `document:plan#viewer@team:core#member`. What
// has not this form comes out with empty fields, which the server refuses by name.
v1::ObjectReference Object(const std::string& text);
v1::SubjectReference Subject(const std::string& text);
v1::Relationship ParseRelationship(const std::string& text);

class Client {
 public:
  explicit Client(Options options);

  // True if allowed, false if denied or conditional: for the rest of the answer, Check.
  Result<bool> IsAllowed(const std::string& resource, const std::string& permission, const std::string& subject);
  Result<v1::CheckResponse> Check(v1::CheckRequest request);
  Result<v1::CheckBatchResponse> CheckBatch(v1::CheckBatchRequest request);
  Result<v1::ListPermissionsResponse> ListPermissions(v1::ListPermissionsRequest request);
  Result<v1::ExpandResponse> Expand(v1::ExpandRequest request);
  Result<v1::ReadSchemaResponse> ReadSchema(v1::ReadSchemaRequest request = {});

  Result<v1::WriteResponse> Touch(const std::vector<std::string>& relationships);
  Result<v1::WriteResponse> Write(const v1::WriteRequest& request);
  Result<v1::DeleteResponse> Delete(const v1::DeleteRequest& request);
  Result<v1::WriteSchemaResponse> WriteSchema(const v1::WriteSchemaRequest& request);

  Result<v1::DelegateResponse> Delegate(const v1::DelegateRequest& request);
  Result<v1::OpenSessionResponse> OpenSession(const v1::OpenSessionRequest& request);
  Result<v1::AuthorizeResponse> Authorize(const v1::AuthorizeRequest& request);
  Result<v1::RevokeResponse> Revoke(const v1::RevokeRequest& request);

  // Streams: `visit` gets each message, until it returns false. Nothing is retried once something was seen.
  template <typename Message>
  using Visit = std::function<bool(const Message&)>;
  grpc::Status LookupResources(v1::LookupResourcesRequest request, const Visit<v1::LookupResourcesResponse>& visit);
  grpc::Status LookupSubjects(v1::LookupSubjectsRequest request, const Visit<v1::LookupSubjectsResponse>& visit);
  grpc::Status Read(v1::ReadRequest request, const Visit<v1::ReadResponse>& visit);
  grpc::Status Export(v1::ExportRequest request, const Visit<v1::ExportResponse>& visit);
  // Goes on behind the last whole commit whenever the server restarts or the watcher was too slow, so that each change
  // comes once; a commit that was cut off comes again from its beginning, which is why its parts are handed over
  // together. Ends when `visit` returns false or with an error that watching again does not cure.
  grpc::Status Watch(v1::WatchRequest request, const Visit<std::vector<v1::WatchResponse>>& visit);

  // Of the last write that succeeded; to be handed to other programs, and taken from them.
  std::string token() const;
  void set_token(std::string token);

  // For calls that are not above: the generated stubs' channel, and a context with deadline and credentials.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  std::unique_ptr<grpc::ClientContext> NewContext() const;

 private:
  enum class Retry { kNo, kYes };
  template <typename Stub, typename Request, typename Response>
  Result<Response> Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                        const Request& request, Retry retry);
  template <typename Stub, typename Request, typename Response>
  grpc::Status Stream(Stub& stub,
                      std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                                    const Request&),
                      Request request, const Visit<Response>& visit);
  template <typename Request>
  void AskAtLeast(Request* request) const;
  template <typename Response>
  Result<Response> NoteWritten(Result<Response> result);
  std::unique_ptr<grpc::ClientContext> NewContextUntil(std::chrono::system_clock::time_point deadline) const;

  const Options options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::PermissionService::Stub> permissions_;
  const std::unique_ptr<v1::RelationshipService::Stub> relationships_;
  const std::unique_ptr<v1::SchemaService::Stub> schema_;
  const std::unique_ptr<v1::WatchService::Stub> watch_;
  const std::unique_ptr<v1::DelegationService::Stub> delegation_;
  mutable std::mutex mutex_;
  std::string token_;  // Guarded by mutex_.
};

}  // namespace mandate::client

#endif  // MANDATE_CLIENT_CLIENT_H_
