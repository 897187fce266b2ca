// Which agents, or sessions, have a permission on an object, and through whom?
//
// Whoever has it has a task whose scope covers it, so the search goes backwards from there: the items that cover the
// permission on this object (an ordinary lookup of subject sets, for each kind of item that scopes may hold), the tasks
// whose scope holds one of them, the agents to whom these are delegated, or their sessions. What is found that way is
// few compared with all tasks, and is decided one by one, as Check decides it.
//
//   document:plan#view   <-  items document:plan#view, document:plan#edit, folder:x#view, document:*#view
//                        <-  errand:42#scope  <-  assistant:bot (errand:42), run:7
#include <algorithm>
#include <map>
#include <set>

#include "check/delegation.h"
#include "check/lookup_search.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr uint64_t kPairBytes = 320;

class DelegatedSubjectLookup {
 public:
  DelegatedSubjectLookup(const Plan& plan, const Snapshot& snapshot, absl::Time now, const CheckLimits& limits,
                         CaveatContext context, MemberId permission, TypeId type, const SubjectsQuestion& question)
      : plan_(plan),
        schema_(plan.schema()),
        snapshot_(snapshot),
        now_(now),
        limits_(limits),
        conditions_(plan, Moment{now, std::move(context)}),
        budget_(limits.budget),
        permission_(permission),
        type_(type),
        question_(question) {}

  absl::Status Run(const FoundSink& sink) {
    if (absl::Status status = FindTasks(); !status.ok()) return status;
    for (const auto& [type, id] : tasks_) {
      if (absl::Status status = FindActors(type, id); !status.ok()) return status;
    }
    return Emit(sink);
  }

 private:
  // A kind of item that some scope may hold.
  struct ItemKind {
    TypeId type;
    MemberId relation;
    bool every = false;  // On every object of the type.
    friend auto operator<=>(const ItemKind&, const ItemKind&) = default;
  };

  absl::Status FindTasks() {
    std::set<ItemKind> kinds;
    for (const Definition& definition : schema_.definitions()) {
      const MemberId scope = definition.reserved(Reserved::kScope);
      if (definition.kind != Kind::kTask || scope == MemberId::kNone) continue;
      for (const SubjectType& item : schema_.member(scope).subject_types) {
        kinds.insert({item.type, item.relation, item.wildcard});
      }
    }
    const ExprId root = schema_.member(permission_).root;
    for (const ItemKind& kind : kinds) {
      if (!plan_.ReachOf(kind.type, kind.relation).Contains(root)) continue;
      absl::Status status = kind.every ? FindTasksOf(kind, "*") : FindTasksOfCovering(kind);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status FindTasksOfCovering(const ItemKind& kind) {
    const SubjectsQuestion covering{.resource = question_.resource,
                                    .permission = question_.permission,
                                    .subject_type = schema_.definition(kind.type).name,
                                    .subject_relation = schema_.member(kind.relation).name,
                                    .context = question_.context};
    absl::Status found;
    absl::Status status = LookupSubjects(plan_, snapshot_, now_, limits_, covering, [&](const Found& item) {
      found = FindTasksOf(kind, item.id);
      return found.ok();
    });
    return found.ok() ? status : found;
  }

  absl::Status FindTasksOf(const ItemKind& kind, const std::string& id) {
    for (const Definition& definition : schema_.definitions()) {
      const MemberId scope = definition.reserved(Reserved::kScope);
      if (definition.kind != Kind::kTask || scope == MemberId::kNone) continue;
      const TypeId type = *schema_.FindType(definition.name);
      auto cursor = snapshot_.Resources({plan_.name(kind.type), id, plan_.name(kind.relation)}, plan_.name(type),
                                        plan_.name(scope), "");
      absl::Status status = EachLive(*cursor, [&] { tasks_.insert({type, std::string(cursor->row().resource.id)}); });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status FindActors(TypeId type, const std::string& id) {
    const ObjectRef task{schema_.definition(type).name, id};
    std::unique_ptr<TupleCursor> cursor;
    const bool sessions = schema_.definition(type_).kind == Kind::kSession;
    if (sessions) {
      cursor = snapshot_.Resources({plan_.name(type), id}, plan_.name(type_),
                                   plan_.name(schema_.definition(type_).reserved(Reserved::kTask)), "");
    } else {
      cursor = snapshot_.SubjectsOfType({plan_.name(type), id},
                                        plan_.name(schema_.definition(type).reserved(Reserved::kDelegatedForTask)),
                                        plan_.name(type_), NameId::kNone, "");
    }
    return EachLive(*cursor, [&] {
      const std::string_view actor = sessions ? cursor->row().resource.id : cursor->row().subject.id;
      Found found{.id = std::string(actor), .task = task};
      std::string position = found.position();
      actors_.emplace(std::move(position), std::move(found));
    });
  }

  // The rows that count, or may.
  template <typename Visit>
  absl::Status EachLive(TupleCursor& cursor, const Visit& visit) {
    for (; cursor.Valid(); cursor.Next()) {
      if (absl::Status status = budget_.Charge(1, kPairBytes); !status.ok()) return status;
      auto judged = conditions_.Judge(cursor.row().edge, &budget_);
      if (!judged.ok()) return judged.status();
      if (judged->state != EdgeState::kGone) visit();
    }
    return cursor.status();
  }

  absl::Status Emit(const FoundSink& sink) {
    for (auto actor = actors_.upper_bound(question_.after); actor != actors_.end(); ++actor) {
      Found found = actor->second;
      const CheckQuestion asked{.resource = question_.resource,
                                .subject = {schema_.definition(type_).name, found.id, ""},
                                .task = found.task,
                                .audience = question_.audience,
                                .parameter_digest = question_.parameter_digest,
                                .lineage = true};
      DelegatedCheck check(plan_, snapshot_, &conditions_, limits_, &budget_);
      auto answer = check.Decide(permission_, asked, {.type = type_, .id = found.id});
      if (HasNoAnswer(answer.status())) {
        found.error = answer.status();
      } else if (!answer.ok()) {
        return answer.status();
      } else if (answer->decision == Decision::kDenied) {
        continue;
      } else {
        found.decision = answer->decision;
        found.missing_context = answer->missing_context;
        found.principal = answer->lineage->principal;
      }
      if (!sink(found)) return absl::OkStatus();
      budget_.Renew();
    }
    return absl::OkStatus();
  }

  const Plan& plan_;
  const Schema& schema_;
  const Snapshot& snapshot_;
  const absl::Time now_;
  const CheckLimits& limits_;
  Conditions conditions_;
  Budget budget_;
  const MemberId permission_;
  const TypeId type_;
  const SubjectsQuestion& question_;
  std::set<std::pair<TypeId, std::string>> tasks_;
  std::map<std::string, Found> actors_;  // By position, the order in which a lookup goes on behind one.
};

}  // namespace

absl::Status LookupSubjectsDelegated(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                     const CheckLimits& limits, MemberId permission, TypeId subject_type,
                                     const SubjectsQuestion& question, const FoundSink& sink) {
  const auto refuse = [](const char* message, const char* reason, const char* field) {
    return WithField(WithReason(InvalidArgument(message), reason), field);
  };
  if (plan.schema().definition(subject_type).kind == Kind::kTask) {
    return refuse("a task is never a subject that may do anything; ask for agents or sessions", "NOT_A_SUBJECT",
                  "subject_type");
  }
  if (!question.subject_relation.empty()) {
    return refuse("agents and sessions have no subject sets that may do anything", "NOT_A_SUBJECT", "subject_relation");
  }
  if (!question.contextual.empty()) {
    return refuse("an agent, a task or a session cannot bring relationships along; write them",
                  "CONTEXTUAL_NOT_ALLOWED", "contextual");
  }
  auto context = CaveatContext::Parse(question.context);
  if (!context.ok()) return WithField(context.status(), "context");
  return DelegatedSubjectLookup(plan, snapshot, now, limits, *std::move(context), permission, subject_type, question)
      .Run(sink);
}

}  // namespace mandate
