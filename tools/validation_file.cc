#include "tools/validation_file.h"

#include <filesystem>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "schema/relationship_json.h"
#include "schema/text.h"
#include "tools/commands.h"
#include "yaml-cpp/yaml.h"

namespace mandate {
namespace {

// Reads one file. Every error carries the file and, where it is known, the line.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  absl::StatusOr<ValidationFile> Read(const std::string& text) {
    lines_ = absl::StrSplit(text, '\n');
    YAML::Node root;
    try {
      root = YAML::Load(text);
    } catch (const YAML::Exception& error) {
      return Error(error.mark.line + 1, Cat("this is not YAML: ", error.msg));
    }
    if (!root.IsMap()) return Error(1, "a validation file is a map with `schema` and `relationships`");
    ValidationFile file{path_, {}};
    WorldStep first{.line = 1};
    absl::flat_hash_set<std::string> seen;
    for (const auto& entry : root) {
      const std::string key = entry.first.Scalar();
      absl::Status status = Expect(entry.first, entry.second, FormOf(key));
      if (status.ok() && !seen.insert(key).second) {
        status = Error(entry.first.Mark().line + 1, Cat(Quote(key), " comes twice"));
      }
      if (!status.ok()) return status;
      if (key == "schema") {
        first.schema = entry.second.Scalar();
      } else if (key == "schemaFile") {
        status = ReadSchemaFile(entry.second, &first);
      } else if (key == "relationships") {
        status = ReadRelationships(entry.second, &first.writes);
      } else if (key == "assertions") {
        status = ReadAssertions(entry.second, &first.assertions);
      } else if (key == "steps") {
        status = ReadSteps(entry.second, &file.steps);
      } else if (key != "validation") {
        status = Error(entry.first.Mark().line + 1,
                       Cat("unknown key ", Quote(key),
                           "; allowed: schema, schemaFile, relationships, assertions, validation, "
                           "steps"));
      }
      if (!status.ok()) return status;
    }
    if (!first.schema.has_value()) return Error(1, "a world needs a `schema` or a `schemaFile`");
    file.steps.insert(file.steps.begin(), std::move(first));
    return file;
  }

 private:
  // The form of what stands behind a key, so that nothing of a wrong form is passed over in silence.
  enum class Form { kText, kList, kMap, kAny };
  static Form FormOf(const std::string& key) {
    if (key == "assertions") return Form::kMap;
    if (key == "steps" || key == "drops" || key.starts_with("assert")) return Form::kList;
    return key == "validation" ? Form::kAny : Form::kText;
  }

  // Nothing at all is fine, but for a step.
  absl::Status Expect(const YAML::Node& key, const YAML::Node& node, Form form) const {
    const bool fits = form == Form::kAny || node.IsNull() ||
                      (form == Form::kText && node.IsScalar()) ||
                      (form == Form::kList && node.IsSequence()) ||
                      (form == Form::kMap && node.IsMap());
    if (fits) return absl::OkStatus();
    const char* const wanted = form == Form::kText ? "text" : form == Form::kList ? "a list" : "a map";
    return Error(key.Mark().line + 1, Cat(Quote(key.Scalar()), " takes ", wanted));
  }

  absl::Status Error(int line, const std::string& message) const {
    return absl::InvalidArgumentError(Cat(path_, ":", line, ": ", message));
  }

  absl::Status ReadSchemaFile(const YAML::Node& node, WorldStep* step) {
    const auto file = std::filesystem::path(path_).parent_path() / node.Scalar();
    auto text = ReadFile(file.string());
    if (!text.ok()) return Error(node.Mark().line + 1, std::string(text.status().message()));
    step->schema = *std::move(text);
    return absl::OkStatus();
  }

  absl::Status ReadRelationships(const YAML::Node& node, std::vector<Relationship>* out) {
    if (node.IsNull()) return absl::OkStatus();
    // The lines of a block begin behind its `|`; another text begins where it stands.
    const YAML::Mark mark = node.Mark();
    const std::string_view begin =
        std::string_view(lines_.at(mark.line)).substr(std::min<size_t>(mark.column, lines_[mark.line].size()));
    int line = begin.starts_with('|') || begin.starts_with('>') ? mark.line + 1 : mark.line;
    for (absl::string_view raw : absl::StrSplit(node.Scalar(), '\n')) {
      ++line;
      const std::string_view text = StdView(absl::StripAsciiWhitespace(raw));
      if (text.empty() || text.starts_with("//")) continue;
      auto relationship = ParseRelationship(text);
      if (!relationship.ok()) {
        return Error(line, std::string(About(text, relationship.status()).message()));
      }
      out->push_back(*std::move(relationship));
    }
    return absl::OkStatus();
  }

  absl::Status ReadSteps(const YAML::Node& node, std::vector<WorldStep>* steps) {
    for (const YAML::Node& entry : node) {
      WorldStep& step = steps->emplace_back();
      step.line = entry.Mark().line + 1;
      if (!entry.IsMap()) return Error(step.line, "a step is a map, as `- write: document:plan#viewer@user:alice`");
      for (const auto& part : entry) {
        absl::Status status = Expect(part.first, part.second, FormOf(part.first.Scalar()));
        if (status.ok()) status = ReadStepPart(part.first, part.second, &step);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadStepPart(const YAML::Node& name, const YAML::Node& value, WorldStep* step) {
    const std::string key = name.Scalar();
    if (key == "write") return ReadRelationships(value, &step->writes);
    if (key == "delete") return ReadRelationships(value, &step->deletes);
    if (key == "assertions") return ReadAssertions(value, &step->assertions);
    if (key == "schema") {
      step->schema = value.Scalar();
    } else if (key == "refused") {
      step->refused = value.Scalar();
    } else if (key == "drops") {
      for (const YAML::Node& drop : value) step->drops.push_back(drop.Scalar());
    } else if (key == "clock") {
      if (!absl::ParseDuration(value.Scalar(), &step->clock)) {
        return Error(value.Mark().line + 1, "a clock is a duration, as 90s or 2h");
      }
    } else {
      return Error(name.Mark().line + 1,
                   Cat("unknown key ", Quote(key),
                       "; allowed: write, delete, schema, drops, refused, clock, assertions"));
    }
    return absl::OkStatus();
  }

  absl::Status ReadAssertions(const YAML::Node& node, std::vector<Assertion>* out) {
    for (const auto& entry : node) {
      const std::string key = entry.first.Scalar();
      Assertion::Expected expected;
      if (key == "assertTrue") {
        expected = Assertion::Expected::kTrue;
      } else if (key == "assertFalse") {
        expected = Assertion::Expected::kFalse;
      } else if (key == "assertCaveated") {
        expected = Assertion::Expected::kCaveated;
      } else if (key == "assertError") {
        expected = Assertion::Expected::kError;
      } else {
        return Error(entry.first.Mark().line + 1,
                     Cat("unknown assertion ", Quote(key),
                         "; allowed: assertTrue, assertFalse, assertCaveated, assertError"));
      }
      if (absl::Status status = Expect(entry.first, entry.second, Form::kList); !status.ok()) {
        return status;
      }
      for (const YAML::Node& text : entry.second) {
        if (!text.IsScalar()) return Error(text.Mark().line + 1, "an assertion is one line of text");
        auto assertion = ReadAssertion(text.Scalar(), text.Mark().line + 1);
        if (!assertion.ok()) return assertion.status();
        assertion->expected = expected;
        out->push_back(*std::move(assertion));
      }
    }
    return absl::OkStatus();
  }

  // QUESTION [with JSON] [task T] [principal P] [agent A] [reason R]
  absl::StatusOr<Assertion> ReadAssertion(const std::string& text, int line) {
    Assertion assertion{.text = text, .line = line};
    // The context first: inside of it any word may stand.
    std::string rest = text;
    if (const size_t with = text.find(" with {"); with != std::string::npos) {
      const size_t start = with + 6;
      const size_t length = BracketedLength(std::string_view(text).substr(start));
      if (length == std::string::npos) return Error(line, "the JSON behind `with` is not closed");
      auto context = CompactContext(std::string_view(text).substr(start, length));
      if (!context.ok()) return Error(line, std::string(context.status().message()));
      assertion.question.context = *std::move(context);
      rest = Cat(text.substr(0, with), text.substr(start + length));
    }
    auto take = [&rest](const char* word) {
      const std::string mark = Cat(" ", word, " ");
      const size_t at = rest.rfind(mark);
      if (at == std::string::npos) return std::string();
      std::string value = rest.substr(at + mark.size());
      rest.resize(at);
      return value;
    };
    assertion.reason = take("reason");
    auto object = [&](const char* word, std::optional<ObjectRef>* out) -> absl::Status {
      const std::string value = take(word);
      if (value.empty()) return absl::OkStatus();
      auto parsed = ParseObject(value);
      if (parsed.ok()) *out = *std::move(parsed);
      return parsed.status();
    };
    absl::Status status = object("agent", &assertion.question.claims.agent);
    status.Update(object("principal", &assertion.question.claims.principal));
    status.Update(object("task", &assertion.question.task));
    if (!status.ok()) return Error(line, std::string(status.message()));
    auto question = ParseQuestion(StdView(absl::StripAsciiWhitespace(rest)));
    if (!question.ok()) {
      return Error(line, std::string(About(text, question.status()).message()));
    }
    assertion.question.resource = question->resource;
    assertion.question.permission = question->permission;
    assertion.question.subject = question->subject;
    return assertion;
  }

  const std::string path_;
  std::vector<std::string> lines_;
};

}  // namespace

absl::StatusOr<ValidationFile> ParseValidationFile(const std::string& path,
                                                   const std::string& text) {
  try {
    return Reader(path).Read(text);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(Cat(path, ":", error.mark.line + 1, ": ", error.msg));
  }
}

absl::StatusOr<ValidationFile> LoadValidationFile(const std::string& path) {
  auto text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseValidationFile(path, *text);
}

}  // namespace mandate
