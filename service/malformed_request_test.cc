// Every malformed field of every request, sent to a server whose database is empty: the engine
// would answer FAILED_PRECONDITION (NO_SCHEMA), so INVALID_ARGUMENT shows that nothing malformed
// reached it.
#include "absl/synchronization/notification.h"
#include "grpcpp/generic/generic_stub.h"
#include "service/authzed_wire.h"
#include "service/http/native_call.h"
#include "service/test_server.h"

namespace mandate {
namespace {

// `%long` in the text form of a request stands for 1025 letters.
std::string Filled(std::string text) {
  if (const size_t at = text.find("%long"); at != text.npos) {
    text.replace(at, 5, std::string(1025, 'x'));
  }
  return text;
}

// What can be wrong about an object, at `field`.
std::vector<std::pair<std::string, std::string>> WrongObjects(const std::string& field) {
  return {
      {"{}", "MISSING_FIELD " + field + ".type"},
      {"{id: 'plan'}", "MISSING_FIELD " + field + ".type"},
      {"{type: 'document'}", "MISSING_FIELD " + field + ".id"},
      {"{type: 'Document' id: 'plan'}", "MALFORMED_FIELD " + field + ".type"},
      {"{type: 'do' id: 'plan'}", "MALFORMED_FIELD " + field + ".type"},
      {"{type: 'document_' id: 'plan'}", "MALFORMED_FIELD " + field + ".type"},
      {"{type: 'document' id: 'a plan'}", "MALFORMED_FIELD " + field + ".id"},
      {"{type: 'document' id: 'plan\\000'}", "MALFORMED_FIELD " + field + ".id"},
      {"{type: 'document' id: 'pl\\303\\244n'}", "MALFORMED_FIELD " + field + ".id"},
      {"{type: 'document' id: '%long'}", "MALFORMED_FIELD " + field + ".id"},
  };
}

class MalformedRequest : public testing::Test {
 protected:
  // `fault` is REASON field.
  template <typename Request>
  void Expect(const std::string& request, const std::string& fault) {
    EXPECT_EQ(Send(Proto<Request>(Filled(request))), Cat("INVALID_ARGUMENT ", fault)) << request;
  }

  std::string Send(const v1::CheckRequest& request) {
    v1::CheckResponse response;
    return Fault(server_.TryCheck(request, &response));
  }
  std::string Send(const v1::ExpandRequest& request) {
    v1::ExpandResponse response;
    return Fault(server_.Call(*server_.permissions, &v1::PermissionService::Stub::Expand, request, &response));
  }
  std::string Send(const v1::CheckBatchRequest& request) {
    v1::CheckBatchResponse response;
    return Fault(server_.Call(*server_.permissions, &v1::PermissionService::Stub::CheckBatch, request, &response));
  }
  std::string Send(const v1::WriteRequest& request) { return server_.TryWrite(request); }
  std::string Send(const v1::ReadRequest& request) {
    std::vector<v1::ReadResponse> responses;
    return Fault(server_.TryRead(request, &responses));
  }
  std::string Send(const v1::ImportRequest& request) {
    v1::ImportResponse response;
    return Fault(server_.TryImport({request}, &response));
  }
  std::string Send(const v1::ReadSchemaRequest& request) {
    v1::ReadSchemaResponse response;
    return Fault(server_.Call(*server_.schemas, &v1::SchemaService::Stub::ReadSchema, request, &response));
  }
  std::string Send(const v1::WriteSchemaRequest& request) {
    v1::WriteSchemaResponse response;
    return Fault(server_.TryWriteSchema(request, &response));
  }

  // A stream of messages, byte for byte.
  std::string SendBytes(const std::string& method, const std::vector<std::string>& messages) {
    NativeCall call(server_.channel(), method, {});
    bool is_open = true;
    for (const std::string& message : messages) is_open = is_open && call.Write(message);
    if (is_open) call.CloseWrites();
    std::string response;
    while (call.Read(&response, std::chrono::seconds(1)) != NativeCall::Got::kEnd) {
    }
    return Fault(FromGrpc(call.Finish()));
  }

  TestServer server_;
};

constexpr char kResource[] = "resource {type: 'document' id: 'plan'} ";
constexpr char kSubject[] = "subject {type: 'user' id: 'alice'} ";

TEST_F(MalformedRequest, ThatIsWellFormedReachesTheEngine) {
  const std::string item = Cat("item {", kResource, "permission: 'view' ", kSubject, "}");
  EXPECT_EQ(Send(Proto<v1::CheckRequest>(item)), "FAILED_PRECONDITION NO_SCHEMA");
  EXPECT_EQ(Send(Proto<v1::ExpandRequest>(Cat(kResource, "permission: 'view'"))), "FAILED_PRECONDITION NO_SCHEMA");
  EXPECT_EQ(Send(Updates({"touch document:plan#viewer@user:alice"})), "FAILED_PRECONDITION NO_SCHEMA");
  EXPECT_EQ(Send(Proto<v1::CheckBatchRequest>("items {}")), "FAILED_PRECONDITION NO_SCHEMA");
}

TEST_F(MalformedRequest, CheckNamesTheFieldOfTheItem) {
  const std::string view = "permission: 'view' ";
  for (const auto& [object, fault] : WrongObjects("item.resource")) {
    const std::string request = Cat("item {resource ", object, " ", view, kSubject, "}");
    Expect<v1::CheckRequest>(request, fault);
  }
  for (const auto& [object, fault] : WrongObjects("item.subject")) {
    const std::string request = Cat("item {", kResource, view, "subject ", object, "}");
    Expect<v1::CheckRequest>(request, fault);
  }
  const std::string complete = Cat(kResource, view, kSubject);
  for (const char* field : {"task", "claims.principal", "claims.agent", "claims.chain[0]"}) {
    const std::string name = field;
    for (const auto& [object, fault] : WrongObjects(Cat("item.", field))) {
      const std::string place =
          name == "task" ? Cat("task ", object) : Cat("claims {", name.substr(7, name.find('[') - 7), " ", object, "}");
      const std::string request = Cat("item {", complete, place, "}");
      Expect<v1::CheckRequest>(request, fault);
    }
  }
  const std::vector<std::pair<std::string, const char*>> rows = {
      {"", "MISSING_FIELD item.resource"},
      {"item {}", "MISSING_FIELD item.resource"},
      {Cat("item {", kResource, kSubject, "}"), "MISSING_FIELD item.permission"},
      {Cat("item {", kResource, "permission: 'View' ", kSubject, "}"), "MALFORMED_FIELD item.permission"},
      {Cat("item {", kResource, "permission: 'view' }"), "MISSING_FIELD item.subject"},
      {Cat("item {", kResource, view, "subject {type: 'user' id: '*'}}"), "WILDCARD_NOT_ALLOWED item.subject.id"},
      {Cat("item {", kResource, view, "subject {type: 'team' id: 'core' relation: '...'}}"),
       "MALFORMED_FIELD item.subject.relation"},
      {Cat("item {resource {type: 'document' id: '*'} ", view, kSubject, "}"), "MALFORMED_FIELD item.resource.id"},
  };
  for (const auto& [request, fault] : rows) {
    Expect<v1::CheckRequest>(request, fault);
  }
}

TEST_F(MalformedRequest, CheckTakesAChainOf16AgentsAndNoMore) {
  auto request = Proto<v1::CheckRequest>(Cat("item {", kResource, "permission: 'view' ", kSubject, "}"));
  for (int i = 0; i < 16; ++i) {
    *request.mutable_item()->mutable_claims()->add_chain() = Proto<v1::ObjectReference>("type: 'assistant' id: 'bot'");
  }
  EXPECT_EQ(Send(request), "FAILED_PRECONDITION NO_SCHEMA");
  *request.mutable_item()->mutable_claims()->add_chain() = request.item().claims().chain(0);
  EXPECT_EQ(Send(request), "INVALID_ARGUMENT TOO_MANY item.claims.chain");
}

TEST_F(MalformedRequest, ExpandNamesTheField) {
  for (const auto& [object, fault] : WrongObjects("resource")) {
    const std::string request = Cat("resource ", object, " permission: 'view'");
    Expect<v1::ExpandRequest>(request, fault);
  }
  const std::vector<std::pair<const char*, const char*>> rows = {
      {"permission: 'view'", "MISSING_FIELD resource"},
      {"resource {type: 'document' id: 'plan'}", "MISSING_FIELD permission"},
      {"resource {type: 'document' id: 'plan'} permission: '1'", "MALFORMED_FIELD permission"},
      {"resource {type: 'document' id: '*'} permission: 'view'", "MALFORMED_FIELD resource.id"},
      {"resource {type: 'document' id: 'plan'} permission: 'view' subject_set_depth: 1000001",
       "TOO_MANY subject_set_depth"}};
  for (const auto& [request, fault] : rows) Expect<v1::ExpandRequest>(request, fault);
}

TEST_F(MalformedRequest, CheckBatchTakes1To10000Items) {
  v1::CheckBatchRequest request;
  EXPECT_EQ(Send(request), "INVALID_ARGUMENT MISSING_FIELD items");
  for (int i = 0; i < 10'000; ++i) request.add_items();
  EXPECT_EQ(Send(request), "FAILED_PRECONDITION NO_SCHEMA");
  request.add_items();
  EXPECT_EQ(Send(request), "INVALID_ARGUMENT TOO_MANY items");
}

TEST_F(MalformedRequest, WriteNamesTheFieldOfTheUpdate) {
  const std::string touch = "updates {operation: OPERATION_TOUCH relationship {";
  for (const auto& [object, fault] : WrongObjects("updates[0].relationship.resource")) {
    const std::string request = Cat(touch, "resource ", object, " relation: 'viewer' ", kSubject, "}}");
    Expect<v1::WriteRequest>(request, fault);
  }
  for (const auto& [object, fault] : WrongObjects("updates[0].relationship.subject")) {
    const std::string request = Cat(touch, kResource, " relation: 'viewer' subject ", object, "}}");
    Expect<v1::WriteRequest>(request, fault);
  }
  const std::string good = Cat(touch, kResource, " relation: 'viewer' ", kSubject, "}}");
  const std::vector<std::pair<std::string, const char*>> rows = {
      {"", "MISSING_FIELD updates"},
      {"updates {}", "OPERATION_UNKNOWN updates[0].operation"},
      {Cat(good, "updates {operation: OPERATION_CREATE}"), "MISSING_FIELD updates[1].relationship"},
      {Cat(good, "updates {operation: OPERATION_DELETE relationship {}}"),
       "MISSING_FIELD updates[1].relationship.resource"},
      {Cat(touch, kResource, kSubject, "}}"), "MISSING_FIELD updates[0].relationship.relation"},
      {Cat(touch, kResource, "relation: 'x' ", kSubject, "}}"), "MALFORMED_FIELD updates[0].relationship.relation"},
      {Cat(touch, kResource, "relation: 'viewer'}}"), "MISSING_FIELD updates[0].relationship.subject"},
      {Cat(touch, kResource, "relation: 'viewer' subject {type: 'team' id: 'core' relation: 'M'}}}"),
       "MALFORMED_FIELD updates[0].relationship.subject.relation"},
      {Cat(touch, kResource, "relation: 'viewer' ", kSubject, "expires_at {nanos: -1}}}"),
       "TIME_OUT_OF_RANGE updates[0].relationship.expires_at"},
      {Cat(good, "preconditions {}"), "OPERATION_UNKNOWN preconditions[0].operation"},
      {Cat(good, "preconditions {operation: OPERATION_MUST_MATCH}"), "EMPTY_FILTER preconditions[0].filter"},
      {Cat(good, "preconditions {operation: OPERATION_MUST_NOT_MATCH filter {relation: 'V'}}"),
       "MALFORMED_FIELD preconditions[0].filter.relation"},
  };
  for (const auto& [request, fault] : rows) {
    Expect<v1::WriteRequest>(request, fault);
  }
}

TEST_F(MalformedRequest, WriteTakes1000UpdatesAnd1000Preconditions) {
  v1::WriteRequest request;
  for (int i = 0; i < 1000; ++i) {
    *request.add_updates() = Update(Cat("touch document:d", i, "#viewer@user:alice"));
    *request.add_preconditions() =
        Proto<v1::Precondition>("operation: OPERATION_MUST_MATCH filter {relation: 'viewer'}");
  }
  EXPECT_EQ(Send(request), "FAILED_PRECONDITION NO_SCHEMA");
  *request.add_preconditions() = request.preconditions(0);
  EXPECT_EQ(Send(request), "INVALID_ARGUMENT TOO_MANY preconditions");
  *request.add_updates() = Update("touch document:more#viewer@user:alice");
  EXPECT_EQ(Send(request), "INVALID_ARGUMENT TOO_MANY updates");
}

TEST_F(MalformedRequest, ReadNamesTheFieldOfTheFilter) {
  const std::vector<std::pair<const char*, const char*>> rows = {
      {"", "EMPTY_FILTER filter"},
      {"filter {subject {}}", "EMPTY_FILTER filter"},
      {"filter {resource_type: 'D'}", "MALFORMED_FIELD filter.resource_type"},
      {"filter {resource_id: 'a b'}", "MALFORMED_FIELD filter.resource_id"},
      {"filter {resource_id: '%long'}", "MALFORMED_FIELD filter.resource_id"},
      {"filter {resource_id: '*'}", "MALFORMED_FIELD filter.resource_id"},
      {"filter {resource_id_prefix: '@'}", "MALFORMED_FIELD filter.resource_id_prefix"},
      {"filter {resource_id: 'a' resource_id_prefix: 'b'}", "FILTER_CONTRADICTS filter.resource_id_prefix"},
      {"filter {relation: '_view'}", "MALFORMED_FIELD filter.relation"},
      {"filter {subject {type: '9user'}}", "MALFORMED_FIELD filter.subject.type"},
      {"filter {subject {id: 'a#b'}}", "MALFORMED_FIELD filter.subject.id"},
      {"filter {subject {relation: '...'}}", "MALFORMED_FIELD filter.subject.relation"},
      {"filter {resource_type: 'document'} cursor: 'no cursor'", "CURSOR_MALFORMED cursor"},
      {"filter {resource_type: 'document'} cursor: 'AAAA'", "CURSOR_MALFORMED cursor"}};
  for (const auto& [request, fault] : rows) Expect<v1::ReadRequest>(request, fault);
}

TEST_F(MalformedRequest, ImportNamesTheRelationship) {
  const std::string good = Cat("relationships {", kResource, "relation: 'viewer' ", kSubject, "}");
  const std::vector<std::pair<std::string, const char*>> rows = {
      {"", "MISSING_FIELD relationships"},
      {Cat(good, "relationships {}"), "MISSING_FIELD relationships[1].resource"},
      {Cat(good, good, "relationships {", kResource, "relation: 'viewer' subject {type: 'u'}}"),
       "MALFORMED_FIELD relationships[2].subject.type"},
  };
  for (const auto& [request, fault] : rows) {
    Expect<v1::ImportRequest>(request, fault);
  }
  v1::ImportRequest request;
  for (int i = 0; i < 10'001; ++i) request.add_relationships();
  EXPECT_EQ(Send(request), "INVALID_ARGUMENT TOO_MANY relationships");
}

TEST_F(MalformedRequest, WriteSchemaTakes3MiBAnd1000Drops) {
  v1::WriteSchemaRequest request;
  request.set_schema(std::string((3 << 20) + 1, ' '));
  EXPECT_EQ(Send(request), "INVALID_ARGUMENT TOO_MANY schema");
  request.mutable_schema()->pop_back();
  for (int i = 0; i < 1001; ++i) request.add_drops("assistant#boundary");
  EXPECT_EQ(Send(request), "INVALID_ARGUMENT TOO_MANY drops");
}

// These are read by our own handler (arena_call.h).
TEST_F(MalformedRequest, BytesThatAreNoBatchAreRefused) {
  for (const char* method :
       {"/mandate.v1.PermissionService/CheckBatch", "/authzed.api.v1.PermissionsService/CheckBulkPermissions"}) {
    const grpc::Slice garbage("\x12\xff\xff");  // A field that is longer than what follows.
    const grpc::ByteBuffer request(&garbage, 1);
    grpc::ByteBuffer response;
    grpc::ClientContext context;
    absl::Notification done;
    grpc::Status status;
    grpc::GenericStub(server_.channel()).UnaryCall(&context, method, {}, &request, &response, [&](grpc::Status ended) {
      status = std::move(ended);
      done.Notify();
    });
    done.WaitForNotification();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method << ": " << status.error_message();
    EXPECT_THAT(status.error_message(), testing::HasSubstr("does not decode as a "));
  }
}

// A field that is longer than what follows.
constexpr char kBroken[] = "\x0a\xff\xff";

// gRPC's reader says of such a message what it says of the end.
TEST_F(MalformedRequest, AnImportWithBytesThatAreNoMessageWritesNothing) {
  server_.WriteSchema(kDocumentSchema);
  const Relationship relationship = *ParseRelationship("document:plan#viewer@user:alice");
  v1::ImportRequest request;
  ToWire(relationship, request.add_relationships());
  const std::string row = request.SerializeAsString();
  request.set_complete(true);
  const std::string complete = request.SerializeAsString();
  const auto import = [this](const std::vector<std::string>& messages) {
    return SendBytes("/mandate.v1.RelationshipService/Import", messages);
  };
  EXPECT_EQ(import({complete + kBroken}), "INVALID_ARGUMENT IMPORT_INCOMPLETE complete");
  EXPECT_EQ(import({row, complete + kBroken}), "INVALID_ARGUMENT IMPORT_INCOMPLETE complete");
  EXPECT_EQ(import({row, kBroken, complete}), "INVALID_ARGUMENT IMPORT_INCOMPLETE complete");
  EXPECT_THAT(server_.Read("document"), testing::IsEmpty());
  EXPECT_EQ(import({complete}), "OK");
}

TEST_F(MalformedRequest, AnImportOfTheOtherApiWithBytesThatAreNoMessageWritesNothing) {
  server_.WriteSchema(kDocumentSchema);
  authzed::api::v1::ImportBulkRelationshipsRequest request;
  ToWire(*ParseRelationship("document:plan#viewer@user:alice"), request.add_relationships());
  const std::string row = request.SerializeAsString();
  std::string no_text = row;
  no_text.replace(no_text.find("alice"), 5, "\xff\xff\xff\xff\xff");
  for (const char* method : {"/authzed.api.v1.PermissionsService/ImportBulkRelationships",
                             "/authzed.api.v1.ExperimentalService/BulkImportRelationships"}) {
    EXPECT_EQ(SendBytes(method, {kBroken}), "INVALID_ARGUMENT MALFORMED_FIELD") << method;
    EXPECT_EQ(SendBytes(method, {row, no_text}), "INVALID_ARGUMENT MALFORMED_FIELD") << method;
    EXPECT_EQ(SendBytes(method, {row, kBroken, row}), "INVALID_ARGUMENT MALFORMED_FIELD") << method;
    EXPECT_THAT(server_.Read("document"), testing::IsEmpty()) << method;
  }
  EXPECT_EQ(SendBytes("/authzed.api.v1.PermissionsService/ImportBulkRelationships", {row}), "OK");
}

TEST_F(MalformedRequest, EveryReadRefusesATokenThatIsNone) {
  const std::string item = Cat("item {", kResource, "permission: 'view' ", kSubject, "}");
  for (const char* mode : {"at_least_as_fresh", "at_exact_snapshot"}) {
    for (const char* token :
         {"{}", "{token: 'garbage'}", "{token: '%long'}", "{token: 'AQARIjNEVWZ3AAAAAAAAAAHmyvWI'}"}) {
      const std::string consistency = Filled(Cat(" consistency {", mode, " ", token, "}"));
      const std::string fault = Cat("INVALID_ARGUMENT TOKEN_MALFORMED consistency.", mode, ".token");
      EXPECT_EQ(Send(Proto<v1::CheckRequest>(item + consistency)), fault);
      EXPECT_EQ(Send(Proto<v1::CheckBatchRequest>("items {}" + consistency)), fault);
      EXPECT_EQ(Send(Proto<v1::ExpandRequest>(Cat(kResource, "permission: 'view'", consistency))), fault);
      EXPECT_EQ(Send(Proto<v1::ReadRequest>("filter {relation: 'viewer'}" + consistency)), fault);
      EXPECT_EQ(Send(Proto<v1::ReadSchemaRequest>(consistency)), fault);
    }
  }
}

}  // namespace
}  // namespace mandate
