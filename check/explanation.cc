#include "check/explanation.h"

#include "check/answer.h"
#include "schema/text.h"

namespace mandate {

std::string_view DecisionName(Decision decision) {
  switch (decision) {
    case Decision::kDenied: return "DENIED";
    case Decision::kConditional: return "CONDITIONAL";
    case Decision::kAllowed: return "ALLOWED";
  }
  return "DENIED";
}

std::string_view ReasonName(DenialReason reason) {
  switch (reason) {
    case DenialReason::kNone: return "";
    case DenialReason::kNoTask: return "NO_TASK";
    case DenialReason::kSessionNotLive: return "SESSION_NOT_LIVE";
    case DenialReason::kClaimMismatch: return "CLAIM_MISMATCH";
    case DenialReason::kNotDelegated: return "NOT_DELEGATED";
    case DenialReason::kNotActingFor: return "NOT_ACTING_FOR";
    case DenialReason::kStaleDelegation: return "STALE_DELEGATION";
    case DenialReason::kChainBroken: return "CHAIN_BROKEN";
    case DenialReason::kChainTooDeep: return "CHAIN_TOO_DEEP";
    case DenialReason::kOutOfScope: return "OUT_OF_SCOPE";
    case DenialReason::kOutsideBoundary: return "OUTSIDE_BOUNDARY";
    case DenialReason::kPrincipalLacksPermission: return "PRINCIPAL_LACKS_PERMISSION";
    case DenialReason::kForbiddenAfter: return "FORBIDDEN_AFTER";
    case DenialReason::kNotContained: return "NOT_CONTAINED";
    case DenialReason::kApprovalRequired: return "APPROVAL_REQUIRED";
    case DenialReason::kLimitReached: return "LIMIT_REACHED";
  }
  return "";
}

std::string_view StepKindName(StepKind kind) {
  switch (kind) {
    case StepKind::kPermission: return "PERMISSION";
    case StepKind::kRelation: return "RELATION";
    case StepKind::kUnion: return "UNION";
    case StepKind::kIntersection: return "INTERSECTION";
    case StepKind::kExclusion: return "EXCLUSION";
    case StepKind::kArrow: return "ARROW";
    case StepKind::kArrowAll: return "ARROW_ALL";
    case StepKind::kSelf: return "SELF";
    case StepKind::kNil: return "NIL";
    case StepKind::kIdentity: return "IDENTITY";
    case StepKind::kRelationship: return "RELATIONSHIP";
    case StepKind::kAbsence: return "ABSENCE";
    case StepKind::kRepeated: return "REPEATED";
    case StepKind::kChain: return "CHAIN";
    case StepKind::kScope: return "SCOPE";
    case StepKind::kBoundary: return "BOUNDARY";
    case StepKind::kPrincipal: return "PRINCIPAL";
    case StepKind::kRule: return "RULE";
    case StepKind::kCut: return "CUT";
  }
  return "";
}

void Explanation::Cut(uint32_t depth, Decision decision) {
  if (!steps.empty() && steps.back().kind == StepKind::kCut) return;
  Add({depth, StepKind::kCut, decision, Cat("cut after ", steps.size(), " steps")});
}

namespace {

std::string_view Sign(const ExplanationStep& step) {
  if (step.kind == StepKind::kAbsence) return "∅";
  if (step.kind == StepKind::kCut) return "…";
  switch (step.decision) {
    case Decision::kAllowed: return "✓";
    case Decision::kConditional: return "?";
    case Decision::kDenied: return "✗";
  }
  return "✗";
}

// Deeper steps stand at this indentation, with their depth in front: a chain of 1,000 folders stays readable.
constexpr uint32_t kIndentDepthMax = 24;

std::string_view Color(const ExplanationStep& step) {
  if (step.kind == StepKind::kAbsence || step.kind == StepKind::kCut) return "gray40";
  switch (step.decision) {
    case Decision::kAllowed: return "darkgreen";
    case Decision::kConditional: return "darkorange3";
    case Decision::kDenied: return "firebrick";
  }
  return "firebrick";
}

// A quoted string of DOT: only these two characters mean something in it.
std::string DotText(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

// What stands behind a step's text.
std::string Trailer(const ExplanationStep& step) {
  std::string text;
  if (step.kind == StepKind::kRepeated) text += " (shown above)";
  if (step.relationship.has_value()) {
    text += step.revision == Revision() ? "  [brought along]" : Cat("  [revision ", step.revision.value(), "]");
  }
  if (step.reads > 0) text += Cat("  (", step.reads, step.reads == 1 ? " read)" : " reads)");
  return text;
}

}  // namespace

std::string RenderExplanation(const Explanation& explanation) {
  std::string text;
  for (const ExplanationStep& step : explanation.steps) {
    const uint32_t indent = std::min(step.depth, kIndentDepthMax);
    text += Cat(std::string(2 * indent, ' '));
    if (step.depth > kIndentDepthMax) text += Cat("[", step.depth, "] ");
    text += Cat(Sign(step), " ", step.text, Trailer(step), "\n");
  }
  return text;
}

std::string RenderDot(const Explanation& explanation) {
  std::string text = "digraph explanation {\n  rankdir=LR;\n  node [fontname=\"Helvetica\", fontsize=11];\n";
  std::vector<size_t> path;  // The steps that the next one may belong to, by depth.
  for (size_t i = 0; i < explanation.steps.size(); ++i) {
    const ExplanationStep& step = explanation.steps[i];
    const bool stored = step.relationship.has_value();
    text += Cat("  s", i, " [label=", DotText(Cat(step.text, Trailer(step))), ", shape=", stored ? "box" : "plaintext",
                ", fontcolor=", Color(step), ", color=", Color(step), "];\n");
    while (!path.empty() && explanation.steps[path.back()].depth >= step.depth) path.pop_back();
    if (!path.empty()) text += Cat("  s", path.back(), " -> s", i, ";\n");
    path.push_back(i);
  }
  return text + "}\n";
}

}  // namespace mandate
