#include <iostream>

#include "nlohmann/json.hpp"
#include "schema/compiler.h"
#include "service/client.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

nlohmann::json ToJson(const std::vector<Diagnostic>& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const Diagnostic& finding : findings) {
    list.push_back({{"severity", finding.severity == Severity::kError ? "error" : "warning"},
                    {"line", finding.range.line},
                    {"column", finding.range.column},
                    {"offset", finding.range.offset},
                    {"length", finding.range.length},
                    {"message", finding.message}});
    if (!finding.lint.empty()) list.back()["name"] = finding.lint;
  }
  return list;
}

}  // namespace

int WriteSchemaFile(const ClientOptions& client, const SchemaWriteOptions& options) {
  auto text = ReadFile(options.file);
  if (!text.ok()) return Fail(text.status());
  std::vector<Diagnostic> errors;
  auto written = Client(client.server).WriteSchema(*text, options.drops, options.dry_run, &errors);
  if (!written.ok()) {
    if (errors.empty()) return Fail(written.status());
    std::cerr << RenderDiagnostics(FileName(options.file), *text, errors);
    // An answer holds a few dozen; the count of all of them starts its message.
    unsigned count = 0;
    const std::string message(written.status().message());
    if (sscanf(message.c_str(), "the schema has %u", &count) == 1 && count > errors.size()) {
      std::cerr << "and " << count - errors.size() << " more; `mandate schema check` shows them all\n";
    }
    return kExitError;
  }
  std::cerr << RenderDiagnostics(FileName(options.file), *text, written->findings);
  if (client.json) {
    std::cout << written->json << "\n";
  } else if (options.dry_run) {
    std::cout << "schema would be accepted; nothing written\n";
  } else {
    std::cout << "schema written, token " << written->token << "\n";
  }
  return kExitOk;
}

int ReadSchemaText(const ClientOptions& client, const std::string& at) {
  auto read = Client(client.server).ReadSchema(at);
  if (!read.ok()) return Fail(read.status());
  std::cout << (client.json ? read->json : read->schema);
  if (client.json || !read->schema.ends_with('\n')) std::cout << "\n";
  return kExitOk;
}

int CheckSchemaFile(const ClientOptions& client, const std::string& file) {
  auto text = ReadFile(file);
  if (!text.ok()) return Fail(text.status());
  const CompileResult result = CompileSchema(*text);
  if (client.json) {
    std::cout << nlohmann::json{{"ok", result.ok()}, {"findings", ToJson(result.diagnostics)}}.dump() << "\n";
  } else {
    std::cerr << RenderDiagnostics(FileName(file), *text, result.diagnostics);
    if (result.ok()) {
      std::cout << FileName(file) << ": " << result.schema->definitions().size()
                << (result.schema->definitions().size() == 1 ? " definition" : " definitions") << ", no errors\n";
    }
  }
  return result.ok() ? kExitOk : kExitError;
}

}  // namespace mandate
