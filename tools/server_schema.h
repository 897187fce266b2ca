// server_schema.h: the schema in force, compiled here, for what a command has to know of it: which kind a type is, and
// which type is meant where there is only one.
//
//   absl::StatusOr<ServerSchema> schema = ReadServerSchema(client);
//   absl::StatusOr<std::string> task = OnlyTypeOf(*schema->schema, Kind::kTask, "--task-type");
//
// Threads     Free functions; safe anywhere.
// Errors      The server's; INVALID_ARGUMENT, naming the types there are.
#ifndef MANDATE_TOOLS_SERVER_SCHEMA_H_
#define MANDATE_TOOLS_SERVER_SCHEMA_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "schema/schema.h"
#include "service/client.h"

namespace mandate {

struct ServerSchema {
  std::shared_ptr<const Schema> schema;
  std::string token;  // Of the revision that it was read at.
};
// An empty `at_token`: at the newest revision.
absl::StatusOr<ServerSchema> ReadServerSchema(Client& client, const std::string& at_token = "");

// The one type of that kind. `option` is how to say which, where there are several.
absl::StatusOr<std::string> OnlyTypeOf(const Schema& schema, Kind kind, const char* option);

// The kind of a type by its name; an error that names the closest one if there is none of that name.
absl::StatusOr<Kind> KindOfType(const Schema& schema, const std::string& name);

}  // namespace mandate

#endif  // MANDATE_TOOLS_SERVER_SCHEMA_H_
