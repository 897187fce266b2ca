// explanation.h: why an answer is what it is, as a tree that a person or a program can follow.
//
// The tree is kept flat, in reading order, each step with its depth: it may be as deep as the data. For an allowed
// answer it is a proof: only what the answer rests on. For another answer it holds what was looked for.
#ifndef MANDATE_CHECK_EXPLANATION_H_
#define MANDATE_CHECK_EXPLANATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/relationship.h"
#include "storage/revision.h"

namespace mandate {

enum class Decision : uint8_t { kDenied, kConditional, kAllowed };
std::string_view DecisionName(Decision decision);  // `ALLOWED`

enum class StepKind : uint8_t {
  kPermission,    // `document:plan#view`: its expression follows, one level down
  kRelation,      // `document:plan#viewer`: the relationship that holds follows, or what was looked for
  kUnion,         // one of the next level
  kIntersection,  // all of the next level
  kExclusion,     // the first of the next level, and the absence of the second
  kArrow,         // through a relationship to the target that follows it
  kArrowAll,      // every object of the relation
  kSelf,          // the subject is the object itself
  kNil,
  kIdentity,      // the subject is this very subject set, or an item on every object of the type
  kRelationship,  // a stored relationship; `relationship` and `revision` are set
  kAbsence,       // what follows does not hold, and the answer rests on that
  kRepeated,      // shown before, not shown again
  kChain,         // a delegation edge, or the chain as a whole
  kScope,         // the scope of the task in `text`
  kBoundary,      // the boundary of the agent in `text`
  kPrincipal,     // the principal's own permission follows; below a rule, that of the one whom `text` names
  kRule,          // a rule over time, which rests on what the ledger says was done so far, and on what follows
  kCut,           // the rest is left out: the explanation reached its limit
};
std::string_view StepKindName(StepKind kind);  // `PERMISSION`

struct ExplanationStep {
  uint32_t depth = 0;
  StepKind kind = StepKind::kPermission;
  Decision decision = Decision::kDenied;
  std::string text;                          // The goal, the relationship, or what was looked for.
  std::optional<Relationship> relationship;  // kRelationship and delegation edges that are stored.
  Revision revision;   // At which `relationship` was written; none (zero) for one that the question brought along.
  uint32_t reads = 0;  // Rows read, or looked for, for this very goal.
};

// An explanation is cut behind this many steps, a page that nobody reads to the end and 1 MiB on the wire, or where it
// has more in it: a relationship may bring 32 KiB of context.
inline constexpr size_t kExplanationStepsMax = 5000;
inline constexpr size_t kExplanationBytesMax = 4 << 20;

struct Explanation {
  std::vector<ExplanationStep> steps;
  size_t bytes = 0;  // Of the steps that were added: texts, and contexts of relationships.

  void Add(ExplanationStep step) {
    bytes += step.text.size() + (step.relationship ? step.relationship->caveat_context.size() : 0);
    steps.push_back(std::move(step));
  }
  // Says that the rest is left out, once.
  void Cut(uint32_t depth, Decision decision);
  bool Full() const { return steps.size() >= kExplanationStepsMax || bytes >= kExplanationBytesMax; }
};

// One line a step, indented, with a mark: ✓ allowed, ✗ denied, ? conditional, ∅ an absence.
std::string RenderExplanation(const Explanation& explanation);

// The same as a graph in the DOT language of Graphviz (https://graphviz.org/doc/info/lang.html).
std::string RenderDot(const Explanation& explanation);

}  // namespace mandate

#endif  // MANDATE_CHECK_EXPLANATION_H_
