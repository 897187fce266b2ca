// Recursion. Expressions form a graph with cycles, and membership is its least fixed point, so most
// cycles are fine (`view = viewer + parent->view`). Two are not:
//
//   permission a = a & r      nothing ever gets it going: it never holds. A warning.
//   permission a = r - a      it holds if it does not. On one object an error; through an arrow or
//                             a subject set only data that forms a circle has no answer: a warning.
//
// Both show in the strongly connected parts of the graph (Tarjan, with a work list in place of
// recursion).
#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {
namespace {

using Graph = std::vector<std::vector<uint32_t>>;

uint32_t Index(ExprId id) { return static_cast<uint32_t>(id); }

// For each node the number of its strongly connected part.
std::vector<uint32_t> FindParts(const Graph& graph) {
  constexpr uint32_t kUnseen = std::numeric_limits<uint32_t>::max();
  const size_t count = graph.size();
  std::vector<uint32_t> order(count, kUnseen), low(count, 0), part(count, kUnseen);
  std::vector<uint32_t> open;
  std::vector<std::pair<uint32_t, size_t>> work;  // A node, and the next of its edges.
  uint32_t next_order = 0, next_part = 0;
  for (uint32_t root = 0; root < count; ++root) {
    if (order[root] != kUnseen) continue;
    work.emplace_back(root, 0);
    while (!work.empty()) {
      auto& [node, edge] = work.back();
      if (edge == 0 && order[node] == kUnseen) {
        order[node] = low[node] = next_order++;
        open.push_back(node);
      }
      if (edge < graph[node].size()) {
        const uint32_t to = graph[node][edge++];
        if (order[to] == kUnseen) {
          work.emplace_back(to, 0);
        } else if (part[to] == kUnseen) {
          low[node] = std::min(low[node], order[to]);
        }
        continue;
      }
      const uint32_t done = node;
      work.pop_back();
      if (!work.empty()) low[work.back().first] = std::min(low[work.back().first], low[done]);
      if (low[done] != order[done]) continue;
      uint32_t member;
      do {
        member = open.back();
        open.pop_back();
        part[member] = next_part;
      } while (member != done);
      ++next_part;
    }
  }
  return part;
}

class Analyzer {
 public:
  explicit Analyzer(Resolution& r) : r_(r), expressions_(r.schema().expressions()) {}

  void Run() {
    BuildGraphs();
    parts_ = FindParts(everywhere_);
    CheckSubtractions();
    if (r_.file.uses_typechecking) CheckAnnotations();
    if (!r_.sink.has_errors()) WarnOfNeverHolding();
  }

 private:
  void BuildGraphs() {
    same_object_.resize(expressions_.size());
    everywhere_.resize(expressions_.size());
    for (size_t i = 0; i < expressions_.size(); ++i) {
      for (ExprId child : expressions_[i].children) same_object_[i].push_back(Index(child));
      everywhere_[i] = same_object_[i];
      for (const ArrowTarget& target : expressions_[i].targets)
        everywhere_[i].push_back(Index(target.expr));
      if (expressions_[i].op != Op::kRelation) continue;
      for (const SubjectType& subject : r_.schema().member(expressions_[i].member).subject_types) {
        if (subject.relation == MemberId::kNone) continue;
        everywhere_[i].push_back(Index(r_.schema().member(subject.relation).root));
      }
    }
  }

  void CheckSubtractions() {
    const std::vector<uint32_t> same_object_parts = FindParts(same_object_);
    for (size_t i = 0; i < expressions_.size(); ++i) {
      if (expressions_[i].op != Op::kExclusion) continue;
      const uint32_t right = Index(expressions_[i].children[1]);
      if (same_object_parts[i] == same_object_parts[right]) {
        r_.sink.Error(r_.expr_spans[i],
                      "this subtracts itself: it would hold just where it does not hold");
      } else if (parts_[i] == parts_[right]) {
        r_.sink.Warning(r_.expr_spans[i],
                        "this subtracts itself on other objects: where such objects form a circle "
                        "it has no answer");
      }
    }
  }

  // --- What can never hold.

  // True if the node holds for somebody, as far as is known by now. `nil` counts as holding, for it
  // says what it means, and so does an arrow to nowhere, which has a warning of its own.
  bool MayHold(size_t node) const {
    const Expression& e = expressions_[node];
    const auto holds = [&](ExprId child) { return may_hold_[Index(child)]; };
    switch (e.op) {
      case Op::kRelation:
      case Op::kNil:
      case Op::kSelf:
        return true;
      case Op::kPermission:
      case Op::kUnion:
        return std::any_of(e.children.begin(), e.children.end(), holds);
      case Op::kIntersection:
        return std::all_of(e.children.begin(), e.children.end(), holds);
      case Op::kExclusion:
        return holds(e.children[0]);
      case Op::kArrowAny:
      case Op::kArrowAll:
        return e.targets.empty() ||
               std::any_of(e.targets.begin(), e.targets.end(),
                           [&](const ArrowTarget& target) { return holds(target.expr); });
    }
    return true;
  }

  void WarnOfNeverHolding() {
    may_hold_.assign(expressions_.size(), false);
    Graph users(expressions_.size());
    std::vector<uint32_t> work(expressions_.size());
    for (uint32_t i = 0; i < expressions_.size(); ++i) {
      work[i] = i;
      for (uint32_t to : everywhere_[i]) users[to].push_back(i);
    }
    while (!work.empty()) {
      const uint32_t node = work.back();
      work.pop_back();
      if (may_hold_[node] || !MayHold(node)) continue;
      may_hold_[node] = true;
      work.insert(work.end(), users[node].begin(), users[node].end());
    }
    std::vector<std::vector<std::string_view>> names(
        expressions_.size());  // The permissions of each part.
    for (const Member& member : r_.schema().members()) {
      if (member.is_permission && !may_hold_[Index(member.root)])
        names[parts_[Index(member.root)]].push_back(member.name);
    }
    for (const Member& member : r_.schema().members()) WarnIfNeverHolding(member, names);
  }

  void WarnIfNeverHolding(const Member& member,
                          const std::vector<std::vector<std::string_view>>& names) {
    const uint32_t root = Index(member.root);
    if (!member.is_permission || may_hold_[root] || expressions_[root].children.empty()) return;
    if (parts_[Index(expressions_[root].children[0])] != parts_[root])
      return;  // A consequence of another one.
    std::string through;
    for (std::string_view other : names[parts_[root]]) {
      if (other == member.name || through.size() > 80) continue;
      through += Cat(through.empty() ? " through " : ", ", Quote(other));
    }
    r_.sink.Warning(r_.expr_spans[root],
                    Cat("permission ", Quote(member.name),
                        " can never hold: every way to it comes back to itself", through));
  }

  // --- Type annotations: `permission view: user | team = ...` names every type that can hold it.

  using Types = absl::flat_hash_set<TypeId>;

  Types TypesOf(uint32_t node, const std::vector<Types>& known) const {
    const Expression& e = expressions_[node];
    Types types;
    const auto add = [&](ExprId child) {
      types.insert(known[Index(child)].begin(), known[Index(child)].end());
    };
    if (e.op == Op::kSelf) types.insert(e.type);
    if (e.op == Op::kRelation) {
      for (const SubjectType& subject : r_.schema().member(e.member).subject_types) {
        if (subject.relation == MemberId::kNone) {
          types.insert(subject.type);
        } else {
          add(r_.schema().member(subject.relation).root);
        }
      }
    }
    for (const ArrowTarget& target : e.targets) add(target.expr);
    if (e.op == Op::kExclusion) {
      add(e.children[0]);
    } else if (e.op != Op::kIntersection) {
      for (ExprId child : e.children) add(child);
    } else {
      add(e.children[0]);
      absl::erase_if(types, [&](TypeId type) {
        return !std::all_of(e.children.begin(), e.children.end(),
                            [&](ExprId child) { return known[Index(child)].contains(type); });
      });
    }
    return types;
  }

  void CheckAnnotations() {
    std::vector<bool> needed(expressions_.size(), false);
    std::vector<uint32_t> work;
    for (size_t i = 0; i < r_.members.size(); ++i) {
      if (!r_.members[i].syntax->annotation.empty())
        work.push_back(Index(r_.schema().members()[i].root));
    }
    std::vector<uint32_t> nodes;
    while (!work.empty()) {
      const uint32_t node = work.back();
      work.pop_back();
      if (needed[node]) continue;
      needed[node] = true;
      nodes.push_back(node);
      work.insert(work.end(), everywhere_[node].begin(), everywhere_[node].end());
    }
    std::vector<Types> known(expressions_.size());
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = nodes.size(); i-- > 0;) {
        Types types = TypesOf(nodes[i], known);
        if (types.size() == known[nodes[i]].size()) continue;
        known[nodes[i]] = std::move(types);
        changed = true;
      }
    }
    for (size_t i = 0; i < r_.members.size(); ++i) {
      if (!r_.members[i].syntax->annotation.empty()) {
        CheckAnnotation(*r_.members[i].syntax, known[Index(r_.schema().members()[i].root)]);
      }
    }
  }

  void CheckAnnotation(const syntax::Member& source, const Types& reachable) {
    std::vector<std::string> missing;
    for (TypeId type : reachable) {
      const std::string& name = r_.type_name(type);
      const bool named =
          std::any_of(source.annotation.begin(), source.annotation.end(),
                      [&](const syntax::Name& annotated) { return annotated.text == name; });
      if (!named) missing.push_back(Quote(name));
    }
    if (missing.empty()) return;
    std::sort(missing.begin(), missing.end());
    std::string list;
    for (const std::string& name : missing) list += Cat(list.empty() ? "" : ", ", name);
    r_.sink.Error(syntax::Cover(source.annotation.front().span, source.annotation.back().span),
                  Cat("the annotation of ", Quote(source.name.text), " leaves out ", list,
                      ", which can hold it"));
  }

  Resolution& r_;
  const absl::Span<const Expression> expressions_;
  Graph same_object_;
  Graph everywhere_;
  std::vector<uint32_t> parts_;
  std::vector<bool> may_hold_;
};

}  // namespace

void AnalyzeExpressions(Resolution& r) { Analyzer(r).Run(); }

}  // namespace mandate
