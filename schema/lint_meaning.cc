// Warnings that take the resolved schema: what can never hold, what adds nobody, and names that
// mislead. Arrows have theirs where they are resolved.
#include <algorithm>

#include "schema/expression_graph.h"
#include "schema/holders.h"
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {
namespace {

class MeaningLinter {
 public:
  MeaningLinter(Resolution& r, const ExpressionGraph& graph)
      : r_(r), graph_(graph), expressions_(r.schema().expressions()) {}

  void Run() {
    FindWhatMayHold();
    WarnOfCircles();
    WarnOfDisjointIntersections();
    WarnOfEmptyExclusions();
    for (size_t i = 0; i < r_.members.size(); ++i) {
      WarnOfShadowedType(r_.schema().members()[i]);
      WarnOfUnknownAnnotation(*r_.members[i].syntax);
    }
  }

 private:
  // --- What can never hold because every way to it comes back to itself.

  // How many things must hold before the node does. `nil` counts as holding, for it says what it
  // means, and so does an arrow to nowhere, which has a warning of its own.
  static uint32_t Needs(const Expression& e) {
    switch (e.op) {
      case Op::kRelation:
      case Op::kNil:
      case Op::kSelf: return 0;
      case Op::kIntersection: return static_cast<uint32_t>(e.children.size());
      case Op::kArrowAny:
      case Op::kArrowAll: return e.targets.empty() ? 0 : 1;
      default: return 1;
    }
  }

  void FindWhatMayHold() {
    may_hold_.assign(expressions_.size(), false);
    Graph users(expressions_.size());
    std::vector<uint32_t> needs(expressions_.size());
    std::vector<uint32_t> work;
    for (uint32_t i = 0; i < expressions_.size(); ++i) {
      for (uint32_t to : graph_.everywhere[i]) users[to].push_back(i);
      needs[i] = Needs(expressions_[i]);
      if (needs[i] == 0) work.push_back(i);
    }
    while (!work.empty()) {
      const uint32_t node = work.back();
      work.pop_back();
      if (may_hold_[node]) continue;
      may_hold_[node] = true;
      for (uint32_t user : users[node]) {
        const Expression& e = expressions_[user];
        if (e.op == Op::kExclusion && Index(e.children[0]) != node) continue;
        if (needs[user] > 0 && --needs[user] == 0) work.push_back(user);
      }
    }
  }

  // A permission that comes back to itself on the same object holds for nobody by that way, and if
  // there is no other, for nobody at all.
  void WarnOfCircles() {
    std::vector<std::vector<std::string_view>> stuck(expressions_.size());  // By part.
    std::vector<std::vector<std::string_view>> turning(expressions_.size());
    for (const Member& member : r_.schema().members()) {
      if (!member.is_permission) continue;
      const uint32_t root = Index(member.root);
      if (!may_hold_[root]) stuck[graph_.parts[root]].push_back(member.name);
      turning[graph_.same_object_parts[root]].push_back(member.name);
    }
    for (const Member& member : r_.schema().members()) {
      const uint32_t root = Index(member.root);
      if (!member.is_permission || expressions_[root].children.empty()) continue;
      const uint32_t child = Index(expressions_[root].children[0]);
      if (!may_hold_[root]) {
        if (graph_.parts[child] != graph_.parts[root]) continue;  // It follows from another one.
        r_.sink.Warning(r_.expr_spans[root], Lint::kNeverHolds,
                        Cat("permission ", Quote(member.name), " can never hold: every way to it comes back to itself",
                            Through(stuck[graph_.parts[root]], member.name)));
      } else if (graph_.same_object_parts[child] == graph_.same_object_parts[root]) {
        r_.sink.Warning(r_.expr_spans[root], Lint::kPermissionReferencesItself,
                        Cat("permission ", Quote(member.name), " comes back to itself on the same object",
                            Through(turning[graph_.same_object_parts[root]], member.name), ", which adds nobody"));
      }
    }
  }

  static std::string Through(const std::vector<std::string_view>& names, std::string_view self) {
    constexpr size_t kNamedMax = 4;
    std::string out;
    size_t count = 0;
    for (std::string_view name : names) {
      if (name == self) continue;
      if (++count > kNamedMax) return out + ", ...";
      out += Cat(count == 1 ? " through " : ", ", Quote(name));
    }
    return out;
  }

  // --- What can never hold because of its operands.

  void WarnOfDisjointIntersections() {
    std::vector<uint32_t> intersections;
    for (uint32_t i = 0; i < expressions_.size(); ++i) {
      if (expressions_[i].op == Op::kIntersection && may_hold_[i]) intersections.push_back(i);
    }
    if (intersections.empty()) return;
    const Holders holders(r_.schema(), graph_, intersections);
    if (!holders.complete()) return;
    for (uint32_t node : intersections) {
      if (!holders.HoldsNobody(node)) continue;
      const auto& operands = expressions_[node].children;
      const bool follows = std::any_of(operands.begin(), operands.end(),
                                       [&](ExprId operand) { return holders.HoldsNobody(Index(operand)); });
      if (follows) continue;  // From another warning.
      r_.sink.Warning(r_.expr_spans[node], Lint::kNeverHolds,
                      "this can never hold: no type of subject can hold all of its parts");
    }
  }

  // The operands of a union (or intersection), or the node itself.
  std::vector<ExprId> OperandsOf(ExprId id, Op op) const {
    const Expression& e = r_.schema().expression(id);
    return e.op == op ? e.children : std::vector<ExprId>{id};
  }

  void WarnOfEmptyExclusions() {
    for (size_t i = 0; i < expressions_.size(); ++i) {
      if (expressions_[i].op != Op::kExclusion) continue;
      std::vector<ExprId> kept = OperandsOf(expressions_[i].children[0], Op::kIntersection);
      const std::vector<ExprId> gone = OperandsOf(expressions_[i].children[1], Op::kUnion);
      std::sort(kept.begin(), kept.end());
      for (ExprId operand : gone) {
        const Expression& e = r_.schema().expression(operand);
        if (e.op != Op::kRelation && e.op != Op::kPermission) continue;
        if (!std::binary_search(kept.begin(), kept.end(), operand)) continue;
        r_.sink.Warning(r_.expr_spans[i], Lint::kNeverHolds,
                        Cat("this can never hold: ", Quote(r_.schema().member(e.member).name), " is taken away again"));
        break;
      }
    }
  }

  // --- Names.

  // `relation folder: team` where folders are a type of their own; `relation folder: folder` is
  // fine.
  void WarnOfShadowedType(const Member& member) {
    const std::optional<TypeId> type = r_.schema().FindType(member.name);
    if (!type.has_value() || member.reserved != Reserved::kNone) return;
    const auto& subjects = member.subject_types;
    const bool holds_it =
        std::any_of(subjects.begin(), subjects.end(), [&](const SubjectType& s) { return s.type == *type; });
    if (holds_it) return;
    r_.sink.Warning(r_.expr_spans[Index(member.root)], Lint::kNameShadowsType,
                    Cat(member.is_permission ? "permission " : "relation ", Quote(member.name),
                        " has the name of a definition", member.is_permission ? "" : ", which it cannot hold"));
  }

  void WarnOfUnknownAnnotation(const syntax::Member& source) {
    for (const syntax::Name& type : source.annotation) {
      if (type.empty() || r_.schema().FindType(type.text).has_value()) continue;
      r_.sink.Warning(type.span, Lint::kUnknownAnnotatedType,
                      Cat("definition ", Quote(type.text), " does not exist", r_.SuggestType(type.text)));
    }
  }

  Resolution& r_;
  const ExpressionGraph& graph_;
  const absl::Span<const Expression> expressions_;
  std::vector<bool> may_hold_;
};

}  // namespace

void LintMeaning(Resolution& r, const ExpressionGraph& graph) { MeaningLinter(r, graph).Run(); }

}  // namespace mandate
