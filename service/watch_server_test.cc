// Watch over the wire: every change once, in order, across reconnects; and the calls that came with it.
#include <set>
#include <thread>

#include "service/test_server.h"
#include "service/token.h"

namespace mandate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Watched : TestServer {
  explicit Watched(DatabaseOptions options = {}) : TestServer(std::move(options)) {
    start = WriteSchema(kDocumentSchema);
  }

  // One open watch.
  struct Stream {
    Stream(TestServer& server, const v1::WatchRequest& request) {
      watches = v1::WatchService::NewStub(server.channel());
      reader = watches->Watch(&context, request);
    }
    ~Stream() { Close(); }
    // The next response that is not a checkpoint, as `+relationship`, `-relationship`, `!relationship`, `schema`.
    std::vector<std::string> Next() {
      do {
        if (!reader->Read(&response)) return {"ended"};
      } while (response.checkpoint());
      std::vector<std::string> lines;
      for (const auto& change : response.changes()) {
        auto relationship = FromWire(change.relationship(), "relationship");
        const char* mark = change.kind() == v1::RelationshipChange::KIND_TOUCHED   ? "+"
                           : change.kind() == v1::RelationshipChange::KIND_DELETED ? "-"
                                                                                   : "!";
        lines.push_back(Cat(mark, ToText(*relationship)));
      }
      if (response.schema_changed()) lines.push_back("schema");
      return lines;
    }
    std::string Close() {
      if (closed) return "";
      closed = true;
      context.TryCancel();
      while (reader->Read(&response)) {
      }
      return Fault(FromGrpc(reader->Finish()));
    }
    // Of a stream that the server ends.
    std::string Ended() {
      while (reader->Read(&response)) {
      }
      closed = true;
      return Fault(FromGrpc(reader->Finish()));
    }
    grpc::ClientContext context;
    std::unique_ptr<v1::WatchService::Stub> watches;
    std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader;
    v1::WatchResponse response;
    bool closed = false;
  };
  static v1::WatchRequest Behind(const std::string& token, const std::string& more = "") {
    auto request = Proto<v1::WatchRequest>(more);
    request.mutable_after()->set_token(token);
    return request;
  }
  std::string start;
};

TEST(Watch, TellsOfEachCommitOnceAndInOrder) {
  Watched server;
  server.Write({"touch document:a#viewer@user:alice", "touch document:b#viewer@user:alice"});
  Watched::Stream stream(server, Watched::Behind(server.start));
  EXPECT_THAT(stream.Next(), ElementsAre("+document:a#viewer@user:alice", "+document:b#viewer@user:alice"));
  server.Write({"delete document:a#viewer@user:alice"});
  EXPECT_THAT(stream.Next(), ElementsAre("-document:a#viewer@user:alice"));
  const std::string seen = stream.response.at().token();
  EXPECT_EQ(stream.Close(), "CANCELLED");
  server.Write({"touch document:c#viewer@user:alice"});
  Watched::Stream again(server, Watched::Behind(seen));
  EXPECT_THAT(again.Next(), ElementsAre("+document:c#viewer@user:alice")) << "goes on where it was";
}

TEST(Watch, WithoutATokenBeginsNow) {
  Watched server;
  server.Touch({"document:a#viewer@user:alice"});
  Watched::Stream stream(server, {});
  stream.reader->WaitForInitialMetadata();
  server.Touch({"document:b#viewer@user:alice"});
  EXPECT_THAT(stream.Next(), ElementsAre("+document:b#viewer@user:alice"));
}

TEST(Watch, LetsThroughWhatAFilterMatches) {
  Watched server;
  Watched::Stream stream(server, Watched::Behind(server.start,
                                                 "filters {resource_type: 'team'} filters {subject {type: "
                                                 "'user' id: 'bob'}}"));
  server.Touch({"document:a#viewer@user:alice"});
  server.Touch({"document:a#viewer@user:bob", "document:a#viewer@user:alice"});
  server.Touch({"team:core#member@user:alice"});
  EXPECT_THAT(stream.Next(), ElementsAre("+document:a#viewer@user:bob"));
  EXPECT_THAT(stream.Next(), ElementsAre("+team:core#member@user:alice"));
}

TEST(Watch, TellsOfTheSchemaAndOfMetadataAndOfCheckpointsWhereAskedTo) {
  Watched server;
  Watched::Stream stream(server, Watched::Behind(server.start, "schema_changes: true checkpoints: true"));
  auto request = Updates({"touch document:a#viewer@user:alice"});
  (*request.mutable_metadata()->mutable_fields())["by"].set_string_value("sync");
  EXPECT_EQ(server.TryWrite(request), "OK");
  EXPECT_THAT(stream.Next(), ElementsAre("+document:a#viewer@user:alice"));
  EXPECT_EQ(stream.response.metadata().fields().at("by").string_value(), "sync");
  const std::string token = server.WriteSchema(std::string(kDocumentSchema) + "\ndefinition folder {}");
  EXPECT_THAT(stream.Next(), ElementsAre("schema"));
  ASSERT_TRUE(stream.reader->Read(&stream.response)) << "a checkpoint comes though nothing is written";
  EXPECT_TRUE(stream.response.checkpoint());
  EXPECT_EQ(stream.response.at().token(), token);
}

TEST(Watch, TellsOfWhatExpires) {
  Watched server;
  Watched::Stream stream(server, Watched::Behind(server.start));
  server.Touch({"document:a#viewer@user:alice[expiration:2026-01-01T01:00:00Z]"});
  EXPECT_THAT(stream.Next(), ElementsAre("+document:a#viewer@user:alice[expiration:2026-01-01T01:00:00Z]"));
  server.clock.Advance(absl::Hours(1));
  EXPECT_THAT(stream.Next(), ElementsAre("!document:a#viewer@user:alice"));
  EXPECT_FALSE(server.Allowed("document:a#view@user:alice"));
}

TEST(Watch, SplitsAnEnormousCommit) {
  Watched server;
  v1::ImportRequest import;
  for (int i = 0; i < 2500; ++i) {
    *import.add_relationships() = Proto<v1::Relationship>(
        Cat("resource {type: 'document' id: 'd", i, "'} relation: 'viewer' subject {type: 'user' id: 'alice'}"));
  }
  v1::ImportResponse imported;
  ASSERT_TRUE(server.TryImport({import}, &imported).ok());
  Watched::Stream stream(server, Watched::Behind(server.start));
  EXPECT_EQ(stream.Next().size(), 1000u);
  EXPECT_TRUE(stream.response.continues());
  EXPECT_EQ(stream.response.at().token(), server.start) << "to go on behind it is to begin the commit anew";
  EXPECT_EQ(stream.Next().size(), 1000u);
  EXPECT_EQ(stream.Next().size(), 500u);
  EXPECT_FALSE(stream.response.continues());
  EXPECT_EQ(stream.response.at().token(), imported.written_at().token());
}

// Above 20,000 relationships an import is a load, whose changes lie in parts.
TEST(Watch, TellsALoadInPartsOnceAndItsEnd) {
  constexpr int kMany = 21'000;
  Watched server;
  std::vector<v1::ImportRequest> imports(3);
  for (int i = 0; i < kMany; ++i) {
    v1::Relationship* const added = imports[i / 7000].add_relationships();
    added->mutable_resource()->set_type("document");
    added->mutable_resource()->set_id(Cat("d", i));
    added->set_relation(i % 100 == 0 ? "owner" : "viewer");
    added->mutable_subject()->set_type("user");
    added->mutable_subject()->set_id("alice");
  }
  v1::ImportResponse imported;
  ASSERT_TRUE(server.TryImport(imports, &imported).ok());
  EXPECT_EQ(imported.relationships_count(), uint64_t{kMany});
  EXPECT_TRUE(server.Allowed("document:d20999#view@user:alice"));
  server.Touch({"document:last#viewer@user:alice"});
  for (const char* filter : {"", "filters {relation: 'owner'}"}) {
    Watched::Stream stream(server, Watched::Behind(server.start, filter));
    std::set<std::string> seen;
    size_t told = 0;
    do {
      for (std::string& change : stream.Next()) {
        ++told;
        seen.insert(std::move(change));
      }
      if (stream.response.continues()) {
        EXPECT_EQ(stream.response.at().token(), server.start);
      }
    } while (stream.response.continues());
    EXPECT_EQ(stream.response.at().token(), imported.written_at().token()) << filter;
    EXPECT_EQ(told, *filter == 0 ? size_t{kMany} : size_t{kMany} / 100);
    EXPECT_EQ(seen.size(), told);
    if (*filter == 0) {
      EXPECT_THAT(stream.Next(), ElementsAre("+document:last#viewer@user:alice"));
    }
  }
}

TEST(Watch, SaysWhatIsWrongWithAToken) {
  Watched server({.store = {.retention = absl::Hours(1)}});
  Watched other;
  EXPECT_EQ(Watched::Stream(server, Watched::Behind("x")).Ended(), "INVALID_ARGUMENT TOKEN_MALFORMED after.token");
  EXPECT_EQ(Watched::Stream(server, Watched::Behind(other.start)).Ended(),
            "INVALID_ARGUMENT TOKEN_OF_ANOTHER_DATABASE after.token");
  const std::string ahead = EncodeToken(server.database().store().database_id(), Revision(1000));
  EXPECT_EQ(Watched::Stream(server, Watched::Behind(ahead)).Ended(), "OUT_OF_RANGE REVISION_UNKNOWN after.token");
  server.Touch({"document:a#viewer@user:alice"});
  server.clock.Advance(absl::Hours(2));
  server.Touch({"document:b#viewer@user:alice"});
  server.clock.Advance(absl::Hours(2));
  ASSERT_TRUE(server.database().store().Collect().ok());
  EXPECT_EQ(Watched::Stream(server, Watched::Behind(server.start)).Ended(),
            "OUT_OF_RANGE REVISION_COLLECTED after.token");
  EXPECT_EQ(Watched::Stream(server, Watched::Behind(server.start, "filters {}")).Ended(),
            "INVALID_ARGUMENT EMPTY_FILTER filters[0]");
}

TEST(Watch, IsToldWhenTheServerStops) {
  Watched server;
  Watched::Stream stream(server, Watched::Behind(server.start));
  stream.reader->WaitForInitialMetadata();
  std::thread stopper([&] { server.server().Stop(absl::Seconds(10)); });
  EXPECT_EQ(stream.Ended(), "UNAVAILABLE");
  stopper.join();
}

TEST(Watch, SeesEverythingOnceWhileManyWriteAndItReconnects) {
  constexpr int kWriters = 4;
  constexpr int kWrites = 100;
  Watched server;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kWrites; ++i) server.Touch({Cat("document:d", w, "-", i, "#viewer@user:alice")});
    });
  }
  std::set<std::string> seen;
  std::string token = server.start;
  size_t changes = 0;
  while (changes < kWriters * kWrites) {
    Watched::Stream stream(server, Watched::Behind(token));
    for (int i = 0; i < 37 && changes < kWriters * kWrites; ++i) {  // Then it is cut off, and comes back.
      for (const std::string& line : stream.Next()) {
        EXPECT_TRUE(seen.insert(line).second) << line << " came twice";
        ++changes;
      }
      token = stream.response.at().token();
    }
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(seen.size(), size_t{kWriters * kWrites});
}

TEST(Delete, RemovesWhatMatchesAtOneRevision) {
  Watched server;
  server.Touch({"document:a#viewer@user:alice", "document:a#viewer@user:bob", "document:b#viewer@user:alice",
                "document:a#owner@user:alice"});
  const auto call = [&](const std::string& text, v1::DeleteResponse* response) {
    return Fault(server.Call(*server.relationships, &v1::RelationshipService::Stub::Delete,
                             Proto<v1::DeleteRequest>(text), response));
  };
  v1::DeleteResponse response;
  EXPECT_EQ(call("filter {resource_type: 'document' relation: 'viewer'} limit: 2", &response),
            "FAILED_PRECONDITION TOO_MANY_MATCH");
  EXPECT_EQ(server.Read("document").size(), 4u);
  EXPECT_EQ(call("filter {resource_type: 'document' relation: 'viewer'} limit: 2 allow_partial: true", &response),
            "OK");
  EXPECT_EQ(response.deleted(), 2u);
  EXPECT_FALSE(response.complete());
  EXPECT_EQ(call("filter {resource_type: 'document' relation: 'viewer'}", &response), "OK");
  EXPECT_EQ(response.deleted(), 1u);
  EXPECT_TRUE(response.complete());
  EXPECT_THAT(server.Read("document"), ElementsAre("document:a#owner@user:alice"));
  EXPECT_EQ(
      call("filter {resource_type: 'document'} preconditions {operation: OPERATION_MUST_MATCH filter {resource_type: "
           "'team'}}",
           &response),
      "FAILED_PRECONDITION PRECONDITION_FAILED preconditions[0]");
  EXPECT_EQ(call("filter {}", &response), "INVALID_ARGUMENT EMPTY_FILTER filter");
}

TEST(Export, StreamsOneSnapshotAndGoesOnBehindACursor) {
  Watched server;
  std::vector<std::string> many;
  for (int i = 0; i < 900; ++i) many.push_back(Cat("document:d", i, "#viewer@user:alice"));
  server.Touch(many);
  for (std::string& text : many) text[9] = 'e';
  const std::string token = server.Touch(many);
  const auto read = [&](const std::string& cursor, int messages, std::string* last) {
    grpc::ClientContext context;
    v1::ExportRequest request;
    *request.mutable_consistency() = Exactly(token);
    request.set_cursor(cursor);
    auto reader = server.relationships->Export(&context, request);
    v1::ExportResponse response;
    std::vector<std::string> ids;
    while (messages-- > 0 && reader->Read(&response)) {
      for (const auto& relationship : response.relationships()) ids.push_back(relationship.resource().id());
      *last = response.cursor();
    }
    context.TryCancel();
    reader->Finish();
    return ids;
  };
  std::string cursor;
  auto ids = read("", 1, &cursor);
  EXPECT_EQ(ids.size(), 1000u);
  server.Touch({"document:zzz#viewer@user:alice"});
  const auto rest = read(cursor, 9, &cursor);
  ids.insert(ids.end(), rest.begin(), rest.end());
  EXPECT_EQ(ids.size(), 1800u) << "the snapshot that was asked for, whatever was written since";
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1800u);
}

TEST(ListPermissions, DecidesEachPermissionOfTheType) {
  Watched server;
  server.Touch({"document:a#viewer@user:alice"});
  const auto list = [&](const std::string& text) {
    v1::ListPermissionsResponse response;
    const auto status = server.Call(*server.permissions, &v1::PermissionService::Stub::ListPermissions,
                                    Proto<v1::ListPermissionsRequest>(text), &response);
    std::vector<std::string> lines;
    if (!status.ok()) return std::vector<std::string>{Fault(status)};
    for (const auto& listed : response.permissions()) {
      lines.push_back(Cat(listed.permission(), " ", v1::Decision_Name(listed.result().decision())));
    }
    return lines;
  };
  const std::string item = "item {resource {type: 'document' id: 'a'} subject {type: 'user' id: 'alice'}}";
  EXPECT_THAT(list(item), ElementsAre("edit DECISION_DENIED", "view DECISION_ALLOWED"));
  EXPECT_THAT(list(item + " relations: true"),
              ElementsAre("parent DECISION_DENIED", "owner DECISION_DENIED", "viewer DECISION_ALLOWED",
                          "banned DECISION_DENIED", "edit DECISION_DENIED", "view DECISION_ALLOWED"));
  EXPECT_THAT(list("item {resource {type: 'document' id: 'a'} permission: 'view' subject {type: 'user' id: 'x'}}"),
              ElementsAre("INVALID_ARGUMENT FIELD_NOT_ALLOWED item.permission"));
  EXPECT_THAT(list("item {resource {type: 'nothing' id: 'a'} subject {type: 'user' id: 'x'}}"),
              ElementsAre("INVALID_ARGUMENT UNKNOWN_DEFINITION item.resource.type"));
}

}  // namespace
}  // namespace mandate
