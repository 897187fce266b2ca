#include "service/proof.h"

#include <algorithm>

#include "google/protobuf/util/json_util.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/token.h"
#include "service/wire.h"
#include "service/wire_form.h"

namespace mandate {
namespace {

constexpr size_t kProofBytesMax = 64 << 20;

// What AnswerFromWire takes as it is, because it comes from a server.
absl::Status CheckSteps(const v1::CheckResult& result) {
  if (result.explanation().empty()) {
    return InvalidArgument("the answer is not explained; write the proof with `mandate check --proof FILE`");
  }
  const auto& steps = result.explanation();
  if (steps.size() > static_cast<int>(kExplanationStepsMax) ||
      std::any_of(steps.begin(), steps.end(),
                  [](const auto& step) { return step.kind() == v1::ExplanationStep::KIND_CUT; })) {
    return InvalidArgument(Cat("the explanation was cut after ", kExplanationStepsMax, " steps, so it is no proof"));
  }
  for (int i = 0; i < result.explanation_size(); ++i) {
    const v1::ExplanationStep& step = result.explanation(i);
    const FieldPath path("answer.result.explanation", i);
    if (!v1::ExplanationStep::Kind_IsValid(step.kind()) || step.kind() == v1::ExplanationStep::KIND_UNSPECIFIED) {
      return Missing(Sub(path, "kind"));
    }
    if (!v1::Decision_IsValid(step.decision()) || step.decision() == v1::DECISION_UNSPECIFIED) {
      return Missing(Sub(path, "decision"));
    }
    if (!step.has_relationship()) continue;
    auto relationship = FromWire(step.relationship(), Sub(path, "relationship"));
    if (!relationship.ok()) return relationship.status();
  }
  for (int i = 0; i < result.lineage().edges_size(); ++i) {
    const v1::Lineage::Edge& edge = result.lineage().edges(i);
    auto relationship = FromWire(edge.relationship(), Cat("answer.result.lineage.edges[", i, "].relationship"));
    if (!relationship.ok()) return relationship.status();
  }
  return absl::OkStatus();
}

}  // namespace

std::string ProofToJson(const CheckQuestion& question, const std::string& answer_json) {
  v1::Proof proof;
  ToWire(question, proof.mutable_question());
  (void)google::protobuf::util::JsonStringToMessage(answer_json, proof.mutable_answer());
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(proof, &json, options);
  return json;
}

absl::StatusOr<Proof> ProofFromJson(const std::string& text) {
  if (text.size() > kProofBytesMax) return InvalidArgument("a proof has at most 64 MiB");
  v1::Proof wire;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, &wire);
  if (!parsed.ok()) {
    return InvalidArgument(
        Cat("this is no proof as `mandate check --proof FILE` writes it: ", std::string(parsed.message())));
  }
  if (!wire.has_question()) return Missing("question");
  if (!wire.answer().has_result()) return Missing("answer.result");
  const v1::CheckResult& result = wire.answer().result();
  if (result.decision() != v1::DECISION_ALLOWED) {
    return InvalidArgument(Cat("the answer is ", DecisionName(DecisionFromWire(result.decision())),
                               ", and only an allowed answer has a proof"));
  }
  if (!wire.answer().has_moment()) return Missing("answer.moment");
  Proof proof;
  auto question = FromWire(wire.question(), "question");
  if (!question.ok()) return question.status();
  proof.question = *std::move(question);
  auto moment = TimeFromWire(wire.answer().moment(), "answer.moment");
  if (!moment.ok()) return moment.status();
  proof.moment = *moment;
  if (absl::Status status = CheckSteps(result); !status.ok()) return status;
  if (result.has_valid_until()) {
    auto until = TimeFromWire(result.valid_until(), "answer.result.valid_until");
    if (!until.ok()) return until.status();
  }
  proof.answer = AnswerFromWire(result);
  if (!wire.answer().has_checked_at()) return Missing("answer.checked_at");
  proof.token = wire.answer().checked_at().token();
  auto revision = DecodeAnyToken(proof.token);
  if (!revision.ok()) return WithField(revision.status(), "answer.checked_at.token");
  proof.revision = *revision;
  return proof;
}

}  // namespace mandate
