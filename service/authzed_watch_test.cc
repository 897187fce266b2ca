// Watch over authzed.api.v1.
#include "service/test_authzed.h"

namespace mandate {
namespace {

using testing::ElementsAre;

struct Watching : AuthzedServer {
  Watching() { start = WriteSchema(kDocumentSchema); }

  struct Open {
    Open(Watching& server, const std::string& request) {
      reader = server.az_watches->Watch(&context, Proto<az::WatchRequest>(request));
    }
    ~Open() { End(); }
    // The next response: `+relationship`, `-relationship`, `schema`, `checkpoint`.
    std::vector<std::string> Next() {
      if (!reader->Read(&response)) return {"ended"};
      std::vector<std::string> lines;
      for (const auto& update : response.updates()) {
        EXPECT_NE(update.operation(), az::RelationshipUpdate::OPERATION_CREATE);
        lines.push_back(Cat(update.operation() == az::RelationshipUpdate::OPERATION_DELETE ? "-" : "+",
                            Text(update.relationship())));
      }
      if (response.schema_updated()) lines.push_back("schema");
      if (response.is_checkpoint()) lines.push_back("checkpoint");
      return lines;
    }
    std::string End() {
      if (ended) return "";
      ended = true;
      context.TryCancel();
      while (reader->Read(&response)) {
      }
      return Fault(FromGrpc(reader->Finish()));
    }
    // Of a watch that the server refuses.
    std::string Refusal() {
      ended = true;
      while (reader->Read(&response)) {
      }
      return Fault(FromGrpc(reader->Finish()));
    }
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<az::WatchResponse>> reader;
    az::WatchResponse response;
    bool ended = false;
  };

  std::string Behind(const std::string& token) { return Cat("optional_start_cursor { token: \"", token, "\" } "); }

  std::string start;
};

TEST(AuthzedWatch, SendsEachCommitOnceAndGoesOnBehindAToken) {
  Watching server;
  server.Write({"create document:a#viewer@user:ann"});
  EXPECT_TRUE(server
                  .TryUpdate({"delete document:a#viewer@user:ann", "touch document:b#viewer@user:ann"},
                             R"(optional_transaction_metadata { fields { key: "by" value { string_value: "kim" } } })")
                  .ok());
  Watching::Open watch(server, server.Behind(server.start));
  EXPECT_THAT(watch.Next(), ElementsAre("+document:a#viewer@user:ann"));
  EXPECT_FALSE(watch.response.has_optional_transaction_metadata());
  const std::string token = watch.response.changes_through().token();
  EXPECT_THAT(watch.Next(),
              testing::UnorderedElementsAre("-document:a#viewer@user:ann", "+document:b#viewer@user:ann"));
  EXPECT_EQ(watch.response.optional_transaction_metadata().fields().at("by").string_value(), "kim");
  EXPECT_EQ(watch.response.full_revision_metadata_size(), 1);
  server.Write({"touch document:c#viewer@user:ann"});
  EXPECT_THAT(watch.Next(), ElementsAre("+document:c#viewer@user:ann"));
  EXPECT_EQ(watch.End(), "CANCELLED");
  Watching::Open again(server, server.Behind(token));
  EXPECT_EQ(again.Next().size(), 2u);
}

TEST(AuthzedWatch, BeginsAtTheNewestRevisionWithoutAToken) {
  Watching server;
  server.Write({"touch document:a#viewer@user:ann"});
  Watching::Open watch(server, "");
  watch.reader->WaitForInitialMetadata();
  server.Write({"touch document:b#viewer@user:ann"});
  EXPECT_THAT(watch.Next(), ElementsAre("+document:b#viewer@user:ann"));
}

TEST(AuthzedWatch, FiltersByTypeOrByFilter) {
  Watching server;
  server.Write({"touch document:a#viewer@user:ann", "touch team:core#member@user:ann"});
  Watching::Open types(server, Cat(server.Behind(server.start), R"(optional_object_types: "team")"));
  EXPECT_THAT(types.Next(), ElementsAre("+team:core#member@user:ann"));
  Watching::Open filters(
      server, Cat(server.Behind(server.start),
                  R"(optional_relationship_filters { resource_type: "document" optional_resource_id_prefix: "a" })"));
  EXPECT_THAT(filters.Next(), ElementsAre("+document:a#viewer@user:ann"));
}

TEST(AuthzedWatch, SendsTheKindsThatAreAskedFor) {
  Watching server;
  const std::string kinds =
      "optional_update_kinds: WATCH_KIND_INCLUDE_SCHEMA_UPDATES "
      "optional_update_kinds: WATCH_KIND_INCLUDE_CHECKPOINTS ";
  Watching::Open watch(server, Cat(server.Behind(server.start), kinds));
  server.Write({"touch document:a#viewer@user:ann"});
  server.WriteSchema(Cat(kDocumentSchema, "definition other {}\n"));
  std::vector<std::string> seen = watch.Next();
  while (seen == std::vector<std::string>{"checkpoint"}) seen = watch.Next();
  EXPECT_THAT(seen, ElementsAre("schema"));
  EXPECT_THAT(watch.Next(), ElementsAre("checkpoint"));
  EXPECT_NE(watch.response.changes_through().token(), "");
}

TEST(AuthzedWatch, DoesNotSendWhatExpired) {
  Watching server;
  server.Write({"touch document:a#viewer@user:ann[expiration:2026-01-01T00:00:01Z]"});
  Watching::Open watch(server, server.Behind(server.start));
  EXPECT_THAT(watch.Next(), ElementsAre("+document:a#viewer@user:ann[expiration:2026-01-01T00:00:01Z]"));
  server.clock.Advance(absl::Seconds(2));
  EXPECT_TRUE(server.database().store().SweepExpired(10).ok());
  server.Write({"touch document:b#viewer@user:ann"});
  EXPECT_THAT(watch.Next(), ElementsAre("+document:b#viewer@user:ann"));
}

TEST(AuthzedWatch, RefusesBothKindsOfFiltersAndBadTokens) {
  Watching server;
  EXPECT_EQ(Watching::Open(server, R"(optional_object_types: "team" optional_relationship_filters {
                                      resource_type: "team" })")
                .Refusal(),
            "INVALID_ARGUMENT FILTER_CONTRADICTS optional_relationship_filters");
  EXPECT_EQ(Watching::Open(server, R"(optional_object_types: "T!")").Refusal(),
            "INVALID_ARGUMENT MALFORMED_FIELD optional_object_types[0]");
  EXPECT_EQ(Watching::Open(server, server.Behind("nonsense")).Refusal(),
            "INVALID_ARGUMENT TOKEN_MALFORMED optional_start_cursor.token");
  EXPECT_EQ(Watching::Open(server, "optional_update_kinds: 9").Refusal(),
            "INVALID_ARGUMENT MALFORMED_FIELD optional_update_kinds");
}

}  // namespace
}  // namespace mandate
