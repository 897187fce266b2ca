#include "tools/validation/assertion.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "schema/relationship_json.h"
#include "schema/text.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

constexpr std::string_view kWords =
    "with, given, task, principal, agent, chain, audience, digest, needs, reason; of a call also key, repeated; of an "
    "approval also for";

// Words between blanks; a bracketed part of one may hold blanks.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(Strip(text)) {}

  bool AtEnd() const { return rest_.empty(); }

  // Empty at the end, and where a bracket is not closed.
  std::string_view Next() {
    size_t end = 0;
    while (end < rest_.size() && !absl::ascii_isspace(rest_[end])) {
      if (rest_[end] != '{') {
        ++end;
        continue;
      }
      const size_t length = BracketedLength(rest_.substr(end));
      if (length == std::string_view::npos) return {};
      end += length;
    }
    const std::string_view word = rest_.substr(0, end);
    rest_ = Strip(rest_.substr(end));
    return word;
  }

  // `a, b,c`
  std::vector<std::string> NextList() {
    std::vector<std::string> list;
    for (bool more = true; more && !AtEnd();) {
      std::string_view word = Next();
      more = word.ends_with(',');
      while (!word.empty()) {
        const size_t comma = std::min(word.find(','), word.size());
        if (comma > 0) list.emplace_back(word.substr(0, comma));
        word.remove_prefix(std::min(comma + 1, word.size()));
      }
    }
    return list;
  }

 private:
  std::string_view rest_;
};

class AssertionReader {
 public:
  AssertionReader(Assertion::Expected expected, std::string_view text) : words_(text) {
    assertion_.expected = expected;
    assertion_.text = Strip(text);
  }

  absl::StatusOr<Assertion> Read() {
    auto question = ParseQuestion(words_.Next());
    if (!question.ok()) return About(assertion_.text, question.status());
    assertion_.question.resource = question->resource;
    assertion_.question.permission = question->permission;
    assertion_.question.subject = question->subject;
    while (!words_.AtEnd()) {
      const std::string word(words_.Next());
      if (word != "given" && std::find(seen_.begin(), seen_.end(), word) != seen_.end()) {
        return InvalidArgument(Cat(Quote(word), " comes twice"));
      }
      seen_.push_back(word);
      if (absl::Status status = ReadPart(word); !status.ok()) return status;
    }
    return std::move(assertion_);
  }

 private:
  using Expected = Assertion::Expected;

  absl::Status ReadPart(const std::string& word) {
    CheckQuestion& question = assertion_.question;
    if (word == "with") return ReadContext();
    if (word == "given") {
      auto relationship = ParseRelationship(words_.Next());
      if (relationship.ok()) question.contextual.push_back(*std::move(relationship));
      return relationship.status();
    }
    if (word == "task") return ReadObject(word, &question.task);
    if (word == "principal") return ReadObject(word, &question.claims.principal);
    if (word == "agent") return ReadObject(word, &question.claims.agent);
    if (word == "chain") return ReadChain();
    if (word == "audience") return ReadAudience();
    if (word == "digest") return ReadWord(word, &question.parameter_digest);
    if (word == "key") return ReadWord(word, &assertion_.key);
    if (word == "repeated") {
      assertion_.repeated = true;
      return absl::OkStatus();
    }
    if (word == "for") {
      const std::string text(words_.Next());
      if (absl::ParseDuration(text, &assertion_.lasts)) return absl::OkStatus();
      return InvalidArgument(Cat(Quote(text), " behind `for` is no duration, as 90s or 2h"));
    }
    if (word == "needs") {
      if (assertion_.expected != Expected::kCaveated) {
        return InvalidArgument(
            "`needs` names what a conditional answer misses; "
            "write it under `assertCaveated`");
      }
      assertion_.needs = words_.NextList();
      std::sort(assertion_.needs.begin(), assertion_.needs.end());
      return assertion_.needs.empty() ? InvalidArgument("`needs` names nothing") : absl::OkStatus();
    }
    if (word == "reason") {
      if (assertion_.expected == Expected::kTrue || assertion_.expected == Expected::kCaveated) {
        return InvalidArgument(
            "`reason` is that of a denial or an error; write it under "
            "`assertFalse` or `assertError`");
      }
      return ReadWord(word, &assertion_.reason);
    }
    return InvalidArgument(Cat(Quote(word), " is not expected here; behind a question may stand: ", kWords));
  }

  absl::Status ReadWord(const std::string& word, std::string* out) {
    *out = words_.Next();
    return out->empty() ? InvalidArgument(Cat(Quote(word), " names none")) : absl::OkStatus();
  }

  absl::Status ReadContext() {
    const std::string_view json = words_.Next();
    if (json.empty()) return InvalidArgument("the JSON behind `with` is missing or not closed");
    auto context = CompactContext(json);
    if (context.ok()) assertion_.question.context = *std::move(context);
    return context.status();
  }

  absl::Status ReadObject(const std::string& word, std::optional<ObjectRef>* out) {
    auto object = ParseObject(words_.Next());
    if (object.ok()) {
      *out = *std::move(object);
      return absl::OkStatus();
    }
    return About(word, object.status());
  }

  absl::Status ReadChain() {
    for (const std::string& name : words_.NextList()) {
      auto agent = ParseObject(name);
      if (!agent.ok()) return About("chain", agent.status());
      assertion_.question.claims.chain.push_back(*std::move(agent));
    }
    return assertion_.question.claims.chain.empty() ? InvalidArgument("`chain` names no agent") : absl::OkStatus();
  }

  absl::Status ReadAudience() {
    for (const std::string& name : words_.NextList()) {
      auto member = ParseSubject(name);
      if (!member.ok()) return About("audience", member.status());
      assertion_.question.audience.push_back(*std::move(member));
    }
    return assertion_.question.audience.empty() ? InvalidArgument("`audience` names nobody") : absl::OkStatus();
  }

  Assertion assertion_;
  Words words_;
  std::vector<std::string> seen_;
};

// Where the bracket at the start of `text` closes; npos if it does not.
size_t ClosingOf(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    depth += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
    if (depth == 0) return i;
  }
  return std::string_view::npos;
}

bool TakeSuffix(std::string_view suffix, std::string_view* text) {
  if (!text->ends_with(suffix)) return false;
  *text = Strip(text->substr(0, text->size() - suffix.size()));
  return true;
}

// `user:eve, user:bob[...]`
absl::Status ReadExcluded(std::string_view list, ExpectedSubject* expected) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view name = Strip(list.substr(0, comma));
    const bool is_conditional = TakeSuffix("[...]", &name);
    auto excluded = ParseSubject(name);
    if (!excluded.ok()) return excluded.status();
    if (excluded->type != expected->subject.type || !excluded->relation.empty() || excluded->IsWildcard()) {
      return InvalidArgument(
          Cat(Quote(name), " cannot be taken out of `", ToText(expected->subject), "`; name one of its objects"));
    }
    expected->excluded.push_back({excluded->id, is_conditional});
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return absl::OkStatus();
}

// `<document:plan#viewer>/<team:core#member>`
absl::Status ReadFoundIn(std::string_view list, ExpectedSubject* expected) {
  while (!list.empty()) {
    const size_t end = list.find('>');
    if (list.front() != '<' || end == list.npos) {
      return InvalidArgument(Cat(Quote(list), " is not `<object#relation>/<object#relation>`"));
    }
    auto place = ParseSubject(list.substr(1, end - 1));
    if (!place.ok()) return place.status();
    expected->found_in.push_back(*std::move(place));
    list = Strip(list.substr(end + 1));
    if (list.empty()) break;
    if (list.front() != '/') return InvalidArgument("between `<object#relation>` stands a `/`");
    list = Strip(list.substr(1));
    if (list.empty()) return InvalidArgument("behind the last `/` stands nothing");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Assertion> ParseAssertion(Assertion::Expected expected, std::string_view text) {
  return AssertionReader(expected, text).Read();
}

absl::StatusOr<ExpectedSubject> ParseExpectedSubject(std::string_view text) {
  ExpectedSubject expected;
  text = Strip(text);
  expected.text = text;
  const size_t close = text.starts_with('[') ? ClosingOf(text) : text.npos;
  if (close == text.npos) {
    return InvalidArgument(
        Cat(Quote(text), " is not `[subject] is <object#relation>`; the subject stands in brackets"));
  }
  std::string_view inside = Strip(text.substr(1, close - 1));
  std::string_view excluded;
  if (TakeSuffix("}", &inside)) {
    const size_t open = inside.find('{');
    std::string_view before = Strip(inside.substr(0, std::min(open, inside.size())));
    if (open == inside.npos || !TakeSuffix("-", &before)) {
      return InvalidArgument(Cat(Quote(text), " is not `[type:* - {type:id, type:id}]`"));
    }
    excluded = Strip(inside.substr(open + 1));
    inside = before;
  }
  expected.is_conditional = TakeSuffix("[...]", &inside);
  auto subject = ParseSubject(inside);
  if (!subject.ok()) return subject.status();
  expected.subject = *std::move(subject);
  if (!excluded.empty() && !expected.subject.IsWildcard()) {
    return InvalidArgument(Cat(Quote(text), " takes somebody out of what is no wildcard"));
  }
  if (absl::Status status = ReadExcluded(excluded, &expected); !status.ok()) return status;
  std::string_view rest = Strip(text.substr(close + 1));
  if (rest.empty()) return expected;
  if (!rest.starts_with("is ")) {
    return InvalidArgument(Cat(Quote(rest), " is not `is <object#relation>`"));
  }
  if (absl::Status status = ReadFoundIn(Strip(rest.substr(3)), &expected); !status.ok()) {
    return status;
  }
  return expected;
}

absl::StatusOr<ExpectedSet> ParseExpectedSet(std::string_view text) {
  auto goal = ParseSubject(text);
  if (!goal.ok() || goal->relation.empty() || goal->IsWildcard()) {
    return InvalidArgument(Cat(Quote(text), " is not `type:id#permission`"));
  }
  return ExpectedSet{{goal->type, goal->id}, goal->relation, {}, 0};
}

}  // namespace mandate
