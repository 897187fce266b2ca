// schema.h: a schema after all names are resolved: immutable, integer-named, ready to plan from.
//
//   absl::StatusOr or diagnostics come from compiler.h; here everything is known to be consistent.
//   TypeId document = *schema.FindType("document");
//   MemberId view = *schema.FindMember(document, "view");
//   const Expression& root = schema.expression(schema.member(view).root);
//
// Threads     Immutable; safe to share.
// Ownership   shared_ptr<const Schema>; every reference returned lives as long as it.
// Units       Ids are dense from 0 in declaration order, and mean something only in this one Schema.
#ifndef MANDATE_SCHEMA_SCHEMA_H_
#define MANDATE_SCHEMA_SCHEMA_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "schema/rule_kind.h"

namespace mandate {

namespace cel {
class Program;  // cel/cel.h
}

enum class TypeId : uint32_t { kNone = std::numeric_limits<uint32_t>::max() };
enum class MemberId : uint32_t { kNone = std::numeric_limits<uint32_t>::max() };
enum class ExprId : uint32_t { kNone = std::numeric_limits<uint32_t>::max() };
enum class CaveatId : uint32_t { kNone = std::numeric_limits<uint32_t>::max() };

// What a definition is (delegation.md, section 1).
enum class Kind : uint8_t { kDefinition, kAgent, kTask, kSession };

// The relations that delegation reserves, each only on the kinds of its table.
enum class Reserved : uint8_t {
  kNone,
  kActsOnBehalfOf,
  kDelegatedForTask,
  kDelegator,
  kParentTask,
  kScope,
  kBoundary,
  kAgent,
  kTask
};

// One alternative of a relation's subject types.
struct SubjectType {
  TypeId type;
  MemberId relation = MemberId::kNone;  // `team#member`; kNone: the object itself.
  bool wildcard = false;                // `user:*`, or with `relation`, an item `document:*#view`.
  CaveatId caveat = CaveatId::kNone;    // A relationship of this form must carry this caveat, and no other.
  bool expiration = false;              // A relationship of this form must carry an expiry.
  friend bool operator==(const SubjectType&, const SubjectType&) = default;
};

enum class Op : uint8_t {
  kRelation,      // the root of a relation: its stored subjects; `member` set
  kPermission,    // the root of a permission: one child, its expression; `member` set
  kNil,           // nobody
  kSelf,          // the object itself
  kUnion,         // any child
  kIntersection,  // every child
  kExclusion,     // children[0] without children[1]
  kArrowAny,      // some object that relation `member` holds has the target
  kArrowAll,      // every object that relation `member` holds has the target, and there is one
};

// On objects of `type`, an arrow asks `expr`. Objects of types that are not listed contribute nothing
// (to kArrowAll: a no).
struct ArrowTarget {
  TypeId type;
  ExprId expr;
};

// One node of the compiled expressions. A reference to a relation or permission of the same object is that
// member's root itself, so expressions form a graph, with cycles where permissions are recursive.
struct Expression {
  Op op;
  TypeId type;  // The type of object that this is asked of.
  MemberId member = MemberId::kNone;
  std::vector<ExprId> children;      // Unions and intersections of one kind are flattened.
  std::vector<ArrowTarget> targets;  // Arrows only.
};

struct Member {
  std::string name;
  TypeId type;
  bool is_permission = false;
  Reserved reserved = Reserved::kNone;
  std::string doc;  // The doc comment's text without delimiters, or empty.
  ExprId root;
  std::vector<SubjectType> subject_types;  // Relations only.
  std::string expression;                  // Permissions only: as the printer writes it.
};

// A rule over time of a task (delegation.md, section 5, whose letters these are). `P` and `Q` are relations or
// permissions of ordinary definitions, none of them reserved; a MemberId names the type as well. What a kind does not
// use keeps its default.
struct TaskRule {
  RuleKind kind = RuleKind::kLimit;
  MemberId permission = MemberId::kNone;  // P
  MemberId when = MemberId::kNone;        // kAfter, kContain: q, a member of P's type; kNone: whenever.
  MemberId governed = MemberId::kNone;    // kAfter, kContain: Q
  uint32_t limit = 0;                     // kLimit: from 1 to kLimitMax.
  LimitPer per = LimitPer::kTask;         // kLimit
  MemberId approver = MemberId::kNone;    // kApproval: q, a member of P's type.
  bool other_than_principal = false;      // kApproval
  std::string text;                       // In its canonical form, which names it: no two of a task are the same.
  std::string doc;
};

struct Definition {
  std::string name;
  Kind kind = Kind::kDefinition;
  std::string doc;
  std::vector<MemberId> members;
  std::vector<TaskRule> rules;  // Tasks only, at most kRulesMax, in the order of the text.
  // The reserved relation of that name on this type; kNone where it has none.
  MemberId reserved(Reserved which) const { return reserved_[static_cast<size_t>(which)]; }
  bool IsPrincipal() const {  // A type that can be the principal at the end of a chain.
    return kind == Kind::kDefinition && reserved(Reserved::kActsOnBehalfOf) != MemberId::kNone;
  }
  std::vector<MemberId> reserved_ = std::vector<MemberId>(9, MemberId::kNone);
};

// One declared parameter of a caveat; `type` in the schema's own words (`int`, `list<string>`).
struct CaveatParameter {
  std::string name;
  std::string type;
};

struct Caveat {
  std::string name;
  std::string doc;
  std::vector<CaveatParameter> parameters;
  std::string expression;  // The text between the braces.
  std::shared_ptr<const cel::Program> program;
};

class Schema {
 public:
  std::optional<TypeId> FindType(std::string_view name) const;
  std::optional<MemberId> FindMember(TypeId type, std::string_view name) const;
  std::optional<CaveatId> FindCaveat(std::string_view name) const;

  const Definition& definition(TypeId id) const { return definitions_[static_cast<size_t>(id)]; }
  const Member& member(MemberId id) const { return members_[static_cast<size_t>(id)]; }
  const Expression& expression(ExprId id) const { return expressions_[static_cast<size_t>(id)]; }
  const Caveat& caveat(CaveatId id) const { return caveats_[static_cast<size_t>(id)]; }

  absl::Span<const Definition> definitions() const { return definitions_; }
  absl::Span<const Member> members() const { return members_; }
  absl::Span<const Expression> expressions() const { return expressions_; }
  absl::Span<const Caveat> caveats() const { return caveats_; }

  // True if the schema says `use delegation`.
  bool has_delegation() const { return has_delegation_; }

 private:
  friend class SchemaBuilder;  // schema_builder.h
  std::vector<Definition> definitions_;
  std::vector<Member> members_;
  std::vector<Expression> expressions_;
  std::vector<Caveat> caveats_;
  absl::flat_hash_map<std::string, TypeId> type_by_name_;
  std::vector<absl::flat_hash_map<std::string, MemberId>> member_by_name_;  // by TypeId
  absl::flat_hash_map<std::string, CaveatId> caveat_by_name_;
  bool has_delegation_ = false;
};

// In the words of the language: `team#member`, and with what it must carry
// (`team#member with cav and expiration`).
std::string ShowForm(const Schema& schema, const SubjectType& subject);
std::string ShowSubjectType(const Schema& schema, const SubjectType& subject);

// `definition`, `agent`, ...
std::string_view KindKeyword(Kind kind);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_SCHEMA_H_
