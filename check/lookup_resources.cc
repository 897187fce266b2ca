// Backwards, from the subject to the objects.
//
// A fact is an expression on an object that may hold: it is sure if it is reached over unconditional relationships and
// unions alone. Facts lead on over the reverse index: from a subject set to the relations that hold it, from the object
// of an arrow to those that point at it. Where an intersection, an exclusion or an `.all` stands on the way, one of its
// parts is followed (the first; the left side; any object), which finds every object there is and some that are not, so
// what is found that way is checked.
//
//   document#view = viewer + parent->view;  folder#view = viewer + parent->view;  team#member
//   alice -> team:core#member -> folder:x#viewer, #view -> folder:y#view (below x) -> the documents of x and y
//
// The last step, to objects that lead to nothing else, is not taken ahead: those rows are merged by id as they are
// asked for. So the first result waits for the teams and folders, not for the documents, and memory holds the former
// alone.
//
// Complete: by induction over the rounds of the least fixed point. What holds by a relationship, by being the subject
// itself or by a part of an expression is found when that part is, and of an expression without a single deciding part
// (intersection, exclusion, `.all`) the followed part holds whenever the whole does.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "check/contextual.h"
#include "check/id_merge.h"
#include "check/lookup_search.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "storage/cached_snapshot.h"

namespace mandate {
namespace {

constexpr uint64_t kFactBytes = 96;
constexpr uint64_t kCandidateBytes = 64;
// An evaluator keeps what it found out; after this many checks it is forgotten, so that memory does not grow with the
// answer.
constexpr size_t kChecksPerEvaluator = 4096;

size_t Slot(ExprId id) { return static_cast<size_t>(id); }

class CandidateSearch {
 public:
  CandidateSearch(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget,
                  MemberId permission, std::vector<SubjectTerm> subjects)
      : plan_(plan),
        schema_(plan.schema()),
        snapshot_(snapshot),
        conditions_(*conditions),
        budget_(*budget),
        root_(plan.schema().member(permission).root),
        type_(plan.schema().member(permission).type),
        subjects_(std::move(subjects)),
        paths_(plan.schema().expressions().size()) {
    for (const SubjectTerm& subject : subjects_) {
      reaches_.push_back(&plan.ReachOf(subject.type, subject.relation));
    }
  }

  absl::Status Run(const std::string& after, const CandidateVisitor& visit) {
    if (!Reaches(root_)) return absl::OkStatus();
    MarkRelevant();
    FollowToRoot();
    for (const SubjectTerm& subject : subjects_) PushStarts(subject);
    if (absl::Status status = Discover(); !status.ok()) return status;
    return Emit(after, visit);
  }

 private:
  // A fact, or the rows that yield facts.
  struct Row {
    TypeId subject_type;
    std::string subject_id;
    NameId subject_relation;
    MemberId relation;  // In which the subject stands.
    ExprId result;      // What each resource then may have.
  };
  struct Item {
    bool is_row = false;
    ExprId expr = ExprId::kNone;
    ObjectTable::Index object = 0;
    Row row = {};
  };

  struct Up {
    ExprId parent;
    bool sure;
  };
  // From an object to those whose `relation` holds it, as itself or as a subject set.
  struct Crossing {
    MemberId relation;
    NameId subject_relation;
    ExprId result;
    bool sure;
  };
  // Of one expression: where it leads.
  struct Path {
    bool relevant = false;
    std::vector<Up> ups;  // On the same object.
    std::vector<Crossing> crossings;
    bool crosses = false;  // It, or what it makes hold on the same object, has crossings.
    bool sure_to_root = false;
  };
  Path& path(ExprId id) { return paths_[Slot(id)]; }

  bool Reaches(ExprId id) const {
    return std::any_of(reaches_.begin(), reaches_.end(), [id](const Reach* reach) { return reach->Contains(id); });
  }

  // What the permission may hold by, and the way back from there.
  void MarkRelevant() {
    std::vector<ExprId> work;
    const auto mark = [&](ExprId id) {
      if (path(id).relevant || !Reaches(id)) return;
      path(id).relevant = true;
      work.push_back(id);
      relevant_.push_back(id);
    };
    const auto follow = [&](ExprId parent, ExprId child, bool sure) {
      mark(child);
      if (path(child).relevant) path(child).ups.push_back({parent, sure});
    };
    mark(root_);
    while (!work.empty()) {
      const ExprId id = work.back();
      work.pop_back();
      const Expression& expression = schema_.expression(id);
      switch (expression.op) {
        case Op::kPermission:
        case Op::kUnion:
          for (ExprId child : expression.children) follow(id, child, true);
          break;
        case Op::kIntersection:
        case Op::kExclusion: follow(id, expression.children[0], false); break;
        case Op::kArrowAny:
        case Op::kArrowAll:
        case Op::kRelation:
          for (const SubjectType& subject : schema_.member(expression.member).subject_types) {
            ExprId target = ExprId::kNone;
            if (expression.op != Op::kRelation) {
              for (const ArrowTarget& t : expression.targets) {
                if (t.type == subject.type) target = t.expr;
              }
            } else if (subject.relation != MemberId::kNone) {
              target = schema_.member(subject.relation).root;
            }
            if (target == ExprId::kNone) continue;
            mark(target);
            if (!path(target).relevant) continue;
            path(target).crossings.push_back(
                {expression.member, plan_.name(subject.relation), id, expression.op != Op::kArrowAll});
          }
          break;
        case Op::kSelf:
        case Op::kNil: break;
      }
    }
  }

  // The two flags rise until nothing moves; expressions on one object are few.
  void FollowToRoot() {
    path(root_).sure_to_root = true;
    for (bool moved = true; moved;) {
      moved = false;
      for (ExprId id : relevant_) {
        Path& p = path(id);
        bool crosses = p.crosses || !p.crossings.empty();
        bool sure = p.sure_to_root;
        for (const Up& up : p.ups) {
          crosses |= path(up.parent).crosses;
          sure |= up.sure && path(up.parent).sure_to_root;
        }
        moved |= crosses != p.crosses || sure != p.sure_to_root;
        p.crosses = crosses;
        p.sure_to_root = sure;
      }
    }
  }

  void PushStarts(const SubjectTerm& subject) {
    const NameId subject_relation = plan_.name(subject.relation);
    for (ExprId id : relevant_) {
      const Expression& e = schema_.expression(id);
      const bool named = e.op == Op::kRelation || e.op == Op::kPermission;
      const bool is_set = named && subject.relation != MemberId::kNone && e.member == subject.relation;
      const bool is_self = e.op == Op::kSelf && subject.relation == MemberId::kNone && e.type == subject.type;
      if (is_set || is_self) PushFact(id, Intern(subject.type, subject.id), true);
      if (e.op != Op::kRelation) continue;
      for (const SubjectType& allowed : schema_.member(e.member).subject_types) {
        if (allowed.type != subject.type || allowed.relation != subject.relation) continue;
        PushRow({subject.type, allowed.wildcard ? "*" : subject.id, subject_relation, e.member, id}, true);
      }
    }
  }

  absl::Status Discover() {
    Item item;
    bool sure = false;
    while (work_.Pop(&item, &sure)) {
      if (absl::Status status = budget_.Charge(1, kFactBytes); !status.ok()) return status;
      absl::Status status = absl::OkStatus();
      if (item.is_row) {
        status = VisitRow(item.row, sure);
      } else {
        VisitFact(item.expr, item.object, sure);
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void VisitFact(ExprId expr, ObjectTable::Index object, bool sure) {
    if (!facts_.insert({expr, object}).second) return;
    const ObjectTable::Object at = objects_[object];
    if (expr == root_) {
      candidates_[at.id] |= sure;
      candidate_bytes_ += kCandidateBytes;
    }
    for (const Up& up : path(expr).ups) PushFact(up.parent, object, sure && up.sure);
    for (const Crossing& crossing : path(expr).crossings) {
      PushRow({at.type, std::string(at.id), crossing.subject_relation, crossing.relation, crossing.result},
              sure && crossing.sure);
    }
  }

  absl::Status VisitRow(const Row& row, bool sure) {
    if (!rows_.insert({row.result, row.relation, row.subject_type, row.subject_relation, row.subject_id}).second) {
      return absl::OkStatus();
    }
    const Member& relation = schema_.member(row.relation);
    if (relation.type == type_ && !path(row.result).crosses) {
      last_steps_.push_back({row, sure && path(row.result).sure_to_root});
      return absl::OkStatus();
    }
    auto cursor = Open(row, "");
    for (; cursor->Valid(); cursor->Next()) {
      if (absl::Status status = budget_.Charge(1, kFactBytes); !status.ok()) return status;
      const TupleRow& stored = cursor->row();
      auto judged = conditions_.Judge(stored.edge, &budget_);
      if (!judged.ok()) return judged.status();
      if (judged->state == EdgeState::kGone) continue;
      PushFact(row.result, Intern(relation.type, stored.resource.id), sure && judged->state == EdgeState::kLive);
    }
    return cursor->status();
  }

  absl::Status Emit(const std::string& after, const CandidateVisitor& visit) {
    if (absl::Status s = budget_.Charge(0, candidate_bytes_); !s.ok()) return s;
    IdMerge merge(&conditions_, &budget_, IdMerge::Part::kResource, after);
    std::vector<IdMerge::Id> known;
    for (const auto& [id, sure] : candidates_) known.push_back({std::string(id), sure});
    merge.AddIds(std::move(known));
    for (const auto& [row, sure] : last_steps_) {
      merge.AddSource([this, &row = row](std::string_view behind) { return Open(row, behind); }, sure);
    }
    while (true) {
      auto next = merge.Next();
      if (!next.ok()) return next.status();
      if (!next->has_value()) return absl::OkStatus();
      auto more = visit((*next)->id, (*next)->sure);
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
    }
  }

  std::unique_ptr<TupleCursor> Open(const Row& row, std::string_view after) const {
    const Member& relation = schema_.member(row.relation);
    return snapshot_.Resources({plan_.name(row.subject_type), row.subject_id, row.subject_relation},
                               plan_.name(relation.type), plan_.name(row.relation), after);
  }

  ObjectTable::Index Intern(TypeId type, std::string_view id) { return objects_.Intern(type, plan_.name(type), id); }
  void PushFact(ExprId expr, ObjectTable::Index object, bool sure) {
    if (!facts_.contains({expr, object})) work_.Push({false, expr, object}, sure);
  }
  void PushRow(Row row, bool sure) { work_.Push({true, ExprId::kNone, 0, std::move(row)}, sure); }

  const Plan& plan_;
  const Schema& schema_;
  const Snapshot& snapshot_;
  Conditions& conditions_;
  Budget& budget_;
  const ExprId root_;
  const TypeId type_;
  const std::vector<SubjectTerm> subjects_;
  std::vector<const Reach*> reaches_;  // by subject

  std::vector<Path> paths_;  // by ExprId
  std::vector<ExprId> relevant_;
  ObjectTable objects_;
  SureFirst<Item> work_;
  absl::flat_hash_set<std::pair<ExprId, ObjectTable::Index>> facts_;
  absl::flat_hash_set<std::tuple<ExprId, MemberId, TypeId, NameId, std::string>> rows_;
  std::map<std::string_view, bool> candidates_;  // Objects met on the way, and whether they are sure.
  uint64_t candidate_bytes_ = 0;
  std::vector<std::pair<Row, bool>> last_steps_;  // Rows of objects that lead to nothing else.
};

// What is asked of agents and sessions alone.
absl::Status RefuseDelegationOf(const ResourcesQuestion& question) {
  const char* field = question.task                        ? "task"
                      : !question.claims.empty()           ? "claims"
                      : !question.audience.empty()         ? "audience"
                      : !question.parameter_digest.empty() ? "parameter_digest"
                                                           : nullptr;
  if (field == nullptr) return absl::OkStatus();
  return WithField(WithReason(InvalidArgument(Cat("`", field, "` can be named only for an agent or a session, and `",
                                                  ToText(question.subject), "` is neither")),
                              "TASK_NOT_ALLOWED"),
                   field);
}

// Checks the candidates that are not sure.
class ResourceLookup {
 public:
  ResourceLookup(const Plan& plan, const Snapshot& snapshot, Moment moment, const BudgetLimits& limits,
                 MemberId permission, SubjectTerm subject)
      : plan_(plan),
        snapshot_(snapshot),
        conditions_(plan, std::move(moment)),
        budget_(limits),
        permission_(permission),
        subject_(std::move(subject)) {}

  absl::Status Run(const std::string& after, const FoundSink& sink) {
    return VisitCandidates(plan_, snapshot_, &conditions_, &budget_, permission_, {subject_}, after,
                           [&](const std::string& id, bool sure) -> absl::StatusOr<bool> {
                             Found found{.id = id};
                             if (!sure) {
                               auto checked = Check(id);
                               if (!checked.ok()) return checked.status();
                               found = *std::move(checked);
                               if (found.error.ok() && found.decision == Decision::kDenied) return true;
                             }
                             if (!sink(found)) return false;
                             budget_.Renew();
                             return true;
                           });
  }

 private:
  absl::StatusOr<Found> Check(const std::string& id) {
    if (evaluator_ == nullptr || checks_ == kChecksPerEvaluator) {
      if (evaluator_ == nullptr) mark_ = budget_.bytes();
      evaluator_ = std::make_unique<Evaluator>(plan_, snapshot_, &conditions_, &budget_, subject_, Trace::kOff);
      checks_ = 0;
      budget_.ReleaseTo(mark_);
    }
    ++checks_;
    return ToFound(id, evaluator_->Ask(permission_, id));
  }

  const Plan& plan_;
  const Snapshot& snapshot_;
  Conditions conditions_;
  Budget budget_;
  const MemberId permission_;
  const SubjectTerm subject_;
  std::unique_ptr<Evaluator> evaluator_;
  size_t checks_ = 0;
  uint64_t mark_ = 0;  // Memory charged before the first check.
};

}  // namespace

absl::Status VisitCandidates(const Plan& plan, const Snapshot& snapshot, Conditions* conditions, Budget* budget,
                             MemberId permission, std::vector<SubjectTerm> subjects, const std::string& after,
                             const CandidateVisitor& visit) {
  return CandidateSearch(plan, snapshot, conditions, budget, permission, std::move(subjects)).Run(after, visit);
}

absl::Status LookupResources(const Plan& plan, const Snapshot& stored, absl::Time now, const CheckLimits& limits,
                             const ResourcesQuestion& question, const FoundSink& sink) {
  const ReadThrough reads(stored);  // A listing reads the same folders and groups as the one before it.
  const Snapshot& snapshot = *reads;
  const Schema& schema = plan.schema();
  auto type = ResolveType(schema, question.resource_type, "resource_type");
  if (!type.ok()) return type.status();
  auto permission = ResolvePermission(schema, *type, question.permission, "permission");
  if (!permission.ok()) return permission.status();
  auto subject_type = ResolveType(schema, question.subject.type, "subject.type");
  if (!subject_type.ok()) return subject_type.status();
  if (question.subject.IsWildcard()) {
    return WithField(WithReason(InvalidArgument("a wildcard asks for nobody in particular; name one subject"),
                                "WILDCARD_NOT_ALLOWED"),
                     "subject.id");
  }
  if (schema.definition(*subject_type).kind != Kind::kDefinition && question.subject.relation.empty()) {
    return LookupResourcesDelegated(plan, snapshot, now, limits, *permission, question, sink);
  }
  if (absl::Status status = RefuseDelegationOf(question); !status.ok()) return status;
  SubjectTerm subject{.type = *subject_type, .id = question.subject.id};
  if (!question.subject.relation.empty()) {
    auto relation = ResolvePermission(schema, *subject_type, question.subject.relation, "subject.relation");
    if (!relation.ok()) return relation.status();
    subject.relation = *relation;
  }
  auto context = CaveatContext::Parse(question.context);
  if (!context.ok()) return WithField(context.status(), "context");
  auto layered = WithContextual(plan, snapshot, question.contextual);
  if (!layered.ok()) return layered.status();
  return ResourceLookup(plan, **layered, Moment{now, *std::move(context)}, limits.budget, *permission,
                        std::move(subject))
      .Run(question.after, sink);
}

}  // namespace mandate
