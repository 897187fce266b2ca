// Rules that could never do what they say, whatever is stored: a `when` that the principal of a
// task can never hold, an approval that nobody can give, a permission that the scope cannot cover.
//
// Which tasks a principal can have shows from the types along the chain, walked downward:
//
//   definition user { acts_on_behalf_of: bot }      agent bot { acts_on_behalf_of: bot }
//   task order  { delegator: user;  delegated_for_task: bot }
//   task errand { delegator: bot;   delegated_for_task: bot;   parent_task: order | errand }
//
//   user -> (order, bot) -> (errand, bot) -> ...
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/reach.h"
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {
namespace {

// Expressions looked at: a fraction of a second, and many times what 5,000 definitions with a few
// types of principals and tasks take. Without it, four megabytes could ask for many minutes.
constexpr size_t kWorkMax = 30'000'000;

class RuleReach {
 public:
  explicit RuleReach(Resolution& r) : r_(r), schema_(r.schema()), reachability_(r.schema()) {}

  void Run() {
    FindUncertain();
    CheckWhens();
    CheckApprovers();
    if (gave_up()) {
      r_.sink.Error(r_.rules.front().syntax->rule.span,
                    "this schema has too many types of principals, or of people, to check the "
                    "rules of its tasks");
    }
    if (!r_.sink.has_errors()) WarnOfScopes();
  }

 private:
  const TaskRule& RuleOf(const RuleSource& source) const {
    return schema_.definition(source.task).rules[*source.index];
  }
  ExprId Root(MemberId member) const { return schema_.member(member).root; }
  std::string Show(MemberId id) const {
    const Member& member = schema_.member(id);
    return Quote(Cat(r_.type_name(member.type), "#", member.name));
  }

  // What hangs on something that could not be read may hold for anybody: it is never refused here.
  void FindUncertain() {
    const auto unclear = [&](MemberId relation) {
      const auto& subjects = schema_.member(relation).subject_types;
      return r_.member_source(relation).incomplete || r_.member_source(relation).syntax->broken ||
             std::any_of(subjects.begin(), subjects.end(), [&](const SubjectType& subject) {
               const TypeSource& source = r_.type_source(subject.type);
               return source.incomplete || !source.unread.empty();
             });
    };
    for (size_t i = 0; i < schema_.expressions().size(); ++i) {
      const Expression& e = schema_.expressions()[i];
      if (e.member != MemberId::kNone && unclear(e.member)) uncertain_.push_back(static_cast<ExprId>(i));
    }
  }

  // Once there was too much work, whatever is going on breaks off.
  bool gave_up() const { return work_left_ == 0; }
  void Spend(size_t work) { work_left_ -= std::min(work_left_, work); }

  Reach ReachOf(TypeId type, MemberId relation, absl::Span<const ExprId> also = {}) {
    constexpr size_t kBitsInAWord = 64;
    Reach reach = reachability_.Of(type, relation, also);
    Spend(reach.size() + schema_.expressions().size() / kBitsInAWord + 1);
    return reach;
  }

  // --- when

  // A task, and the agent that it is delegated to.
  using Place = std::pair<TypeId, TypeId>;

  absl::Span<const SubjectType> SubjectsOf(TypeId type, Reserved relation) const {
    const MemberId member = schema_.definition(type).reserved(relation);
    if (member == MemberId::kNone) return {};
    return schema_.member(member).subject_types;
  }

  bool MayHold(TypeId type, Reserved relation, TypeId subject) {
    const auto subjects = SubjectsOf(type, relation);
    Spend(subjects.size() + 1);
    return std::any_of(subjects.begin(), subjects.end(), [&](const SubjectType& s) { return s.type == subject; });
  }

  // The types of tasks that a principal of this type can stand above.
  absl::flat_hash_set<TypeId> TasksBelow(TypeId principal) {
    absl::flat_hash_set<TypeId> tasks;
    absl::flat_hash_set<Place> seen;
    std::vector<Place> work;
    const auto lend = [&](TypeId delegator, TypeId task) {
      for (const SubjectType& agent : SubjectsOf(task, Reserved::kDelegatedForTask)) {
        if (!MayHold(delegator, Reserved::kActsOnBehalfOf, agent.type)) continue;
        tasks.insert(task);
        if (seen.emplace(task, agent.type).second) work.emplace_back(task, agent.type);
      }
    };
    for (TypeId task : delegated_by_[static_cast<size_t>(principal)]) lend(principal, task);
    while (!work.empty()) {
      const auto [parent, delegator] = work.back();
      work.pop_back();
      for (TypeId task : delegated_by_[static_cast<size_t>(delegator)]) {
        if (gave_up()) return tasks;
        if (MayHold(task, Reserved::kParentTask, parent)) lend(delegator, task);
      }
    }
    return tasks;
  }

  // Principals outside, so that one reach is in memory at a time.
  void CheckWhens() {
    struct Asking {
      const RuleSource* source;
      ExprId when;
    };
    absl::flat_hash_map<TypeId, std::vector<Asking>> asking;  // By task.
    for (const RuleSource& source : r_.rules) {
      if (!source.index.has_value() || RuleOf(source).when == MemberId::kNone) continue;
      asking[source.task].push_back({&source, Root(RuleOf(source).when)});
    }
    if (asking.empty()) return;
    IndexDelegators();
    for (size_t i = 0; i < schema_.definitions().size() && !r_.sink.full() && !gave_up(); ++i) {
      const auto principal = static_cast<TypeId>(i);
      if (!schema_.definition(principal).IsPrincipal() || delegated_by_[i].empty()) continue;
      const Reach reach = ReachOf(principal, MemberId::kNone, uncertain_);
      for (TypeId task : TasksBelow(principal)) {
        const auto found = asking.find(task);
        if (found == asking.end()) continue;
        for (const Asking& rule : found->second) {
          if (!reach.Contains(rule.when)) ReportWhen(*rule.source, principal);
        }
      }
    }
  }

  void IndexDelegators() {
    delegated_by_.resize(schema_.definitions().size());
    for (size_t i = 0; i < schema_.definitions().size(); ++i) {
      const auto task = static_cast<TypeId>(i);
      for (const SubjectType& delegator : SubjectsOf(task, Reserved::kDelegator))
        delegated_by_[static_cast<size_t>(delegator.type)].push_back(task);
    }
  }

  void ReportWhen(const RuleSource& source, TypeId principal) {
    const MemberId when = RuleOf(source).when;
    r_.sink.Error(source.syntax->rule.when.span,
                  Cat(Quote(r_.type_name(principal)), " can be the principal of ", Quote(r_.type_name(source.task)),
                      " and could never hold ", Show(when), ", so for it this rule would never apply; let ",
                      Quote(schema_.member(when).name), " hold it too, or leave out ",
                      Quote(Cat("when ", schema_.member(when).name))));
  }

  // --- by

  void CheckApprovers() {
    std::vector<const RuleSource*> pending;
    for (const RuleSource& source : r_.rules) {
      if (source.index.has_value() && RuleOf(source).approver != MemberId::kNone) pending.push_back(&source);
    }
    for (size_t i = 0; i < schema_.definitions().size() && !pending.empty(); ++i) {
      if (gave_up()) return;
      if (schema_.definitions()[i].kind != Kind::kDefinition) continue;
      const Reach reach = ReachOf(static_cast<TypeId>(i), MemberId::kNone, uncertain_);
      std::erase_if(pending, [&](const RuleSource* source) { return reach.Contains(Root(RuleOf(*source).approver)); });
    }
    for (const RuleSource* source : pending) {
      r_.sink.Error(source->syntax->rule.approver.span,
                    Cat("nobody could ever hold ", Show(RuleOf(*source).approver),
                        ", so nothing could be approved; name a relation or permission that people hold"));
    }
  }

  // --- scope

  void WarnOfScopes() {
    for (size_t i = 0; i < r_.rules.size() && !gave_up();) {
      const TypeId task = r_.rules[i].task;
      size_t end = i;
      while (end < r_.rules.size() && r_.rules[end].task == task) ++end;
      WarnOfScope(task, absl::MakeConstSpan(r_.rules).subspan(i, end - i));
      i = end;
    }
  }

  void WarnOfScope(TypeId task, absl::Span<const RuleSource> rules) {
    absl::flat_hash_set<MemberId> uncovered;
    for (const RuleSource& source : rules) {
      uncovered.insert(RuleOf(source).permission);
      if (RuleOf(source).governed != MemberId::kNone) uncovered.insert(RuleOf(source).governed);
    }
    absl::flat_hash_set<MemberId> items;
    const MemberId scope = schema_.definition(task).reserved(Reserved::kScope);
    for (const SubjectType& item : schema_.member(scope).subject_types) {
      if (!items.insert(item.relation).second) continue;
      const Reach reach = ReachOf(item.type, item.relation);
      absl::erase_if(uncovered, [&](MemberId member) { return reach.Contains(Root(member)); });
      if (uncovered.empty() || gave_up()) return;
    }
    for (const RuleSource& source : rules) {
      WarnIfUncovered(source, source.syntax->rule.permission.span, RuleOf(source).permission, uncovered);
      WarnIfUncovered(source, source.syntax->rule.governed.span, RuleOf(source).governed, uncovered);
    }
  }

  void WarnIfUncovered(const RuleSource& source, syntax::Span span, MemberId member,
                       const absl::flat_hash_set<MemberId>& uncovered) {
    if (!uncovered.contains(member)) return;
    r_.sink.Warning(span, Lint::kRuleOutsideScope,
                    Cat("this rule never matters: nothing that `scope` of ", Quote(r_.type_name(source.task)),
                        " can hold covers ", Show(member)));
  }

  Resolution& r_;
  const Schema& schema_;
  const Reachability reachability_;
  size_t work_left_ = kWorkMax;
  std::vector<ExprId> uncertain_;
  std::vector<std::vector<TypeId>> delegated_by_;  // by TypeId: the tasks whose `delegator` may hold it
};

}  // namespace

void CheckRuleReach(Resolution& r) {
  const bool resolved =
      std::any_of(r.rules.begin(), r.rules.end(), [](const RuleSource& source) { return source.index.has_value(); });
  if (resolved) RuleReach(r).Run();
}

}  // namespace mandate
