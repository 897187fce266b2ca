#include "check/explanation.h"

#include "schema/text.h"
#include "check/answer.h"

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
    case StepKind::kCut: return "CUT";
  }
  return "";
}

namespace {

std::string_view Mark(const ExplanationStep& step) {
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

}  // namespace

std::string RenderExplanation(const Explanation& explanation) {
  std::string text;
  for (const ExplanationStep& step : explanation.steps) {
    const uint32_t indent = std::min(step.depth, kIndentDepthMax);
    text += Cat(std::string(2 * indent, ' '));
    if (step.depth > kIndentDepthMax) text += Cat("[", step.depth, "] ");
    text += Cat(Mark(step), " ", step.text);
    if (step.kind == StepKind::kRepeated) text += Cat(" (shown above)");
    if (step.relationship.has_value()) {
      text += Cat("  [revision ", step.revision.value(), "]");
    }
    text += Cat("\n");
  }
  return text;
}

}  // namespace mandate
