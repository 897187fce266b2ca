#include "tools/validation/validation_file.h"

#include <filesystem>
#include <functional>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_split.h"
#include "schema/text.h"
#include "tools/validation/input.h"
#include "yaml-cpp/yaml.h"

namespace mandate {
namespace {

// The form of what stands behind a key, so that nothing of a wrong form is passed over in silence.
enum class Form { kText, kList, kMap };

// What a key may be followed by, and what reads it.
struct Part {
  const char* key;
  Form form;
  std::function<absl::Status(const YAML::Node& value)> read;
};

int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

// Reads one file. Every error carries the file and the line.
class Reader {
 public:
  Reader(const std::string& path, const std::string& text)
      : path_(path), text_(text), lines_(absl::StrSplit(text, '\n')) {}

  absl::StatusOr<ValidationFile> Read() {
    const YAML::Node root = YAML::Load(text_);
    if (!root.IsMap()) {
      return Error(1, "a validation file is a map with `schema` and `relationships`");
    }
    ValidationFile file{path_, {}};
    WorldStep first{.line = 1};
    absl::Status status = ReadMap(
        root, {{"schema", Form::kText, [&](auto& value) { return ReadText(value, &first.schema); }},
               {"schemaFile", Form::kText, [&](auto& v) { return ReadSchemaFile(v, &first); }},
               {"relationships", Form::kText, [&](auto& value) { return ReadRelationships(value, &first.writes); }},
               {"assertions", Form::kMap, [&](auto& value) { return ReadAssertions(value, &first.assertions); }},
               {"validation", Form::kMap, [&](auto& value) { return ReadValidation(value, &first.validation); }},
               {"steps", Form::kList, [&](auto& value) { return ReadSteps(value, &file.steps); }}});
    if (!status.ok()) return status;
    if (!first.schema) return Error(1, "a world needs a `schema` or a `schemaFile`");
    file.steps.insert(file.steps.begin(), std::move(first));
    return file;
  }

 private:
  absl::Status Error(int line, const std::string& message) const {
    return InvalidArgument(Cat(path_, ":", line, ": ", message));
  }
  absl::Status Error(int line, const absl::Status& status) const {
    return status.ok() ? status : Error(line, std::string(status.message()));
  }

  // Each entry by the part of its key; no others, and none twice. Nothing at all behind a key is
  // fine.
  absl::Status ReadMap(const YAML::Node& map, const std::vector<Part>& parts) const {
    absl::flat_hash_set<std::string> seen;
    for (const auto& entry : map) {
      const int line = LineOf(entry.first);
      if (!entry.first.IsScalar()) return Error(line, "a key is a word");
      const std::string& key = entry.first.Scalar();
      const Part* part = nullptr;
      std::string keys;
      for (const Part& each : parts) {
        if (key == each.key) part = &each;
        keys += Cat(keys.empty() ? "" : ", ", each.key);
      }
      if (part == nullptr) {
        return Error(line, Cat("unknown key ", Quote(key), "; allowed: ", keys));
      }
      if (!seen.insert(key).second) return Error(line, Cat(Quote(key), " comes twice"));
      if (entry.second.IsNull()) continue;
      if (absl::Status s = Expect(key, part->form, entry.second, line); !s.ok()) return s;
      if (absl::Status s = part->read(entry.second); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  absl::Status Expect(const std::string& key, Form form, const YAML::Node& node, int line) const {
    if (form == Form::kText && !node.IsScalar()) return Error(line, Cat(Quote(key), " takes text"));
    if (form == Form::kList && !node.IsSequence()) {
      return Error(line, Cat(Quote(key), " takes a list"));
    }
    if (form == Form::kMap && !node.IsMap()) return Error(line, Cat(Quote(key), " takes a map"));
    return absl::OkStatus();
  }

  static absl::Status ReadText(const YAML::Node& node, std::optional<std::string>* out) {
    *out = node.Scalar();
    return absl::OkStatus();
  }

  absl::Status ReadSchemaFile(const YAML::Node& node, WorldStep* step) const {
    if (step->schema) return Error(LineOf(node), "a world has a `schema` or a `schemaFile`, not both");
    if (std::filesystem::path(node.Scalar()).is_absolute()) {
      return Error(LineOf(node), "a schemaFile is a path from this file's folder, not an absolute one");
    }
    const std::string folder = std::filesystem::path(path_).parent_path().string();
    step->schema_file = Cat(folder.empty() ? "." : folder, "/", node.Scalar());
    auto text = ReadFile(step->schema_file);
    if (!text.ok()) return Error(LineOf(node), text.status());
    step->schema = *std::move(text);
    return absl::OkStatus();
  }

  absl::Status ReadRelationships(const YAML::Node& node, std::vector<WrittenRelationship>* out) const {
    size_t line = node.Mark().line;
    for (absl::string_view raw : absl::StrSplit(node.Scalar(), '\n')) {
      const std::string_view text = Strip(StdView(raw));
      if (text.empty()) continue;
      line = FindLine(line, text);
      if (text.starts_with("//")) continue;
      auto relationship = ParseRelationship(text);
      if (!relationship.ok()) {
        return Error(line, About(text, relationship.status()));
      }
      out->push_back({*std::move(relationship), static_cast<int>(line)});
    }
    return absl::OkStatus();
  }

  // The number of the line, behind `line` lines, on which `text` begins: a folded block leaves out
  // empty lines, and joins others. `line` itself if there is none.
  size_t FindLine(size_t line, std::string_view text) const {
    for (size_t i = line; i < lines_.size(); ++i) {
      const std::string_view source = Strip(lines_[i]);
      const bool begins = !source.empty() && text.starts_with(source);
      if (begins || source.find(text) != std::string_view::npos) return i + 1;
    }
    return line;
  }

  absl::Status ReadSteps(const YAML::Node& node, std::vector<WorldStep>* steps) const {
    for (const YAML::Node& entry : node) {
      WorldStep step{.line = LineOf(entry)};
      if (!entry.IsMap()) {
        return Error(step.line, "a step is a map, as `- write: document:plan#viewer@user:alice`");
      }
      absl::Status status =
          ReadMap(entry, {{"write", Form::kText, [&](auto& v) { return ReadRelationships(v, &step.writes); }},
                          {"delete", Form::kText, [&](auto& v) { return ReadRelationships(v, &step.deletes); }},
                          {"schema", Form::kText, [&](auto& v) { return ReadText(v, &step.schema); }},
                          {"drops", Form::kList, [&](auto& v) { return ReadTexts("drops", v, &step.drops); }},
                          {"refused", Form::kText, [&](auto& v) { return ReadText(v, &step.refused); }},
                          {"says", Form::kText, [&](auto& v) { return ReadText(v, &step.says); }},
                          {"clock", Form::kText, [&](auto& v) { return ReadClock(v, &step.clock); }},
                          {"calls", Form::kList, [&](auto& v) { return ReadCalls(v, &step.calls); }},
                          {"assertions", Form::kMap, [&](auto& v) { return ReadAssertions(v, &step.assertions); }},
                          {"validation", Form::kMap, [&](auto& v) { return ReadValidation(v, &step.validation); }}});
      if (!status.ok()) return status;
      if (step.refused && !step.calls.empty()) {
        return Error(step.line, "a step that is `refused` goes no further, so `calls` belong into one of their own");
      }
      if (step.says && !step.refused) {
        return Error(step.line, "`says` is what the error of a step says that is `refused`");
      }
      steps->push_back(std::move(step));
    }
    return absl::OkStatus();
  }

  absl::Status ReadTexts(const std::string& key, const YAML::Node& node, std::vector<std::string>* out) const {
    for (const YAML::Node& each : node) {
      if (!each.IsScalar()) return Error(LineOf(each), Cat(Quote(key), " takes a list of words"));
      out->push_back(each.Scalar());
    }
    return absl::OkStatus();
  }

  absl::Status ReadClock(const YAML::Node& node, absl::Duration* clock) const {
    if (absl::ParseDuration(node.Scalar(), clock) && *clock >= absl::ZeroDuration()) {
      return absl::OkStatus();
    }
    return Error(LineOf(node), "a clock is a duration, as 90s or 2h");
  }

  absl::Status ReadCalls(const YAML::Node& node, std::vector<RecordedStep>* out) const {
    using Expected = Assertion::Expected;
    for (const YAML::Node& entry : node) {
      if (!entry.IsMap() || entry.size() != 1) {
        return Error(LineOf(entry),
                     "a call is one of what is expected and a question, as `- allowed: document:plan#view@run:1`");
      }
      const auto part = [&](const char* key, Expected expected, bool is_approval) {
        return Part{key, Form::kText, [this, expected, is_approval, out](auto& text) {
                      return ReadCall(text, expected, is_approval, out);
                    }};
      };
      absl::Status status =
          ReadMap(entry, {part("allowed", Expected::kTrue, false), part("denied", Expected::kFalse, false),
                          part("conditional", Expected::kCaveated, false), part("invalid", Expected::kError, false),
                          part("approved", Expected::kTrue, true), part("refused", Expected::kError, true)});
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadCall(const YAML::Node& text, Assertion::Expected expected, bool is_approval,
                        std::vector<RecordedStep>* out) const {
    auto call = ParseAssertion(expected, text.Scalar());
    if (!call.ok()) return Error(LineOf(text), call.status());
    if (is_approval && !call->question.task) {
      return Error(LineOf(text), "an approval is for a task; write `task errand:1` behind it");
    }
    call->line = LineOf(text);
    out->push_back({is_approval, *std::move(call)});
    return absl::OkStatus();
  }

  absl::Status ReadAssertions(const YAML::Node& node, std::vector<Assertion>* out) const {
    using Expected = Assertion::Expected;
    const auto part = [&](const char* key, Expected expected) {
      return Part{key, Form::kList, [this, expected, out](auto& list) { return ReadAll(list, expected, out); }};
    };
    return ReadMap(node, {part("assertTrue", Expected::kTrue), part("assertFalse", Expected::kFalse),
                          part("assertCaveated", Expected::kCaveated), part("assertError", Expected::kError)});
  }

  absl::Status ReadAll(const YAML::Node& list, Assertion::Expected expected, std::vector<Assertion>* out) const {
    for (const YAML::Node& text : list) {
      if (!text.IsScalar())
        return Error(LineOf(text), "an assertion is one line of text, in quotes if it has a `: ` in it");
      auto assertion = ParseAssertion(expected, text.Scalar());
      if (!assertion.ok()) return Error(LineOf(text), assertion.status());
      assertion->line = LineOf(text);
      out->push_back(*std::move(assertion));
    }
    return absl::OkStatus();
  }

  absl::Status ReadValidation(const YAML::Node& node, std::vector<ExpectedSet>* out) const {
    for (const auto& entry : node) {
      const int line = LineOf(entry.first);
      auto set = ParseExpectedSet(entry.first.IsScalar() ? entry.first.Scalar() : "");
      if (!set.ok()) return Error(line, set.status());
      set->line = line;
      if (!entry.second.IsNull()) {
        const std::string key = entry.first.Scalar();
        if (absl::Status s = Expect(key, Form::kList, entry.second, line); !s.ok()) return s;
      }
      for (const YAML::Node& text : entry.second) {
        if (!text.IsScalar()) return Error(LineOf(text), "a subject is one line of text, in quotes");
        auto subject = ParseExpectedSubject(text.Scalar());
        if (!subject.ok()) return Error(LineOf(text), subject.status());
        subject->line = LineOf(text);
        set->subjects.push_back(*std::move(subject));
      }
      out->push_back(*std::move(set));
    }
    return absl::OkStatus();
  }

  const std::string path_;
  const std::string& text_;
  const std::vector<std::string> lines_;
};

}  // namespace

absl::StatusOr<ValidationFile> ParseValidationFile(const std::string& path, const std::string& text) {
  try {
    return Reader(path, text).Read();
  } catch (const YAML::Exception& error) {
    return InvalidArgument(Cat(path, ":", error.mark.line + 1, ": this is not YAML: ", error.msg));
  }
}

absl::StatusOr<ValidationFile> LoadValidationFile(const std::string& path) {
  auto text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseValidationFile(path, *text);
}

}  // namespace mandate
