// Writes a schema and a relationship to the server that is named, and asks.
#include <cstdio>

#include "mandate/client.h"

int main(int, char** argv) {
  mandate::client::Client client({.server = argv[1]});
  mandate::v1::WriteSchemaRequest schema;
  schema.set_schema(
      "definition user {}\ndefinition document {\n  relation viewer: user\n  permission view = viewer\n}\n");
  if (const auto written = client.WriteSchema(schema); !written.ok()) {
    std::fprintf(stderr, "error: %s\n", written.status().error_message().c_str());
    return 1;
  }
  client.Touch({"document:plan#viewer@user:alice"});
  for (const char* who : {"user:alice", "user:bob"}) {
    const auto allowed = client.IsAllowed("document:plan", "view", who);
    if (!allowed.ok()) {
      std::fprintf(stderr, "error: %s\n", allowed.status().error_message().c_str());
      return 1;
    }
    std::printf("%s %s document:plan\n", who, *allowed ? "may view" : "may not view");
  }
}
