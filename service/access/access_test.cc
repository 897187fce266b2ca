// Every rule of who may call what, over real connections.
#include <set>

#include "authzed/api/v1/experimental_service.pb.h"
#include "authzed/api/v1/permission_service.grpc.pb.h"
#include "authzed/api/v1/schema_service.pb.h"
#include "authzed/api/v1/watch_service.pb.h"
#include "google/protobuf/descriptor.h"
#include "httplib.h"
#include "service/access/test_keyed_server.h"
#include "service/http/native_methods.h"

namespace mandate {
namespace {

using testing::AllOf;
using testing::HasSubstr;

namespace az = ::authzed::api::v1;

std::vector<std::string> EveryMethod() {
  std::vector<std::string> calls;
  for (const NativeMethod& method : NativeMethods()) calls.push_back(method.call);
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  (void)az::CheckPermissionRequest::descriptor();
  for (const char* name : {"PermissionsService", "SchemaService", "WatchService", "ExperimentalService"}) {
    const auto* service = pool->FindServiceByName(Cat("authzed.api.v1.", name));
    EXPECT_NE(service, nullptr) << name;
    for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
      calls.push_back(Cat("/", service->full_name(), "/", service->method(i)->name()));
    }
  }
  return calls;
}

// `PermissionService/Check`, `authzed/PermissionsService/CheckPermission`.
std::string ShortName(const std::string& call) {
  if (call.starts_with("/mandate.v1.")) return call.substr(12);
  EXPECT_TRUE(call.starts_with("/authzed.api.v1.")) << call;
  return "authzed/" + call.substr(16);
}

TEST(Access, EveryMethodIsClosedWithoutAKey) {
  KeyedServer server;
  const std::vector<std::string> methods = EveryMethod();
  EXPECT_GT(methods.size(), 55);
  for (const std::string& method : methods) {
    for (const std::string& shown : {std::string(), "Bearer " + MakeKey("reader")->key, "Basic " + server.Key("admin"),
                                     server.Key("admin"), std::string("Bearer "), server.Header("admin") + " "}) {
      const grpc::Status status = server.Call(method, shown);
      const bool is_counter = method.find("Counter") != method.npos || method.find("CountRel") != method.npos;
      EXPECT_EQ(status.error_code(), is_counter ? grpc::StatusCode::UNIMPLEMENTED : grpc::StatusCode::UNAUTHENTICATED)
          << method << " with " << shown << ": " << status.error_message();
    }
  }
}

TEST(Access, AnErrorTellsNothingAboutWhichKeysThereAre) {
  KeyedServer server;
  const auto error = [&](const std::string& header) {
    return server.Call("/mandate.v1.PermissionService/Check", header).error_message();
  };
  const std::string unknown = error("Bearer " + MakeKey("nobody")->key);
  EXPECT_EQ(unknown, "the API key is not valid");
  EXPECT_EQ(error("Bearer " + MakeKey("admin")->key), unknown);
  EXPECT_EQ(error("Bearer x"), unknown);
  EXPECT_EQ(error(""), "this server wants an API key: send `authorization: Bearer KEY`");
}

TEST(Access, EachRoleMayCallItsMethodsAndNoOthers) {
  KeyedServer server;
  const std::set<std::string> gateway = {"PermissionService/Check",
                                         "PermissionService/CheckBatch",
                                         "DelegationService/Authorize",
                                         "DelegationService/AuthorizeBatch",
                                         "authzed/PermissionsService/CheckPermission",
                                         "authzed/PermissionsService/CheckBulkPermissions",
                                         "authzed/ExperimentalService/BulkCheckPermission"};
  const std::set<std::string> only_admin = {"SchemaService/WriteSchema", "authzed/SchemaService/WriteSchema",
                                            "AdminService/Backup", "AdminService/Compact"};
  const std::set<std::string> not_for_readers = {"RelationshipService/Write",
                                                 "RelationshipService/Delete",
                                                 "RelationshipService/Import",
                                                 "DelegationService/Delegate",
                                                 "DelegationService/OpenSession",
                                                 "DelegationService/CloseSession",
                                                 "DelegationService/Authorize",
                                                 "DelegationService/AuthorizeBatch",
                                                 "DelegationService/Approve",
                                                 "DelegationService/Revoke",
                                                 "authzed/PermissionsService/WriteRelationships",
                                                 "authzed/PermissionsService/DeleteRelationships",
                                                 "authzed/PermissionsService/ImportBulkRelationships",
                                                 "authzed/ExperimentalService/BulkImportRelationships"};
  size_t denied = 0;
  for (const std::string& method : EveryMethod()) {
    const std::string name = ShortName(method);
    const bool is_counter = name.find("Counter") != name.npos || name.find("CountRel") != name.npos;
    if (is_counter) continue;
    const std::map<std::string, bool> may = {{"admin", true},
                                             {"writer", !only_admin.contains(name)},
                                             {"reader", !only_admin.contains(name) && !not_for_readers.contains(name)},
                                             {"gateway", gateway.contains(name)}};
    for (const auto& [role, expected] : may) {
      const absl::Status status = FromGrpc(server.Call(method, server.Header(role)));
      EXPECT_NE(status.code(), absl::StatusCode::kUnauthenticated) << name << " as " << role << ": " << status;
      EXPECT_EQ(ReasonOf(status) != "ROLE_NOT_ALLOWED", expected) << name << " as " << role << ": " << status;
      denied += !expected;
    }
  }
  EXPECT_GT(denied, 50);
}

TEST(Access, AGatewayLearnsNothingByLeavingTheAgentOut) {
  KeyedServer server;
  server.WriteWorld();
  v1::CheckRequest request;
  *request.mutable_item() = Item("document:eu-plan#view@run:1");
  EXPECT_TRUE(server.Allowed("gateway", request));
  *request.mutable_item() = Item("document:eu-plan#view@assistant:bot");
  EXPECT_FALSE(server.Allowed("gateway", request)) << "an agent without its task";
  request.mutable_item()->mutable_task()->set_type("errand");
  request.mutable_item()->mutable_task()->set_id("1");
  EXPECT_TRUE(server.Allowed("gateway", request));
  // The person, and what stands for persons.
  for (const char* subject : {"user:ann", "team:core#member", "user:nobody"}) {
    EXPECT_EQ(server.TryCheck("gateway", Cat("document:eu-plan#view@", subject)),
              "PERMISSION_DENIED ONLY_DELEGATED item.subject");
    EXPECT_EQ(server.TryCheck("reader", Cat("document:eu-plan#view@", subject)), "OK") << subject;
  }
  // Once more, now that a reader's answer is kept.
  EXPECT_EQ(server.TryCheck("gateway", "document:eu-plan#view@user:ann"),
            "PERMISSION_DENIED ONLY_DELEGATED item.subject");
  v1::CheckBatchRequest batch;
  *batch.add_items() = Item("document:eu-plan#view@run:1");
  *batch.add_items() = Item("document:eu-plan#view@user:ann");
  std::string bytes;
  v1::CheckBatchResponse results;
  ASSERT_TRUE(
      server
          .Call("/mandate.v1.PermissionService/CheckBatch", server.Header("gateway"), batch.SerializeAsString(), &bytes)
          .ok());
  ASSERT_TRUE(results.ParseFromString(bytes));
  EXPECT_EQ(results.results(0).result().decision(), v1::DECISION_ALLOWED);
  EXPECT_EQ(Fault(FromRpcStatus(results.results(1).error())), "PERMISSION_DENIED ONLY_DELEGATED items[1].subject");
  // By the other API.
  az::CheckPermissionRequest other;
  other.mutable_resource()->set_object_type("document");
  other.mutable_resource()->set_object_id("eu-plan");
  other.set_permission("view");
  other.mutable_subject()->mutable_object()->set_object_type("user");
  other.mutable_subject()->mutable_object()->set_object_id("ann");
  EXPECT_THAT(server.Try("/authzed.api.v1.PermissionsService/CheckPermission", "gateway", other),
              HasSubstr("PERMISSION_DENIED"));
  other.mutable_subject()->mutable_object()->set_object_type("run");
  other.mutable_subject()->mutable_object()->set_object_id("1");
  EXPECT_EQ(server.Try("/authzed.api.v1.PermissionsService/CheckPermission", "gateway", other), "OK");
}

TEST(Access, AGatewayBringsNoRelationships) {
  KeyedServer server;
  server.WriteWorld();
  v1::CheckRequest request;
  *request.mutable_item() = Item("document:eu-plan#view@run:9");
  ToWire(*ParseRelationship("run:9#agent@assistant:bot"), request.mutable_item()->add_contextual());
  EXPECT_EQ(server.Try("/mandate.v1.PermissionService/Check", "gateway", request),
            "PERMISSION_DENIED ROLE_NOT_ALLOWED");
  v1::CheckBatchRequest batch;
  *batch.add_items() = Item("document:eu-plan#view@run:1");
  *batch.add_items() = request.item();
  EXPECT_EQ(server.Try("/mandate.v1.PermissionService/CheckBatch", "gateway", batch),
            "PERMISSION_DENIED ROLE_NOT_ALLOWED");
}

TEST(Access, ALimitedKeyNamesItsOwnResourcesAlone) {
  KeyedServer server;
  server.WriteWorld();
  EXPECT_EQ(server.TryCheck("limited", "document:eu-plan#view@user:ann"), "OK");
  EXPECT_EQ(server.TryCheck("limited", "document:us-plan#view@user:ann"),
            "PERMISSION_DENIED OUTSIDE_OF_KEY item.resource");
  EXPECT_EQ(server.TryCheck("limited", "team:core#member@user:ann"), "OK");
  EXPECT_EQ(server.TryCheck("limited-gateway", "document:us-plan#view@run:1"),
            "PERMISSION_DENIED OUTSIDE_OF_KEY item.resource");
  EXPECT_EQ(server.TryCheck("limited-gateway", "document:eu-plan#view@run:1"), "OK");
  v1::CheckRequest request;
  *request.mutable_item() = Item("document:eu-plan#view@user:ann");
  request.set_explain(true);
  EXPECT_EQ(server.Try("/mandate.v1.PermissionService/Check", "limited", request),
            "PERMISSION_DENIED OUTSIDE_OF_KEY explain");
  request.set_explain(false);
  ToWire(*ParseRelationship("document:eu-plan#viewer@team:core#member"), request.mutable_item()->add_contextual());
  EXPECT_EQ(server.Try("/mandate.v1.PermissionService/Check", "limited", request),
            "PERMISSION_DENIED OUTSIDE_OF_KEY item.contextual");

  const auto read = [&](const std::string& filter) {
    v1::ReadRequest read_request;
    *read_request.mutable_filter() = Proto<v1::RelationshipFilter>(filter);
    return server.Try("/mandate.v1.RelationshipService/Read", "limited", read_request);
  };
  EXPECT_EQ(read("resource_type: 'team'"), "OK");
  EXPECT_EQ(read("resource_type: 'document' resource_id: 'eu-plan'"), "OK");
  EXPECT_EQ(read("resource_type: 'document' resource_id_prefix: 'eu-p'"), "OK");
  EXPECT_EQ(read("resource_type: 'document'"), "PERMISSION_DENIED OUTSIDE_OF_KEY filter");
  EXPECT_EQ(read("resource_type: 'document' resource_id_prefix: 'eu'"), "PERMISSION_DENIED OUTSIDE_OF_KEY filter");
  EXPECT_EQ(read("subject { type: 'user' }"), "PERMISSION_DENIED OUTSIDE_OF_KEY filter.resource_type");
  EXPECT_EQ(server.Try("/mandate.v1.WatchService/Watch", "limited", v1::WatchRequest()),
            "PERMISSION_DENIED OUTSIDE_OF_KEY filters.resource_type");
  EXPECT_EQ(server.Try("/mandate.v1.WatchService/Watch", "limited",
                       Proto<v1::WatchRequest>("filters { resource_type: 'team' }")),
            "OK");
  EXPECT_EQ(server.Try("/mandate.v1.PermissionService/LookupResources", "limited",
                       Proto<v1::LookupResourcesRequest>(
                           "resource_type: 'document' permission: 'view' subject { type: 'user' id: 'ann' }")),
            "PERMISSION_DENIED OUTSIDE_OF_KEY resource_type");
  for (const char* whole :
       {"PermissionService/Expand", "DelegationService/ReadLedger", "DelegationService/DescribeAuthority"}) {
    EXPECT_EQ(Fault(FromGrpc(server.Call(Cat("/mandate.v1.", whole), server.Header("limited")))),
              "PERMISSION_DENIED OUTSIDE_OF_KEY")
        << whole;
  }
}

TEST(Access, ALimitedWriterWritesItsOwnAlone) {
  KeyedServer server;
  server.WriteWorld();
  const auto write = [&](const v1::WriteRequest& request) {
    return server.Try("/mandate.v1.RelationshipService/Write", "limited-writer", request);
  };
  EXPECT_EQ(write(Updates({"touch document:eu-x#viewer@user:bob"})), "OK");
  EXPECT_EQ(write(Updates({"touch document:eu-y#viewer@user:bob", "touch document:us-x#viewer@user:bob"})),
            "PERMISSION_DENIED OUTSIDE_OF_KEY updates[1].relationship.resource");
  EXPECT_EQ(server.TryCheck("limited", "document:eu-y#view@user:bob"), "OK");
  v1::CheckRequest request;
  *request.mutable_item() = Item("document:eu-y#view@user:bob");
  EXPECT_FALSE(server.Allowed("reader", request)) << "nothing of a refused write is written";
  // It gives itself no authority: what delegates is not among its types.
  EXPECT_THAT(write(Updates({"touch assistant:mine#acts_on_behalf_of@user:ann"})), HasSubstr("OUTSIDE_OF_KEY"));
  v1::WriteRequest probing = Updates({"touch document:eu-x#viewer@user:bob"});
  auto* precondition = probing.add_preconditions();
  precondition->set_operation(v1::Precondition::OPERATION_MUST_MATCH);
  *precondition->mutable_filter() = Proto<v1::RelationshipFilter>("resource_type: 'document' resource_id: 'us-plan'");
  EXPECT_EQ(write(probing), "PERMISSION_DENIED OUTSIDE_OF_KEY preconditions[0].filter");
  EXPECT_EQ(server.Try("/mandate.v1.RelationshipService/Delete", "limited-writer",
                       Proto<v1::DeleteRequest>("filter { resource_type: 'document' }")),
            "PERMISSION_DENIED OUTSIDE_OF_KEY filter");
  v1::ImportRequest import;
  ToWire(*ParseRelationship("document:us-x#viewer@user:bob"), import.add_relationships());
  import.set_complete(true);
  EXPECT_EQ(server.Try("/mandate.v1.RelationshipService/Import", "limited-writer", import),
            "PERMISSION_DENIED OUTSIDE_OF_KEY relationships[0].resource");
}

TEST(Access, HttpAsksForTheSameKeys) {
  KeyedServer server;
  server.WriteWorld();
  httplib::Client client("127.0.0.1", server.http_port());
  const auto post = [&](const std::string& path, const std::string& header, const std::string& body) {
    const httplib::Headers headers = header.empty() ? httplib::Headers{} : httplib::Headers{{"Authorization", header}};
    const auto result = client.Post(path.c_str(), headers, body, "application/json");
    return result ? Cat(result->status, " ", result->body) : "no answer";
  };
  const std::string check = R"({"item": {"resource": {"type": "document", "id": "eu-plan"}, "permission": "view",
                                         "subject": {"type": "user", "id": "ann"}}})";
  EXPECT_THAT(post("/v1/permission/check", "", check), HasSubstr("401 "));
  EXPECT_THAT(post("/v1/permission/check", "Bearer x", check), HasSubstr("401 "));
  EXPECT_THAT(post("/v1/permission/check", server.Header("reader"), check), HasSubstr("ALLOWED"));
  EXPECT_THAT(post("/v1/permission/check", server.Header("gateway"), check), HasSubstr("403 "));
  EXPECT_THAT(post("/v1/schema/write-schema", server.Header("writer"), "{}"), HasSubstr("403 "));

  const auto evaluate = [&](const std::string& header, const std::string& subject, const std::string& resource,
                            const std::string& more = "") {
    return post("/access/v1/evaluation", header,
                Cat("{\"subject\": {\"type\": \"", subject, "\", \"id\": \"", subject == "run" ? "1" : "ann",
                    "\"}, \"action\": {\"name\": \"view\"}, \"resource\": {\"type\": \"document\", \"id\": \"",
                    resource, "\"}", more, "}"));
  };
  EXPECT_THAT(evaluate("", "user", "eu-plan"), HasSubstr("401 "));
  EXPECT_THAT(evaluate(server.Header("reader"), "user", "eu-plan"), HasSubstr("\"decision\":true"));
  EXPECT_THAT(evaluate(server.Header("gateway"), "user", "eu-plan"), HasSubstr("403 "));
  EXPECT_THAT(evaluate(server.Header("gateway"), "run", "eu-plan"), HasSubstr("\"decision\":true"));
  EXPECT_THAT(evaluate(server.Header("limited"), "user", "us-plan"), HasSubstr("403 "));
  EXPECT_THAT(evaluate(server.Header("limited"), "user", "eu-plan"), HasSubstr("\"decision\":true"));
  const std::string record = ", \"context\": {\"mandate\": {\"record\": true}}";
  EXPECT_THAT(evaluate(server.Header("reader"), "run", "eu-plan", record), HasSubstr("403 "));
  EXPECT_THAT(evaluate(server.Header("gateway"), "run", "eu-plan", record), HasSubstr("\"decision\":true"));
  const std::string search = R"({"subject": {"type": "user", "id": "ann"}, "action": {"name": "view"},
                                 "resource": {"type": "document"}})";
  EXPECT_THAT(post("/access/v1/search/resource", server.Header("reader"), search), HasSubstr("eu-plan"));
  EXPECT_THAT(post("/access/v1/search/resource", server.Header("gateway"), search), HasSubstr("403 "));
  EXPECT_THAT(post("/access/v1/search/resource", server.Header("limited"), search), HasSubstr("403 "));
  EXPECT_EQ(client.Get("/metrics")->status, 401);
  EXPECT_EQ(client.Get("/metrics", {{"Authorization", server.Header("gateway")}})->status, 403);
  EXPECT_THAT(client.Get("/metrics", {{"Authorization", server.Header("reader")}})->body,
              AllOf(HasSubstr("mandate_http_requests_total{route=\"/v1/permission/check\",status=\"401\"} 2"),
                    HasSubstr("mandate_http_requests_total{route=\"/access/v1/evaluation\",status=\"401\"} 1"),
                    testing::Not(HasSubstr(server.Key("reader")))));
  // What says that the server lives is open, and says no more.
  EXPECT_EQ(client.Get("/healthz")->status, 200);
  EXPECT_EQ(client.Get("/readyz")->status, 200);
}

TEST(Access, AHeaderOfAnyBytesIsAnErrorAndNoMore) {
  KeyedServer server;
  httplib::Client client("127.0.0.1", server.http_port());
  const auto result =
      client.Post("/v1/permission/check", {{"Authorization", "Bearer \xc3\xa9\x01"}}, "{}", "application/json");
  ASSERT_TRUE(result);
  EXPECT_THAT(result->status, testing::AnyOf(400, 401));
  EXPECT_EQ(client.Get("/healthz")->status, 200);
}

}  // namespace
}  // namespace mandate
