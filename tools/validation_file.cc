#include "tools/validation_file.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
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
    YAML::Node root;
    try {
      root = YAML::Load(text);
    } catch (const YAML::Exception& error) {
      return Error(error.mark.line + 1, Cat("this is not YAML: ", error.msg));
    }
    if (!root.IsMap()) return Error(1, "a validation file is a map with `schema` and `relationships`");
    ValidationFile file{path_, {}};
    WorldStep first;
    for (const auto& entry : root) {
      const std::string key = entry.first.Scalar();
      absl::Status status;
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
    int line = node.Mark().line + 1;
    for (absl::string_view raw : absl::StrSplit(node.Scalar(), '\n')) {
      ++line;
      const std::string_view text = StdView(absl::StripAsciiWhitespace(raw));
      if (text.empty() || text.starts_with("//")) continue;
      auto relationship = ParseRelationship(text);
      if (!relationship.ok()) {
        return Error(line, Cat(Quote(text), ": ", relationship.status().message()));
      }
      out->push_back(*std::move(relationship));
    }
    return absl::OkStatus();
  }

  absl::Status ReadSteps(const YAML::Node& node, std::vector<WorldStep>* steps) {
    for (const YAML::Node& entry : node) {
      WorldStep& step = steps->emplace_back();
      step.line = entry.Mark().line + 1;
      for (const auto& part : entry) {
        absl::Status status = ReadStepPart(part.first.Scalar(), part.second, &step);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadStepPart(const std::string& key, const YAML::Node& value, WorldStep* step) {
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
      return Error(value.Mark().line + 1,
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
      for (const YAML::Node& text : entry.second) {
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
    std::string rest = text;
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
    assertion.context = take("with");
    auto question = ParseQuestion(StdView(absl::StripAsciiWhitespace(rest)));
    if (!question.ok()) {
      return Error(line, Cat(Quote(text), ": ", question.status().message()));
    }
    assertion.question.resource = question->resource;
    assertion.question.permission = question->permission;
    assertion.question.subject = question->subject;
    return assertion;
  }

  const std::string path_;
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
