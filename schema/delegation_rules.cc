// What `use delegation` asks of a schema: where the reserved relations stand, what they hold, and
// that agents, tasks and sessions are subjects of nothing else. The reason behind all of it: an
// agent has no authority of its own, so no way may lead from an agent to a permission except the
// chain that a delegated check walks.
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {
namespace {

enum class Presence { kOptional, kRequired };
enum class Holds { kAgents, kDelegators, kTasks, kItems };
enum class Expiry { kRequired, kRefused, kFree };

// The table of reserved relations. A delegator is a principal or an agent; only what may expire may
// carry a caveat.
struct ReservedRule {
  Kind kind;
  std::string_view name;
  Reserved reserved;
  Presence presence;
  Holds holds;
  Expiry expiry;
  std::string_view example;
};
constexpr ReservedRule kRules[] = {
    {Kind::kDefinition, "acts_on_behalf_of", Reserved::kActsOnBehalfOf, Presence::kOptional, Holds::kAgents,
     Expiry::kRequired, "AGENT with expiration"},
    {Kind::kAgent, "acts_on_behalf_of", Reserved::kActsOnBehalfOf, Presence::kOptional, Holds::kAgents,
     Expiry::kRequired, "AGENT with expiration"},
    {Kind::kAgent, "boundary", Reserved::kBoundary, Presence::kOptional, Holds::kItems, Expiry::kFree,
     "TYPE:*#PERMISSION"},
    {Kind::kTask, "delegator", Reserved::kDelegator, Presence::kRequired, Holds::kDelegators, Expiry::kRefused,
     "PRINCIPAL"},
    {Kind::kTask, "delegated_for_task", Reserved::kDelegatedForTask, Presence::kRequired, Holds::kAgents,
     Expiry::kRequired, "AGENT with expiration"},
    {Kind::kTask, "parent_task", Reserved::kParentTask, Presence::kOptional, Holds::kTasks, Expiry::kRefused, "TASK"},
    {Kind::kTask, "scope", Reserved::kScope, Presence::kRequired, Holds::kItems, Expiry::kFree, "TYPE#PERMISSION"},
    {Kind::kSession, "agent", Reserved::kAgent, Presence::kRequired, Holds::kAgents, Expiry::kRequired,
     "AGENT with expiration"},
    {Kind::kSession, "task", Reserved::kTask, Presence::kRequired, Holds::kTasks, Expiry::kRefused, "TASK"},
};

class DelegationChecker {
 public:
  explicit DelegationChecker(Resolution& r) : r_(r) {}

  void Run() {
    for (size_t i = 0; i < r_.types.size(); ++i) CheckMissing(static_cast<TypeId>(i));
    for (size_t i = 0; i < r_.members.size(); ++i) {
      const auto id = static_cast<MemberId>(i);
      const Member& member = r_.schema().member(id);
      if (member.is_permission) continue;
      const ReservedRule* rule = RuleOf(member);
      for (size_t s = 0; s < member.subject_types.size(); ++s) {
        const syntax::SubjectType& source = *r_.member_source(id).subject_sources[s];
        if (rule == nullptr) {
          CheckOrdinary(member, member.subject_types[s], source);
        } else if (rule->holds == Holds::kItems) {
          CheckItem(*rule, member.subject_types[s], source);
        } else {
          CheckEdge(*rule, member, member.subject_types[s], source);
        }
      }
    }
  }

 private:
  const ReservedRule* RuleOf(const Member& member) const {
    for (const ReservedRule& rule : kRules) {
      if (rule.reserved == member.reserved && rule.kind == r_.schema().definition(member.type).kind) return &rule;
    }
    return nullptr;
  }

  Kind KindOf(TypeId type) const { return r_.schema().definition(type).kind; }
  std::string_view NameOf(TypeId type) const { return r_.type_name(type); }

  void CheckMissing(TypeId type) {
    const TypeSource& source = r_.type_source(type);
    if (source.syntax->name.empty()) return;
    for (const ReservedRule& rule : kRules) {
      if (rule.kind != KindOf(type) || rule.presence == Presence::kOptional) continue;
      if (r_.schema().FindMember(type, rule.name).has_value() || source.MayDeclare(rule.name)) continue;
      r_.sink.Error(source.syntax->name.span, Cat(DescribeKind(rule.kind), " needs a relation ", Quote(rule.name),
                                                  "; add ", Quote(Cat("relation ", rule.name, ": ", rule.example))));
    }
  }

  // A relation of whose subjects something may hold a permission: no kinds, no way round through a
  // reserved relation.
  void CheckOrdinary(const Member& member, const SubjectType& subject, const syntax::SubjectType& source) {
    const Kind kind = KindOf(subject.type);
    const std::string name = Quote(NameOf(subject.type));
    if (kind == Kind::kAgent) {
      r_.sink.Error(source.form, Cat(name, " is an agent and has no authority of its own, so ", Quote(member.name),
                                     " cannot hold it; a principal lends it authority with `acts_on_behalf_of`"));
    } else if (kind == Kind::kTask) {
      r_.sink.Error(source.form,
                    Cat(name, " is a task and is never a subject, so ", Quote(member.name), " cannot hold it"));
    } else if (kind == Kind::kSession) {
      r_.sink.Error(source.form, Cat(name, " is a session and acts only for its principal, so ", Quote(member.name),
                                     " cannot hold it; give the principal what it needs"));
    } else {
      CheckSubjectRelation(subject, source);
    }
  }

  bool CheckSubjectRelation(const SubjectType& subject, const syntax::SubjectType& source) {
    if (subject.relation == MemberId::kNone) return true;
    const Member& relation = r_.schema().member(subject.relation);
    if (relation.reserved == Reserved::kNone) return true;
    r_.sink.Error(source.form, Cat(Quote(relation.name), " of ", Quote(NameOf(subject.type)),
                                   " is reserved for delegation and cannot be used as a subject set"));
    return false;
  }

  void CheckItem(const ReservedRule& rule, const SubjectType& subject, const syntax::SubjectType& source) {
    const std::string_view name = NameOf(subject.type);
    if (KindOf(subject.type) != Kind::kDefinition) {
      r_.sink.Error(source.form, Cat("an item of ", Quote(rule.name), " is a permission on an ordinary definition; ",
                                     Quote(name), " is ", DescribeKind(KindOf(subject.type))));
    } else if (subject.relation == MemberId::kNone) {
      r_.sink.Error(source.form,
                    Cat("an item of ", Quote(rule.name), " names a permission: write ", Quote(Cat(name, "#PERMISSION")),
                        " for one object or ", Quote(Cat(name, ":*#PERMISSION")), " for all"));
    } else {
      CheckSubjectRelation(subject, source);
    }
  }

  void CheckEdge(const ReservedRule& rule, const Member& member, const SubjectType& subject,
                 const syntax::SubjectType& source) {
    const std::string relation = Quote(rule.name);
    if (subject.wildcard) {
      r_.sink.Error(source.form, Cat(relation,
                                     " is reserved for delegation and takes no wildcard; its subjects are "
                                     "named one by one"));
      return;
    }
    if (subject.relation != MemberId::kNone) {
      r_.sink.Error(source.form, Cat(relation, " is reserved for delegation and takes no subject set; write ",
                                     Quote(NameOf(subject.type))));
      return;
    }
    if (!CheckEdgeKind(rule, subject, source)) return;
    if (rule.expiry == Expiry::kRequired && !subject.expiration) {
      r_.sink.Error(source.span,
                    Cat("a delegation must end: write ",
                        Quote(Cat(NameOf(subject.type), " with ",
                                  source.caveat.empty() ? "" : Cat(source.caveat.text, " and "), "expiration")),
                        r_.file.uses_expiration ? "" : ", and `use expiration` at the top of the schema"));
    }
    if (rule.expiry == Expiry::kRefused && (subject.expiration || subject.caveat != CaveatId::kNone)) {
      r_.sink.Error(source.span,
                    Cat(relation, " takes neither caveat nor expiration: write ", Quote(NameOf(subject.type))));
    }
    WarnOfMissingParent(member, subject, source);
  }

  bool CheckEdgeKind(const ReservedRule& rule, const SubjectType& subject, const syntax::SubjectType& source) {
    const Definition& definition = r_.schema().definition(subject.type);
    std::string_view wanted;
    if (rule.holds == Holds::kAgents && definition.kind != Kind::kAgent) wanted = "agents";
    if (rule.holds == Holds::kTasks && definition.kind != Kind::kTask) wanted = "tasks";
    const bool may_delegate = definition.kind == Kind::kAgent || definition.IsPrincipal();
    if (rule.holds == Holds::kDelegators && !may_delegate) wanted = "principals or agents";
    if (wanted.empty()) return true;
    if (rule.holds == Holds::kDelegators && r_.type_source(subject.type).MayDeclare("acts_on_behalf_of")) return true;
    r_.sink.Error(source.form, Cat(Quote(rule.name), " holds ", wanted, "; ", Quote(definition.name),
                                   definition.kind == Kind::kDefinition && rule.holds == Holds::kDelegators
                                       ? " is no principal, since it has no relation `acts_on_behalf_of`"
                                       : Cat(" is ", DescribeKind(definition.kind))));
    return false;
  }

  // Such a task could be declared and never written.
  void WarnOfMissingParent(const Member& member, const SubjectType& subject, const syntax::SubjectType& source) {
    if (member.reserved != Reserved::kDelegator || KindOf(subject.type) != Kind::kAgent) return;
    if (r_.schema().FindMember(member.type, "parent_task").has_value()) return;
    r_.sink.Warning(source.form, Lint::kDelegatorWithoutParentTask,
                    Cat("no task can have ", Quote(NameOf(subject.type)),
                        " as its delegator, since a task that an agent delegates needs a `parent_task`"));
  }

  Resolution& r_;
};

}  // namespace

void CheckDelegation(Resolution& r) {
  if (r.schema().has_delegation()) DelegationChecker(r).Run();
}

Reserved ReservedName(Kind kind, std::string_view name) {
  for (const ReservedRule& rule : kRules) {
    if (rule.kind == kind && rule.name == name) return rule.reserved;
  }
  return Reserved::kNone;
}

std::string_view DescribeKind(Kind kind) {
  switch (kind) {
    case Kind::kDefinition: return "an ordinary definition";
    case Kind::kAgent: return "an agent";
    case Kind::kTask: return "a task";
    case Kind::kSession: return "a session";
  }
  return "a definition";
}

}  // namespace mandate
