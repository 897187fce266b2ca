// The rules of a task. They stand in the body of a task only, each on one line:
//
//   rule       = "limit" permission "to" number "per" ( "task" | "session" )
//              | "after" permission [ "when" ident ] "forbid" permission
//              | "contain" permission [ "when" ident ] "at" permission
//              | "require" "approval" "for" permission "by" ident [ "other" "than" "principal" ]
//   permission = path "#" ident
//
// All these words may be names as well: what is meant shows from where they stand.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "schema/parser_impl.h"
#include "schema/text.h"

namespace mandate::syntax {

namespace {

struct RuleWord {
  std::string_view word;
  RuleKind kind;
};
constexpr RuleWord kRuleWords[] = {
    {"limit", RuleKind::kLimit},
    {"after", RuleKind::kAfter},
    {"contain", RuleKind::kContain},
    {"require", RuleKind::kApproval},
};

// The words inside a rule with which no other statement and no item begins.
constexpr std::string_view kInnerWords[] = {"to", "per",      "when",  "forbid", "at",       "for",
                                            "by", "approval", "other", "than",   "principal"};

bool IsInnerWord(std::string_view text) {
  return std::find(std::begin(kInnerWords), std::end(kInnerWords), text) != std::end(kInnerWords);
}

}  // namespace

const std::vector<std::string>& RuleWords() {
  static const auto* words = [] {
    auto* list = new std::vector<std::string>;
    for (const RuleWord& entry : kRuleWords) list->emplace_back(entry.word);
    return list;
  }();
  return *words;
}

bool SchemaParser::AtRule() const {
  if (Current().kind != TokenKind::kWord || Ahead(1).kind != TokenKind::kWord) return false;
  return std::any_of(std::begin(kRuleWords), std::end(kRuleWords),
                     [&](const RuleWord& entry) { return AtWord(entry.word); });
}

void SchemaParser::ParseRule(Definition& definition, std::string_view word) {
  Member member = StartMember(definition, MemberKind::kRule);
  const Span first = Current().span;
  Advance();
  if (definition.kind != DefinitionKind::kTask) {
    Fail(first, Cat(Quote(word), " is a rule over time; it stands only in the body of a `task`"));
  }
  Rule& rule = member.rule;
  for (const RuleWord& entry : kRuleWords) {
    if (entry.word == word) rule.kind = entry.kind;
  }
  switch (rule.kind) {
    case RuleKind::kLimit: ParseLimit(rule); break;
    case RuleKind::kAfter: ParseWatch(rule, "forbid"); break;
    case RuleKind::kContain: ParseWatch(rule, "at"); break;
    case RuleKind::kApproval: ParseApproval(rule); break;
  }
  member.span = rule.span = Cover(first, Previous().span);
  ExpectRuleEnd(rule);
  member.broken = failed_;
  FinishComments(member.comments);
  definition.members.push_back(std::move(member));
}

void SchemaParser::ParseLimit(Rule& rule) {
  rule.permission = ParsePermissionName();
  if (!ExpectRuleWord({"to"})) return;
  const Token& token = Current();
  const std::string_view digits = TextOf(token);
  if (token.kind != TokenKind::kWord || !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)) {
    return FailExpected("a whole number");
  }
  for (const char digit : digits) {
    rule.count = std::min(rule.count * 10 + static_cast<uint64_t>(digit - '0'), kLimitMax + 1);
  }
  rule.count_span = token.span;
  Advance();
  if (!ExpectRuleWord({"per"})) return;
  rule.per = AtWord("session") ? LimitPer::kSession : LimitPer::kTask;
  ExpectRuleWord({"task", "session"});
}

void SchemaParser::ParseWatch(Rule& rule, std::string_view then) {
  rule.permission = ParsePermissionName();
  if (!failed_ && AtWord("when")) {
    Advance();
    rule.when = ParseAskedName("when");
    if (!ExpectRuleWord({then})) return;
  } else if (!ExpectRuleWord({"when", then})) {
    return;
  }
  rule.governed = ParsePermissionName();
}

void SchemaParser::ParseApproval(Rule& rule) {
  if (!ExpectRuleWord({"approval"}) || !ExpectRuleWord({"for"})) return;
  rule.permission = ParsePermissionName();
  if (!ExpectRuleWord({"by"})) return;
  rule.approver = ParseAskedName("by");
  if (failed_ || !AtWord("other")) return;
  Advance();
  rule.other_than_principal = ExpectRuleWord({"than"}) && ExpectRuleWord({"principal"});
}

PermissionName SchemaParser::ParsePermissionName() {
  PermissionName permission;
  if (failed_) return permission;
  const bool name_follows = IsSymbol(Ahead(1), "#") || IsSymbol(Ahead(1), "/");
  if (Current().kind == TokenKind::kWord && IsInnerWord(TextOf(Current())) && !name_follows) {
    FailExpected("a permission, as `TYPE#PERMISSION`");
    return permission;
  }
  permission.type = ParsePath("a permission, as `TYPE#PERMISSION`");
  if (failed_) return permission;
  const std::string& type = permission.type.text;
  if (AtSymbol(":")) {
    Fail(Current().span,
         Cat("a rule is about the permission on every object: write ", Quote(Cat(type, "#PERMISSION"))));
    return permission;
  }
  if (!Accept("#")) {
    const bool is_type = type.find('/') != std::string::npos;
    Fail(permission.type.span, Cat("a rule names a permission together with its type: write ",
                                   Quote(is_type ? Cat(type, "#PERMISSION") : Cat("TYPE#", type))));
    return permission;
  }
  if (Current().first_on_line) {
    FailExpected("a permission");
    return permission;
  }
  permission.member = ParseName("a relation or permission");
  permission.span = Cover(permission.type.span, Previous().span);
  return permission;
}

// A name behind `when` or `by`: it belongs to the type of the permission before.
Name SchemaParser::ParseAskedName(std::string_view word) {
  Name name = ParseName("a relation or permission");
  if (!failed_ && (AtSymbol("#") || AtSymbol("/"))) {
    Fail(Cover(name.span, Current().span), Cat("what stands behind ", Quote(word),
                                               " is asked on the object of the permission before: "
                                               "write its name alone, without a type"));
  }
  return name;
}

// Takes the current word if it is one of `words`, the first of which may already have been looked
// for.
bool SchemaParser::ExpectRuleWord(std::initializer_list<std::string_view> words) {
  if (failed_) return false;
  const Token& token = Current();
  if (token.kind == TokenKind::kWord && std::find(words.begin(), words.end(), TextOf(token)) != words.end()) {
    Advance();
    return true;
  }
  if (FailAtContinuation()) return false;
  std::string expected;
  for (std::string_view word : words) expected += Cat(expected.empty() ? "" : " or ", Quote(word));
  const std::string close = token.kind == TokenKind::kWord
                                ? ClosestName(TextOf(token), std::vector<std::string>(words.begin(), words.end()))
                                : std::string();
  if (close.empty()) {
    FailExpected(expected);
  } else {
    Fail(token.span, Cat("expected ", expected, ", found ", DescribeCurrent(), "; did you mean ", Quote(close), "?"));
  }
  return false;
}

// A rule that goes on in the next line is said to do so, once, and skipped whole.
bool SchemaParser::FailAtContinuation() {
  const Token& end = Current();
  const Token& next = Ahead(1);
  if (end.kind != TokenKind::kEnd || end.span.length > 0) return false;
  if (next.kind != TokenKind::kWord || !IsInnerWord(TextOf(next))) return false;
  Advance();
  Fail(next.span, Cat("a rule stands on one line: ", Quote(TextOf(next)), " belongs at the end of the line before"));
  return true;
}

void SchemaParser::ExpectRuleEnd(const Rule& rule) {
  if (failed_ || AtSymbol("}") || AtEndOfText()) return;
  const Token& token = Current();
  if (rule.kind == RuleKind::kApproval && IsWord(Ahead(1), "other") && FailAtContinuation()) return;
  if (token.kind == TokenKind::kEnd) return Advance();
  const bool is_watch = rule.kind == RuleKind::kAfter || rule.kind == RuleKind::kContain;
  if (AtWord("when")) {
    return Fail(token.span, is_watch ? Cat("`when` stands before ", rule.kind == RuleKind::kAfter ? "`forbid`" : "`at`",
                                           ", behind the permission that it is asked with")
                                     : "only `after` and `contain` take a `when`");
  }
  for (std::string_view separator : {",", "|", "+", "&"}) {
    if (AtSymbol(separator)) {
      return Fail(token.span, Cat("one rule says one thing: write another rule instead of ", DescribeCurrent()));
    }
  }
  FailExpected(rule.kind == RuleKind::kApproval && !rule.other_than_principal
                   ? "`other than principal` or the end of the line"
                   : "the end of the line");
}

}  // namespace mandate::syntax
