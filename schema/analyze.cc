// What is wrong with expressions that can be resolved. They form a graph with cycles, and
// membership is its least fixed point, so most cycles are fine (`view = viewer + parent->view`).
// Two are not:
//
//   permission a = b          another name of b, which is another name of a: it says nothing. An
//   permission b = a          error.
//   permission a = r - a      it holds if it does not. On one object an error; through an arrow or
//                             a subject set only data that forms a circle has no answer: a warning.
#include <algorithm>

#include "schema/expression_graph.h"
#include "schema/holders.h"
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {
namespace {

class Analyzer {
 public:
  Analyzer(Resolution& r, const ExpressionGraph& graph)
      : r_(r), graph_(graph), expressions_(r.schema().expressions()) {}

  void Run() {
    CheckAliases();
    CheckSubtractions();
    if (r_.file.uses_typechecking) CheckAnnotations();
  }

 private:
  // The permission that `permission` is only another name of; kNone if it is more.
  MemberId AliasOf(MemberId permission) const {
    const Expression& root = r_.schema().expression(r_.schema().member(permission).root);
    if (root.op != Op::kPermission || root.children.empty()) return MemberId::kNone;
    const Expression& child = r_.schema().expression(root.children[0]);
    return child.op == Op::kPermission ? child.member : MemberId::kNone;
  }

  // Every permission has at most one alias, so following them ends or comes to a circle.
  void CheckAliases() {
    constexpr size_t kUnseen = 0;
    std::vector<size_t> seen_in(r_.members.size(), kUnseen);
    for (size_t i = 0; i < r_.members.size(); ++i) {
      const size_t walk = i + 1;
      auto id = static_cast<MemberId>(i);
      while (id != MemberId::kNone && seen_in[static_cast<size_t>(id)] == kUnseen) {
        seen_in[static_cast<size_t>(id)] = walk;
        id = AliasOf(id);
      }
      if (id != MemberId::kNone && seen_in[static_cast<size_t>(id)] == walk) ReportAlias(id);
    }
  }

  void ReportAlias(MemberId first) {
    constexpr size_t kNamedMax = 3;
    std::string through;
    size_t count = 0;
    for (MemberId id = AliasOf(first); id != first; id = AliasOf(id)) {
      if (++count > kNamedMax) continue;
      through += Cat(count == 1 ? " through " : ", ", Quote(r_.schema().member(id).name));
    }
    if (count > kNamedMax) through += ", ...";
    r_.sink.Error(r_.expr_spans[Index(r_.schema().member(first).root)],
                  Cat("permission ", Quote(r_.schema().member(first).name), " is only another name of itself", through,
                      ", so nothing says who holds it; name a relation, or `nil` for nobody"));
  }

  void CheckSubtractions() {
    for (size_t i = 0; i < expressions_.size(); ++i) {
      if (expressions_[i].op != Op::kExclusion) continue;
      const uint32_t right = Index(expressions_[i].children[1]);
      if (graph_.same_object_parts[i] == graph_.same_object_parts[right]) {
        r_.sink.Error(r_.expr_spans[i], "this subtracts itself: it would hold just where it does not hold");
      } else if (graph_.parts[i] == graph_.parts[right]) {
        r_.sink.Warning(r_.expr_spans[i], Lint::kSubtractsItself,
                        "this subtracts itself on other objects: where such objects form a circle "
                        "it has no answer");
      }
    }
  }

  // Type annotations: `permission view: user | team = ...` names every type that can hold it.
  void CheckAnnotations() {
    std::vector<uint32_t> roots;
    const syntax::Member* first = nullptr;
    for (size_t i = 0; i < r_.members.size(); ++i) {
      if (r_.members[i].syntax->annotation.empty()) continue;
      if (first == nullptr) first = r_.members[i].syntax;
      roots.push_back(Index(r_.schema().members()[i].root));
    }
    if (first == nullptr) return;
    const Holders holders(r_.schema(), graph_, roots);
    if (!holders.complete()) {
      r_.sink.Error(first->annotation.front().span,
                    "the permissions of this schema can be held by too many types to check "
                    "annotations; drop `use typechecking`");
      return;
    }
    for (size_t i = 0; i < r_.members.size(); ++i) {
      const syntax::Member& source = *r_.members[i].syntax;
      const uint32_t root = Index(r_.schema().members()[i].root);
      if (!source.annotation.empty()) CheckAnnotation(source, holders.TypesOf(root));
    }
  }

  void CheckAnnotation(const syntax::Member& source, const std::vector<TypeId>& reachable) {
    absl::flat_hash_set<std::string> named;
    for (const syntax::Name& annotated : source.annotation) named.insert(annotated.text);
    std::vector<std::string> missing;
    for (TypeId type : reachable) {
      if (!named.contains(r_.type_name(type))) missing.push_back(Quote(r_.type_name(type)));
    }
    if (missing.empty()) return;
    constexpr size_t kNamedMax = 10;
    std::sort(missing.begin(), missing.end());
    std::string list;
    for (size_t i = 0; i < std::min(missing.size(), kNamedMax); ++i) list += Cat(i == 0 ? "" : ", ", missing[i]);
    if (missing.size() > kNamedMax) list += Cat(" and ", missing.size() - kNamedMax, " more");
    r_.sink.Error(syntax::Cover(source.annotation.front().span, source.annotation.back().span),
                  Cat("the annotation of ", Quote(source.name.text), " leaves out ", list, ", which can hold it"));
  }

  Resolution& r_;
  const ExpressionGraph& graph_;
  const absl::Span<const Expression> expressions_;
};

}  // namespace

void AnalyzeExpressions(Resolution& r, const ExpressionGraph& graph) { Analyzer(r, graph).Run(); }

}  // namespace mandate
