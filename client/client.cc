#include "client/client.h"

#include <algorithm>
#include <random>
#include <thread>

namespace mandate::client {
namespace {

using SystemClock = std::chrono::system_clock;

// A random part of the delay, so that clients which were cut off together do not come back together.
std::chrono::milliseconds Jittered(std::chrono::milliseconds delay) {
  thread_local std::mt19937_64 random(std::random_device{}());
  return std::chrono::milliseconds(std::uniform_int_distribution<int64_t>(delay.count() / 2, delay.count())(random));
}

std::chrono::milliseconds DelayBefore(const Options& options, int attempt) {
  return Jittered(options.retry_delay * (1 << std::min(attempt, 10)));
}

bool MayRetry(const grpc::Status& status) { return status.error_code() == grpc::StatusCode::UNAVAILABLE; }

// Done twice, it comes to the same: what is created or asked for beforehand would not.
bool IsRepeatable(const v1::WriteRequest& request) {
  return request.preconditions().empty() &&
         std::none_of(request.updates().begin(), request.updates().end(), [](const v1::RelationshipUpdate& update) {
           return update.operation() == v1::RelationshipUpdate::OPERATION_CREATE;
         });
}

// `a` and `b` of `aSEPb`; all in `a` without the separator.
std::pair<std::string, std::string> Split(const std::string& text, char separator) {
  const size_t at = text.find(separator);
  if (at == text.npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

const v1::Token& WrittenAt(const v1::WriteResponse& response) { return response.written_at(); }
const v1::Token& WrittenAt(const v1::DeleteResponse& response) { return response.deleted_at(); }
const v1::Token& WrittenAt(const v1::WriteSchemaResponse& response) { return response.written_at(); }
const v1::Token& WrittenAt(const v1::DelegateResponse& response) { return response.written_at(); }
const v1::Token& WrittenAt(const v1::OpenSessionResponse& response) { return response.written_at(); }
const v1::Token& WrittenAt(const v1::RevokeResponse& response) { return response.written_at(); }

}  // namespace

v1::ObjectReference Object(const std::string& text) {
  const auto [type, id] = Split(text, ':');
  v1::ObjectReference object;
  object.set_type(type);
  object.set_id(id);
  return object;
}

v1::SubjectReference Subject(const std::string& text) {
  const auto [object_text, relation] = Split(text, '#');
  const v1::ObjectReference object = Object(object_text);
  v1::SubjectReference subject;
  subject.set_type(object.type());
  subject.set_id(object.id());
  subject.set_relation(relation);
  return subject;
}

v1::Relationship ParseRelationship(const std::string& text) {
  const auto [left, subject] = Split(text, '@');
  const auto [resource, relation] = Split(left, '#');
  v1::Relationship relationship;
  *relationship.mutable_resource() = Object(resource);
  relationship.set_relation(relation);
  *relationship.mutable_subject() = Subject(subject);
  return relationship;
}

Client::Client(Options options)
    : options_(std::move(options)),
      channel_(grpc::CreateChannel(options_.server,
                                   options_.credentials ? options_.credentials : grpc::InsecureChannelCredentials())),
      permissions_(v1::PermissionService::NewStub(channel_)),
      relationships_(v1::RelationshipService::NewStub(channel_)),
      schema_(v1::SchemaService::NewStub(channel_)),
      watch_(v1::WatchService::NewStub(channel_)),
      delegation_(v1::DelegationService::NewStub(channel_)) {}

std::unique_ptr<grpc::ClientContext> Client::NewContextUntil(SystemClock::time_point deadline) const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(deadline);
  if (!options_.bearer_token.empty()) context->AddMetadata("authorization", "Bearer " + options_.bearer_token);
  return context;
}

std::unique_ptr<grpc::ClientContext> Client::NewContext() const {
  return NewContextUntil(SystemClock::now() + options_.timeout);
}

template <typename Stub, typename Request, typename Response>
Result<Response> Client::Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, Retry retry) {
  const auto deadline = SystemClock::now() + options_.timeout;
  const int attempts_max = retry == Retry::kYes ? options_.attempts_max : 1;
  for (int attempt = 0;; ++attempt) {
    const auto context = NewContextUntil(deadline);
    Response response;
    const grpc::Status status = (stub.*method)(context.get(), request, &response);
    if (status.ok()) return response;
    const auto delay = DelayBefore(options_, attempt);
    const bool has_time = SystemClock::now() + delay < deadline;
    if (!MayRetry(status) || attempt + 1 >= attempts_max || !has_time) return status;
    std::this_thread::sleep_for(delay);
  }
}

template <typename Stub, typename Request, typename Response>
grpc::Status Client::Stream(Stub& stub,
                            std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                                          const Request&),
                            Request request, const Visit<Response>& visit) {
  AskAtLeast(&request);
  const auto deadline = SystemClock::now() + options_.timeout;
  for (int attempt = 0;; ++attempt) {
    const auto context = NewContextUntil(deadline);
    const auto reader = (stub.*method)(context.get(), request);
    bool seen = false;
    Response response;
    while (reader->Read(&response)) {
      seen = true;
      if (visit(response)) continue;
      context->TryCancel();
      reader->Finish();
      return grpc::Status::OK;
    }
    const grpc::Status status = reader->Finish();
    const auto delay = DelayBefore(options_, attempt);
    const bool has_time = SystemClock::now() + delay < deadline;
    if (status.ok() || seen || !MayRetry(status) || attempt + 1 >= options_.attempts_max || !has_time) return status;
    std::this_thread::sleep_for(delay);
  }
}

template <typename Request>
void Client::AskAtLeast(Request* request) const {
  if (request->consistency().requirement_case() != v1::Consistency::REQUIREMENT_NOT_SET) return;
  const std::string newest = token();
  if (!newest.empty()) request->mutable_consistency()->mutable_at_least_as_fresh()->set_token(newest);
}

template <typename Response>
Result<Response> Client::NoteWritten(Result<Response> result) {
  if (result.ok() && !WrittenAt(*result).token().empty()) set_token(WrittenAt(*result).token());
  return result;
}

std::string Client::token() const {
  std::lock_guard lock(mutex_);
  return token_;
}

void Client::set_token(std::string token) {
  std::lock_guard lock(mutex_);
  token_ = std::move(token);
}

Result<bool> Client::IsAllowed(const std::string& resource, const std::string& permission, const std::string& subject) {
  v1::CheckRequest request;
  *request.mutable_item()->mutable_resource() = Object(resource);
  request.mutable_item()->set_permission(permission);
  *request.mutable_item()->mutable_subject() = Subject(subject);
  const auto response = Check(std::move(request));
  if (!response.ok()) return response.status();
  return response->result().decision() == v1::DECISION_ALLOWED;
}

Result<v1::CheckResponse> Client::Check(v1::CheckRequest request) {
  AskAtLeast(&request);
  return Call(*permissions_, &v1::PermissionService::Stub::Check, request, Retry::kYes);
}

Result<v1::CheckBatchResponse> Client::CheckBatch(v1::CheckBatchRequest request) {
  AskAtLeast(&request);
  return Call(*permissions_, &v1::PermissionService::Stub::CheckBatch, request, Retry::kYes);
}

Result<v1::ListPermissionsResponse> Client::ListPermissions(v1::ListPermissionsRequest request) {
  AskAtLeast(&request);
  return Call(*permissions_, &v1::PermissionService::Stub::ListPermissions, request, Retry::kYes);
}

Result<v1::ExpandResponse> Client::Expand(v1::ExpandRequest request) {
  AskAtLeast(&request);
  return Call(*permissions_, &v1::PermissionService::Stub::Expand, request, Retry::kYes);
}

Result<v1::ReadSchemaResponse> Client::ReadSchema(v1::ReadSchemaRequest request) {
  AskAtLeast(&request);
  return Call(*schema_, &v1::SchemaService::Stub::ReadSchema, request, Retry::kYes);
}

Result<v1::WriteResponse> Client::Touch(const std::vector<std::string>& relationships) {
  v1::WriteRequest request;
  for (const std::string& text : relationships) {
    v1::RelationshipUpdate* update = request.add_updates();
    update->set_operation(v1::RelationshipUpdate::OPERATION_TOUCH);
    *update->mutable_relationship() = ParseRelationship(text);
  }
  return Write(request);
}

Result<v1::WriteResponse> Client::Write(const v1::WriteRequest& request) {
  return NoteWritten(Call(*relationships_, &v1::RelationshipService::Stub::Write, request,
                          IsRepeatable(request) ? Retry::kYes : Retry::kNo));
}

Result<v1::DeleteResponse> Client::Delete(const v1::DeleteRequest& request) {
  return NoteWritten(Call(*relationships_, &v1::RelationshipService::Stub::Delete, request, Retry::kNo));
}

Result<v1::WriteSchemaResponse> Client::WriteSchema(const v1::WriteSchemaRequest& request) {
  return NoteWritten(Call(*schema_, &v1::SchemaService::Stub::WriteSchema, request, Retry::kYes));
}

Result<v1::DelegateResponse> Client::Delegate(const v1::DelegateRequest& request) {
  return NoteWritten(Call(*delegation_, &v1::DelegationService::Stub::Delegate, request, Retry::kNo));
}

Result<v1::OpenSessionResponse> Client::OpenSession(const v1::OpenSessionRequest& request) {
  return NoteWritten(Call(*delegation_, &v1::DelegationService::Stub::OpenSession, request, Retry::kNo));
}

// With a key of its own the server records it once, however often it comes.
Result<v1::AuthorizeResponse> Client::Authorize(const v1::AuthorizeRequest& request) {
  const Retry retry = request.idempotency_key().empty() ? Retry::kNo : Retry::kYes;
  return Call(*delegation_, &v1::DelegationService::Stub::Authorize, request, retry);
}

Result<v1::RevokeResponse> Client::Revoke(const v1::RevokeRequest& request) {
  return NoteWritten(Call(*delegation_, &v1::DelegationService::Stub::Revoke, request, Retry::kYes));
}

grpc::Status Client::LookupResources(v1::LookupResourcesRequest request,
                                     const Visit<v1::LookupResourcesResponse>& visit) {
  return Stream(*permissions_, &v1::PermissionService::Stub::LookupResources, std::move(request), visit);
}

grpc::Status Client::LookupSubjects(v1::LookupSubjectsRequest request, const Visit<v1::LookupSubjectsResponse>& visit) {
  return Stream(*permissions_, &v1::PermissionService::Stub::LookupSubjects, std::move(request), visit);
}

grpc::Status Client::Read(v1::ReadRequest request, const Visit<v1::ReadResponse>& visit) {
  return Stream(*relationships_, &v1::RelationshipService::Stub::Read, std::move(request), visit);
}

grpc::Status Client::Export(v1::ExportRequest request, const Visit<v1::ExportResponse>& visit) {
  return Stream(*relationships_, &v1::RelationshipService::Stub::Export, std::move(request), visit);
}

grpc::Status Client::Watch(v1::WatchRequest request, const Visit<std::vector<v1::WatchResponse>>& visit) {
  int failures = 0;
  while (true) {
    const auto context = NewContextUntil(SystemClock::time_point::max());
    const auto reader = watch_->Watch(context.get(), request);
    std::vector<v1::WatchResponse> commit;
    v1::WatchResponse response;
    while (reader->Read(&response)) {
      failures = 0;
      commit.push_back(response);
      if (response.continues()) continue;
      *request.mutable_after() = response.at();
      const bool go_on = visit(commit);
      commit.clear();
      if (go_on) continue;
      context->TryCancel();
      reader->Finish();
      return grpc::Status::OK;
    }
    const grpc::Status status = reader->Finish();
    const bool was_slow = status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
    // Without a token yet, to watch again would be to begin at another revision, with what lies in between missed.
    if ((!MayRetry(status) && !was_slow) || !request.has_after() || ++failures >= options_.attempts_max * 4)
      return status;
    std::this_thread::sleep_for(DelayBefore(options_, failures - 1));
  }
}

}  // namespace mandate::client
