// What is known of a caller before its body is read, and what the body holds while it is on its way.
#include <functional>
#include <map>
#include <memory>

#include "google/protobuf/util/json_util.h"
#include "google/rpc/status.pb.h"
#include "service/access/test_keyed_server.h"
#include "service/http/http_api.h"

namespace mandate {
namespace {

// The handler of a port, without the port: what happens while a body is read is what `body` does.
struct HttpKeys : testing::Test {
  HttpKeys() { server.WriteWorld(); }

  HttpReply Post(const std::string& path, const std::string& authorization, const std::function<std::string()>& body,
                 const std::string& type = "application/json") {
    HttpRequest request{.method = "POST", .path = path, .content_type = type, .authorization = authorization};
    request.gone = [] { return false; };
    request.may_keep = [](size_t) { return true; };
    request.read_body = [&](const HttpRequest::Take& take) { return take(body()); };
    return api.Handle(request);
  }
  bool IsLetIn(const std::string& role) {
    const std::string header = server.Header(role);
    return gate->Admit(Credentials{.authorization = header}, Need::kCheck).ok();
  }

  KeyedServer server;
  const std::unique_ptr<Gate> gate = *Gate::Open(server.key_file());
  RequestLog log{RequestLogOptions()};
  Metrics metrics{&server.database(), gate.get(), &log};
  Authorizer authorizer{&server.database()};
  HttpApi api{&server.database(),
              &authorizer,
              gate.get(),
              &metrics,
              &log,
              grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials()),
              {}};
};

TEST_F(HttpKeys, OfWhoMayNotCallNoBodyIsRead) {
  const auto status = [&](const std::string& path, const std::string& authorization, const std::string& type) {
    bool read = false;
    const auto body = [&] {
      read = true;
      return std::string("{}");
    };
    const int code = Post(path, authorization, body, type).status;
    EXPECT_FALSE(read) << path << " with " << authorization;
    return code;
  };
  for (const NativeMethod& method : NativeMethods()) {
    const char* type = method.descriptor->client_streaming() ? "application/x-ndjson" : "application/json";
    for (const std::string& shown : {std::string(), std::string("Bearer x"), "Bearer " + MakeKey("admin")->key}) {
      EXPECT_EQ(status(method.path, shown, type), 401) << method.path << " with " << shown;
    }
  }
  EXPECT_EQ(status("/v1/schema/write-schema", server.Header("writer"), "application/json"), 403);
  EXPECT_EQ(status("/v1/relationship/import", server.Header("reader"), "application/x-ndjson"), 403);
  EXPECT_EQ(status("/v1/permission/expand", server.Header("gateway"), "application/json"), 403);
  EXPECT_EQ(status("/access/v1/evaluations", "", "application/json"), 401);
  EXPECT_EQ(status("/access/v1/search/subject", server.Header("gateway"), "application/json"), 403);
}

TEST_F(HttpKeys, ARefusalIsTheOneThatTheCallItselfWouldGive) {
  const struct {
    std::string path;
    std::string call;
    std::string authorization;
  } kRefused[] = {
      {"/v1/permission/check", "/mandate.v1.PermissionService/Check", ""},
      {"/v1/permission/check", "/mandate.v1.PermissionService/Check", "Bearer x"},
      {"/v1/schema/write-schema", "/mandate.v1.SchemaService/WriteSchema", server.Header("writer")},
      {"/v1/permission/expand", "/mandate.v1.PermissionService/Expand", server.Header("gateway")},
  };
  for (const auto& [path, call, authorization] : kRefused) {
    google::rpc::Status wire;
    ASSERT_TRUE(wire.ParseFromString(server.Call(call, authorization).error_details())) << path;
    std::string expected;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(wire, &expected).ok()) << path;
    EXPECT_EQ(Post(path, authorization, [] { return std::string("{}"); }).body, expected);
  }
}

TEST_F(HttpKeys, ABodyOnItsWayHoldsAPlaceOfItsKeyAndNoneOfTheServer) {
  const std::string question = R"("subject": {"type": "user", "id": "ann"}, "action": {"name": "view"},
                                  "resource": {"type": "document", "id": "eu-plan"})";
  const std::string item = R"({"resource": {"type": "document", "id": "eu-plan"}, "permission": "view",
                               "subject": {"type": "user", "id": "ann"}})";
  for (const auto& [path, sent] :
       std::map<std::string, std::string>{{"/access/v1/evaluation", "{" + question + "}"},
                                          {"/access/v1/evaluations", "{" + question + R"(, "evaluations": [{}]})"},
                                          {"/v1/permission/check", R"({"item": )" + item + "}"}}) {
    bool read = false;
    const HttpReply reply = Post(path, server.Header("single"), [&, sent = sent, path = path] {
      read = true;
      EXPECT_FALSE(IsLetIn("single")) << path;
      EXPECT_TRUE(IsLetIn("reader")) << path;
      for (const Work work : {Work::kQuestion, Work::kList}) EXPECT_EQ(gate->load().under_way(work), 0u) << path;
      return sent;
    });
    EXPECT_TRUE(read) << path;
    EXPECT_EQ(reply.status, 200) << path << ": " << reply.body;
    EXPECT_TRUE(IsLetIn("single")) << path << ": it is given back";
  }
}

}  // namespace
}  // namespace mandate
