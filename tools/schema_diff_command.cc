// `mandate schema diff`: two files, or a file and the schema in force.
#include <iostream>

#include "nlohmann/json.hpp"
#include "schema/diff.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/client.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

// The schema that `text` compiles to; null, and the errors told, if there is none.
std::shared_ptr<const Schema> Compile(const std::string& name, const std::string& text) {
  CompileResult compiled = CompileSchema(text);
  std::erase_if(compiled.diagnostics, [](const Diagnostic& d) { return d.severity == Severity::kWarning; });
  std::cerr << RenderDiagnostics(name, text, compiled.diagnostics);
  return compiled.schema;
}

std::string_view KindOf(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kRelationAdded:
    case DifferenceKind::kRelationRemoved:
    case DifferenceKind::kSubjectTypeAdded:
    case DifferenceKind::kSubjectTypeRemoved: return "relation";
    case DifferenceKind::kParameterAdded:
    case DifferenceKind::kParameterRemoved:
    case DifferenceKind::kParameterTypeChanged: return "parameter";
    default: return "permission";
  }
}

bool IsOfCaveat(DifferenceKind kind) { return kind >= DifferenceKind::kCaveatAdded; }

// ` = viewer + editor`, ` user | team`, ` int`: what a member is, behind its name.
std::string Is(DifferenceKind kind, const std::string& text) {
  const std::string_view what = KindOf(kind);
  return Cat(what == "relation" ? ": " : what == "permission" ? " = " : " ", text);
}

// Differences of one definition or caveat stand under its name, those of one relation under its.
class DiffPrinter {
 public:
  explicit DiffPrinter(const Schema& after) : after_(after) {}

  std::string Run(const std::vector<Difference>& differences) {
    for (const Difference& d : differences) {
      if (d.member.empty()) {
        PrintWhole(d);
      } else {
        PrintMember(d);
      }
    }
    return std::move(out_);
  }

 private:
  void PrintWhole(const Difference& d) {
    const std::string_view keyword = IsOfCaveat(d.kind) ? std::string_view("caveat")
                                     : d.after.empty()  ? std::string_view(d.before)
                                                        : std::string_view(d.after);
    if (d.kind == DifferenceKind::kCaveatExpressionChanged) {
      OpenItem(d);
      out_ += Cat("    - ", OnOneLine(d.before), "\n    + ", OnOneLine(d.after), "\n");
    } else if (d.kind == DifferenceKind::kDefinitionKindChanged) {
      OpenItem(d);
      out_ += Cat("    - ", d.before, "\n    + ", d.after, "\n");
    } else if (d.kind == DifferenceKind::kRuleAdded || d.kind == DifferenceKind::kRuleRemoved) {
      OpenItem(d);
      out_ += Cat(d.before.empty() ? "    + " : "    - ", d.before, d.after, "\n");
    } else {
      out_ += Cat(d.before.empty() ? "+ " : "- ", keyword, " ", d.name, "\n");
    }
  }

  void PrintMember(const Difference& d) {
    OpenItem(d);
    const std::string_view what = KindOf(d.kind);
    switch (d.kind) {
      case DifferenceKind::kSubjectTypeAdded:
      case DifferenceKind::kSubjectTypeRemoved:
        if (relation_ != d.member) out_ += Cat("    ~ relation ", d.member, "\n");
        relation_ = d.member;
        out_ += Cat("        ", d.before.empty() ? "+ " : "- ", d.before, d.after, "\n");
        return;
      case DifferenceKind::kPermissionExpressionChanged:
      case DifferenceKind::kParameterTypeChanged:
        out_ += Cat("    ~ ", what, " ", d.member, "\n        - ", d.before, "\n        + ", d.after, "\n");
        return;
      default:
        out_ +=
            Cat("    ", d.before.empty() ? "+ " : "- ", what, " ", d.member, Is(d.kind, Cat(d.before, d.after)), "\n");
    }
  }

  void OpenItem(const Difference& d) {
    const std::string item = Cat(
        IsOfCaveat(d.kind) ? std::string_view("caveat") : KindKeyword(after_.definition(*after_.FindType(d.name)).kind),
        " ", d.name);
    if (item == item_) return;
    item_ = item;
    relation_.clear();
    out_ += Cat("~ ", item, "\n");
  }

  // An expression over several lines would not stand under its sign.
  static std::string OnOneLine(std::string_view text) {
    std::string out;
    for (char c : text) {
      const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
      if (!blank) out += c;
      if (blank && !out.empty() && out.back() != ' ') out += ' ';
    }
    return out;
  }

  const Schema& after_;
  std::string out_;
  std::string item_;
  std::string relation_;
};

nlohmann::json ToJson(const Difference& d) {
  nlohmann::json json = {{"kind", DifferenceName(d.kind)}};
  json[IsOfCaveat(d.kind) ? "caveat" : "definition"] = d.name;
  if (!d.member.empty()) json[std::string(KindOf(d.kind))] = d.member;
  if (!d.before.empty()) json["before"] = d.before;
  if (!d.after.empty()) json["after"] = d.after;
  return json;
}

// Prints the differences, and `verdict`, if there is one: OK, or why the server would refuse the
// change.
int Print(const ClientOptions& client, const Schema& before, const Schema& after, const absl::Status* verdict) {
  std::vector<Difference> differences = DiffSchemas(before, after);
  std::erase_if(differences, [](const Difference& d) { return IsOfDocumentation(d.kind); });
  const std::vector<std::string> widened = CompareForStorage(before, after).widened;
  const bool refused = verdict != nullptr && !verdict->ok();
  if (client.json) {
    nlohmann::json json = {{"differences", nlohmann::json::array()}, {"widened", widened}};
    for (const Difference& d : differences) json["differences"].push_back(ToJson(d));
    if (verdict != nullptr) json["accepted"] = !refused && widened.empty();
    if (refused) {
      json["refusal"] = {{"reason", ReasonOf(*verdict)}, {"message", std::string(verdict->message())}};
    }
    std::cout << json.dump() << "\n";
  } else {
    std::cout << DiffPrinter(after).Run(differences);
    for (const std::string& restriction : widened) {
      std::cout << "! this widens what agents may do; write it with --drop '" << restriction << "'\n";
    }
    if (refused) std::cout << "! " << std::string(verdict->message()) << "\n";
  }
  return differences.empty() && !refused ? kExitOk : kExitDifferent;
}

int DiffWithServer(const ClientOptions& client, const std::string& file, const std::string& text) {
  Client server(client.server);
  auto read = server.ReadSchema("");
  if (!read.ok() && ReasonOf(read.status()) != "NO_SCHEMA") return Fail(read.status());
  const auto before = Compile("schema in force", read.ok() ? read->schema : "");
  const auto after = Compile(FileName(file), text);
  if (before == nullptr || after == nullptr) return kExitError;
  std::vector<Diagnostic> errors;
  const absl::Status verdict =
      server.WriteSchema(text, CompareForStorage(*before, *after).widened, /*dry_run=*/true, &errors).status();
  // Anything but a refusal of this change leaves open whether it would be accepted.
  if (!verdict.ok() && !absl::IsFailedPrecondition(verdict)) {
    std::cerr << RenderDiagnostics(FileName(file), text, errors);
    return errors.empty() ? Fail(verdict) : kExitError;
  }
  return Print(client, *before, *after, &verdict);
}

}  // namespace

int DiffSchemaFiles(const ClientOptions& client, const SchemaDiffOptions& options) {
  std::vector<std::string> texts;
  for (const std::string& file : options.files) {
    auto text = ReadFile(file);
    if (!text.ok()) return Fail(text.status());
    texts.push_back(*std::move(text));
  }
  if (options.files.size() == 1) return DiffWithServer(client, options.files[0], texts[0]);
  const auto before = Compile(FileName(options.files[0]), texts[0]);
  const auto after = Compile(FileName(options.files[1]), texts[1]);
  if (before == nullptr || after == nullptr) return kExitError;
  return Print(client, *before, *after, nullptr);
}

}  // namespace mandate
