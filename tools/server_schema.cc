#include "tools/server_schema.h"

#include "absl/strings/str_join.h"
#include "check/checker.h"
#include "schema/compiler.h"
#include "schema/text.h"

namespace mandate {
namespace {

const char* KindWord(Kind kind) {
  switch (kind) {
    case Kind::kDefinition: return "definition";
    case Kind::kAgent: return "agent";
    case Kind::kTask: return "task";
    case Kind::kSession: return "session";
  }
  return "";
}

}  // namespace

absl::StatusOr<ServerSchema> ReadServerSchema(Client& client, const std::string& at_token) {
  auto read = client.ReadSchema(at_token);
  if (!read.ok()) return read.status();
  CompileResult compiled = CompileSchema(read->schema);
  if (!compiled.ok()) {
    return absl::FailedPreconditionError(
        Cat("the server's schema does not compile here, so the server may be newer than this program:\n",
            RenderDiagnostics("schema", read->schema, compiled.diagnostics)));
  }
  return ServerSchema{compiled.schema, read->token};
}

absl::StatusOr<std::string> OnlyTypeOf(const Schema& schema, Kind kind, const char* option) {
  std::vector<std::string> names;
  for (const Definition& definition : schema.definitions()) {
    if (definition.kind == kind) names.push_back(definition.name);
  }
  if (names.size() == 1) return names.front();
  if (names.empty()) {
    return InvalidArgument(Cat("the schema declares no ", KindWord(kind), "; see `use delegation`"));
  }
  return InvalidArgument(Cat("the schema declares several kinds of ", KindWord(kind), "; say which with ", option,
                             ": `", absl::StrJoin(names, "`, `"), "`"));
}

absl::StatusOr<Kind> KindOfType(const Schema& schema, const std::string& name) {
  auto type = ResolveType(schema, name, "type");
  if (!type.ok()) return InvalidArgument(StdView(type.status().message()));
  return schema.definition(*type).kind;
}

}  // namespace mandate
