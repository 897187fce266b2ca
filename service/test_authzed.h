// test_authzed.h: authzed.api.v1 as a client calls it, for tests.
//
//   AuthzedServer server;
//   server.WriteSchema(kDocumentSchema);
//   EXPECT_EQ(server.Ask("document:plan#view@user:alice"), "HAS");
//
// Threads     As TestServer.
// Errors      Calls named Try... hand their status over; what others meet is a test failure.
#ifndef MANDATE_SERVICE_TEST_AUTHZED_H_
#define MANDATE_SERVICE_TEST_AUTHZED_H_

#include <map>
#include <string>
#include <vector>

#include "service/authzed_services.h"
#include "service/authzed_wire.h"
#include "service/test_server.h"

namespace mandate {

inline constexpr char kQuestionSchema[] = R"(
use expiration
use self

caveat office_hours(hour int, opens int) { hour >= opens && hour < 18 }
caveat broken(n int) { 1 / n > 0 }

definition user {
  relation related: user
  permission mine = related + self
}
definition team { relation member: user | team#member }
definition folder {
  relation parent: folder
  relation viewer: user
  permission view = viewer + parent->view
}
definition document {
  relation parent: folder
  relation viewer: user | user:* | team#member | user with office_hours | user with expiration | user with broken
  relation banned: user | user with office_hours
  permission view = (viewer + parent->view) - banned
  permission nobody = nil
}
)";

// `document:plan` and `user:alice`, `team:core#member` as messages.
inline az::ObjectReference AzObject(const std::string& text) {
  az::ObjectReference wire;
  ToWire(*ParseObject(text), &wire);
  return wire;
}
inline az::SubjectReference AzSubject(const std::string& text) {
  az::SubjectReference wire;
  ToWire(*ParseSubject(text), &wire);
  return wire;
}

struct AuthzedServer : TestServer {
  explicit AuthzedServer(DatabaseOptions options = {}) : TestServer(std::move(options)) {
    az_permissions = az::PermissionsService::NewStub(channel());
    az_schemas = az::SchemaService::NewStub(channel());
    az_watches = az::WatchService::NewStub(channel());
    az_experimental = az::ExperimentalService::NewStub(channel());
  }

  // One unary call of any of them; `response` may be null.
  template <typename Stub, typename Request, typename Response>
  absl::Status Unary(const std::unique_ptr<Stub>& stub,
                     grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                     const std::string& request, Response* response) {
    grpc::ClientContext context;
    Response dropped;
    return FromGrpc((stub.get()->*method)(&context, Proto<Request>(request), response ? response : &dropped));
  }

  // A stream, all of it.
  template <typename Stub, typename Request, typename Response>
  absl::Status Stream(const std::unique_ptr<Stub>& stub,
                      std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                                    const Request&),
                      const std::string& request, std::vector<Response>* responses) {
    grpc::ClientContext context;
    auto reader = (stub.get()->*method)(&context, Proto<Request>(request));
    Response response;
    while (reader->Read(&response)) responses->push_back(response);
    return FromGrpc(reader->Finish());
  }

  static az::CheckPermissionRequest Question(const std::string& text, const std::string& more = "") {
    auto request = Proto<az::CheckPermissionRequest>(more);
    auto question = ParseQuestion(text);
    EXPECT_TRUE(question.ok()) << question.status();
    mandate::ToWire(question->resource, request.mutable_resource());
    request.set_permission(question->permission);
    mandate::ToWire(question->subject, request.mutable_subject());
    return request;
  }

  absl::Status TryAsk(const az::CheckPermissionRequest& request, az::CheckPermissionResponse* response) {
    return Call(*az_permissions, &az::PermissionsService::Stub::CheckPermission, request, response);
  }
  // `HAS`, `NO`, `CONDITIONAL hour`, or the fault. `more`: other fields of the request, as text.
  std::string Ask(const std::string& question, const std::string& more = "") {
    az::CheckPermissionResponse response;
    const absl::Status status = TryAsk(Question(question, more), &response);
    return status.ok() ? Verdict(response.permissionship(), response.partial_caveat_info()) : Fault(status);
  }
  static std::string Verdict(az::CheckPermissionResponse::Permissionship permissionship,
                             const az::PartialCaveatInfo& missing) {
    std::string text = az::CheckPermissionResponse::Permissionship_Name(permissionship);
    text = text.substr(strlen("PERMISSIONSHIP_"));
    text = text.substr(0, text.find("_PERMISSION"));
    for (const std::string& name : missing.missing_required_context()) text += " " + name;
    return text;
  }

  // `touch document:plan#viewer@user:alice`, and other fields of the request.
  absl::Status TryUpdate(const std::vector<std::string>& updates, const std::string& more = "",
                         az::WriteRelationshipsResponse* response = nullptr) {
    auto request = Proto<az::WriteRelationshipsRequest>(more);
    for (const std::string& text : updates) {
      const size_t space = text.find(' ');
      const std::string op = text.substr(0, space);
      auto relationship = ParseRelationship(text.substr(space + 1));
      EXPECT_TRUE(relationship.ok()) << relationship.status();
      az::RelationshipUpdate* update = request.add_updates();
      update->set_operation(op == "create"  ? az::RelationshipUpdate::OPERATION_CREATE
                            : op == "touch" ? az::RelationshipUpdate::OPERATION_TOUCH
                                            : az::RelationshipUpdate::OPERATION_DELETE);
      mandate::ToWire(*relationship, update->mutable_relationship());
    }
    az::WriteRelationshipsResponse dropped;
    return Call(*az_permissions, &az::PermissionsService::Stub::WriteRelationships, request,
                response ? response : &dropped);
  }

  static std::string Text(const az::Relationship& wire) {
    auto relationship = FromWire(wire, "relationship");
    EXPECT_TRUE(relationship.ok()) << relationship.status();
    return ToText(*relationship);
  }

  std::unique_ptr<az::PermissionsService::Stub> az_permissions;
  std::unique_ptr<az::SchemaService::Stub> az_schemas;
  std::unique_ptr<az::WatchService::Stub> az_watches;
  std::unique_ptr<az::ExperimentalService::Stub> az_experimental;
};

// The metadata of an error.
using Facts = std::map<std::string, std::string>;

}  // namespace mandate

#endif  // MANDATE_SERVICE_TEST_AUTHZED_H_
