#include "schema/lint.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "schema/comment.h"
#include "schema/diagnostic_sink.h"
#include "schema/printer.h"
#include "schema/text.h"

namespace mandate {
namespace {

using syntax::Comment;
using syntax::Expr;
using syntax::ExprIndex;
using syntax::ExprKind;

constexpr size_t kReadingBytesMax = 160;  // A longer expression is not repeated in a message.

// In the order of the enum.
constexpr std::string_view kNames[] = {
    "mixed-operators-without-parentheses",
    "operand-twice",
    "never-holds",
    "permission-references-itself",
    "subtracts-itself",
    "arrow-references-unreachable-relation",
    "arrow-walks-subject-relation",
    "name-shadows-type",
    "annotation-of-unknown-type",
    "delegator-without-parent-task",
    "rule-is-void",
    "rule-outside-scope",
    "unknown-warning-name",
};

std::optional<Lint> FindLint(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Lint>(i);
  }
  return std::nullopt;
}

uint32_t Bit(Lint lint) { return uint32_t{1} << static_cast<uint32_t>(lint); }

// Calls `visit` with every comment of a member, those inside it too.
template <typename Visit>
void ForEachComment(const syntax::File& file, const syntax::Member& member, Visit visit) {
  for (const Comment& comment : member.comments.before) visit(comment);
  for (const Comment& comment : member.comments.after) visit(comment);
  for (const syntax::SubjectType& subject : member.subject_types) {
    for (const Comment& comment : subject.before) visit(comment);
  }
  if (member.root == ExprIndex::kNone) return;
  for (auto i = static_cast<size_t>(member.first); i <= static_cast<size_t>(member.root); ++i) {
    for (const Comment& comment : file.exprs[i].before) visit(comment);
  }
}

uint32_t LintsIgnored(const Comment& comment) {
  uint32_t lints = 0;
  for (const syntax::IgnoredWarning& ignored : syntax::WarningsIgnored(comment.text)) {
    if (const auto lint = FindLint(ignored.name)) lints |= Bit(*lint);
  }
  return lints;
}

class TextLinter {
 public:
  TextLinter(const syntax::File& file, DiagnosticSink& sink) : file_(file), sink_(sink) {}

  void Run() {
    for (const syntax::Item& item : file_.items) {
      const auto* definition = std::get_if<syntax::Definition>(&item);
      if (definition == nullptr) continue;
      for (const Comment& comment : definition->comments.before) {
        CheckNames(comment, definition->name.span);
      }
      for (const syntax::Member& member : definition->members) {
        ForEachComment(file_, member, [&](const Comment& comment) { CheckNames(comment, PlaceOf(member)); });
        if (member.root == ExprIndex::kNone) continue;
        WarnOfMixedOperators(member);
        WarnOfOperandsTwice(member);
      }
    }
  }

 private:
  static syntax::Span PlaceOf(const syntax::Member& member) {
    return member.name.empty() ? member.span : member.name.span;
  }

  void CheckNames(const Comment& comment, syntax::Span at) {
    for (const syntax::IgnoredWarning& ignored : syntax::WarningsIgnored(comment.text)) {
      if (!ignored.is_ours || FindLint(ignored.name)) continue;
      const std::string close = ClosestName(ignored.name, {std::begin(kNames), std::end(kNames)});
      sink_.Warning(at, Lint::kUnknownWarningName,
                    Cat("there is no warning ", Quote(ignored.name), " to ignore",
                        close.empty() ? "; its name stands behind a warning, in brackets"
                                      : Cat("; did you mean ", Quote(close), "?")));
    }
  }

  bool Mixes(const Expr& expr) const {
    return std::any_of(expr.children.begin(), expr.children.end(), [&](ExprIndex child) {
      return syntax::IsOperator(file_.expr(child).kind) && !file_.expr(child).parenthesized;
    });
  }

  // One warning for each place where operators of different kinds meet without parentheses, saying
  // how it is read.
  void WarnOfMixedOperators(const syntax::Member& member) {
    const auto first = static_cast<size_t>(member.first);
    const size_t end = static_cast<size_t>(member.root) + 1;
    std::vector<bool> covered(end - first, false);  // By the warning of what it is part of.
    for (size_t i = end; i-- > first;) {
      const Expr& expr = file_.exprs[i];
      for (ExprIndex child : expr.children) {
        covered[static_cast<size_t>(child) - first] = !file_.expr(child).parenthesized;
      }
      if (covered[i - first] || !Mixes(expr)) continue;
      const std::string rule = "`+` binds tighter than `&`, and `&` tighter than `-`";
      const std::string reading =
          expr.span.length > kReadingBytesMax
              ? rule
              : Cat("this is read as ", Quote(syntax::FormatExpression(file_, static_cast<ExprIndex>(i))), ", since ",
                    rule);
      sink_.Warning(expr.span, Lint::kMixedOperators, Cat(reading, "; add parentheses"));
    }
  }

  void WarnOfOperandsTwice(const syntax::Member& member) {
    for (auto i = static_cast<size_t>(member.first); i <= static_cast<size_t>(member.root); ++i) {
      const Expr& expr = file_.exprs[i];
      if (expr.kind != ExprKind::kUnion && expr.kind != ExprKind::kIntersection) continue;
      absl::flat_hash_set<std::string> seen;
      for (ExprIndex child : expr.children) {
        if (!file_.expr(child).children.empty()) continue;
        const std::string operand = syntax::FormatExpression(file_, child);
        if (seen.insert(operand).second) continue;
        sink_.Warning(file_.expr(child).span, Lint::kOperandTwice,
                      Cat(Quote(operand), " stands twice in ",
                          expr.kind == ExprKind::kUnion ? "this union" : "this intersection"));
      }
    }
  }

  const syntax::File& file_;
  DiagnosticSink& sink_;
};

}  // namespace

std::string_view LintName(Lint lint) { return kNames[static_cast<size_t>(lint)]; }

Silences::Silences(const syntax::File& file) {
  for (const syntax::Item& item : file.items) {
    const auto* definition = std::get_if<syntax::Definition>(&item);
    if (definition == nullptr) continue;
    uint32_t lints = 0;
    for (const Comment& comment : definition->comments.before) lints |= LintsIgnored(comment);
    if (lints != 0) definitions_.push_back({definition->span, lints});
    for (const syntax::Member& member : definition->members) {
      lints = 0;
      ForEachComment(file, member, [&](const Comment& comment) { lints |= LintsIgnored(comment); });
      if (lints != 0) members_.push_back({member.span, lints});
    }
  }
}

bool Silences::CoverIn(const std::vector<Range>& ranges, uint32_t offset, Lint lint) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), offset,
                                      [](uint32_t place, const Range& range) { return place < range.span.offset; });
  if (after == ranges.begin()) return false;
  const Range& range = *std::prev(after);
  return offset < range.span.end() && (range.lints & Bit(lint)) != 0;
}

bool Silences::Cover(uint32_t offset, Lint lint) const {
  return CoverIn(definitions_, offset, lint) || CoverIn(members_, offset, lint);
}

void LintText(const syntax::File& file, DiagnosticSink& sink) { TextLinter(file, sink).Run(); }

}  // namespace mandate
