#include <set>

#include "service/http/native_methods.h"
#include "service/http/test_http.h"

namespace mandate {
namespace {

// Every `$ref` below.
void CollectReferences(const Json& json, std::set<std::string>* references) {
  const Json flat = json.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (pointer.ends_with("/$ref")) references->insert(value.get<std::string>());
  }
}

TEST(OpenApi, HasEveryMethodWithItsRequestAnswerAndComment) {
  HttpTestServer server;
  const HttpAnswer answer = server.Get("/openapi.json");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  const Json document = answer.json();
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["servers"][0]["url"], Cat("http://127.0.0.1:", server.port()));
  for (const NativeMethod& method : NativeMethods()) {
    const Json operation = document["paths"][method.path]["post"];
    ASSERT_TRUE(operation.is_object()) << method.path;
    const char* takes = method.descriptor->client_streaming() ? "application/x-ndjson" : "application/json";
    EXPECT_EQ(operation["requestBody"]["content"][takes]["schema"]["$ref"],
              "#/components/schemas/" + method.descriptor->input_type()->full_name());
    const char* gives = method.descriptor->server_streaming() ? "application/x-ndjson" : "application/json";
    EXPECT_TRUE(operation["responses"]["200"]["content"].contains(gives)) << method.path;
  }
  EXPECT_THAT(document["paths"]["/v1/permission/list-permissions"]["post"]["description"].get<std::string>(),
              testing::HasSubstr("Everything that a subject may do"));
  const Json check = document["components"]["schemas"]["mandate.v1.CheckItem"]["properties"];
  EXPECT_THAT(check["context"]["description"].get<std::string>(), testing::HasSubstr("caveats"));
  EXPECT_EQ(check["parameterDigest"]["type"], "string");
}

TEST(OpenApi, HasTheAuthzenEndpointsAndNoReferenceIntoTheVoid) {
  HttpTestServer server;
  const Json document = server.Get("/openapi.json").json();
  for (const char* path : {"evaluation", "evaluations", "search/subject", "search/resource", "search/action"}) {
    EXPECT_TRUE(document["paths"].contains(Cat("/access/v1/", path))) << path;
  }
  std::set<std::string> references;
  CollectReferences(document, &references);
  EXPECT_GT(references.size(), 50u);
  for (const std::string& reference : references) {
    ASSERT_TRUE(reference.starts_with("#/components/schemas/")) << reference;
    EXPECT_TRUE(document["components"]["schemas"].contains(reference.substr(21))) << reference;
  }
}

}  // namespace
}  // namespace mandate
