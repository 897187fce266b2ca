#include <fstream>
#include <iostream>

#include "absl/strings/str_join.h"
#include "schema/text.h"
#include "service/client.h"
#include "service/proof.h"
#include "tools/answer_text.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/options.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

absl::StatusOr<CheckQuestion> ToQuestion(const CheckOptions& options) {
  auto parsed = ParseQuestion(options.question);
  if (!parsed.ok()) {
    return About(options.question, parsed.status(), "a question looks like document:plan#view@user:alice");
  }
  CheckQuestion question{.resource = parsed->resource,
                         .permission = parsed->permission,
                         .subject = parsed->subject,
                         .parameter_digest = options.digest,
                         .explain = options.explain || options.dot || !options.proof.empty()};
  auto task = ObjectOption("--task", options.task);
  if (!task.ok()) return task.status();
  question.task = *std::move(task);
  auto principal = ObjectOption("--principal", options.principal);
  if (!principal.ok()) return principal.status();
  question.claims.principal = *std::move(principal);
  auto agent = ObjectOption("--agent", options.agent);
  if (!agent.ok()) return agent.status();
  question.claims.agent = *std::move(agent);
  auto audience = AudienceOption(options.audience);
  if (!audience.ok()) return audience.status();
  question.audience = *std::move(audience);
  auto context = ContextOption(options.context);
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  auto contextual = ContextualOption(options.contextual);
  if (!contextual.ok()) return contextual.status();
  question.contextual = *std::move(contextual);
  return question;
}

void PrintAnswer(const CheckOptions& options, const Client::Checked& checked) {
  std::cout << AnswerLine(checked.answer) << "\n";
  if (!options.explain) return;
  std::cout << RenderExplanation(checked.answer.explanation) << checked.answer.steps << " steps in "
            << absl::FormatDuration(checked.answer.duration) << ", checked at " << checked.token << "\n";
}

// Writes the proof, or says why there is none.
absl::Status WriteProof(const std::string& file, const CheckQuestion& question, const Client::Checked& checked) {
  if (checked.answer.decision != Decision::kAllowed) {
    std::cerr << "no proof written: only an allowed answer has one\n";
    return absl::OkStatus();
  }
  if (checked.answer.explanation.steps.back().kind == StepKind::kCut) {
    return absl::ResourceExhaustedError(
        Cat("the explanation was cut after ", kExplanationStepsMax, " steps, so it is no proof; none was written"));
  }
  std::ofstream stream(file, std::ios::binary);
  stream << ProofToJson(question, checked.json);
  stream.close();
  return stream.good() ? absl::OkStatus() : absl::UnavailableError(Cat("cannot write ", Quote(file)));
}

// Until when a relationship counts, and on what condition.
std::string Traits(const ExpandedSubject& subject) {
  std::string text;
  if (!subject.caveat.empty()) {
    text += Cat("  [", subject.caveat, subject.caveat_context.empty() ? "" : ":", subject.caveat_context, "]");
  }
  if (subject.decision == Decision::kConditional) {
    text += subject.missing.empty() ? " cannot be evaluated" : Cat(" needs ", absl::StrJoin(subject.missing, ", "));
  }
  if (subject.expires_at != absl::InfiniteFuture()) {
    text += Cat("  until ", TimeText(subject.expires_at));
  }
  return text;
}

void PrintNode(const ExpandNode& node) {
  const std::string indent(2 * std::min<uint32_t>(node.depth, 24), ' ');
  const std::string object = Cat(node.object.type, ":", node.object.id);
  const std::string goal =
      Cat(node.relation.empty() ? object : Cat(object, "#", node.relation), node.over ? Traits(*node.over) : "");
  switch (node.kind) {
    case ExpandKind::kSubjects: std::cout << indent << goal << (node.subjects.empty() ? ": nobody\n" : "\n"); break;
    case ExpandKind::kUnion: std::cout << indent << goal << ": any of\n"; break;
    case ExpandKind::kIntersection: std::cout << indent << goal << ": all of\n"; break;
    case ExpandKind::kExclusion: std::cout << indent << goal << ": the first without the second\n"; break;
    case ExpandKind::kSelf: std::cout << indent << goal << ": the object itself\n"; break;
    case ExpandKind::kNil: std::cout << indent << goal << ": nobody\n"; break;
    case ExpandKind::kRepeated: std::cout << indent << goal << " (shown above)\n"; break;
  }
  for (const ExpandedSubject& subject : node.subjects) {
    std::cout << indent << "  " << ToText(subject.subject) << Traits(subject) << "\n";
  }
}

}  // namespace

int CheckOne(const ClientOptions& client, const CheckOptions& options) {
  auto question = ToQuestion(options);
  if (!question.ok()) return Fail(question.status());
  auto checked = Client(client.server).Check(*question, options.at);
  if (!checked.ok()) return Fail(checked.status());
  if (!options.proof.empty()) {
    if (absl::Status status = WriteProof(options.proof, *question, *checked); !status.ok()) return Fail(status);
  }
  if (client.json) {
    std::cout << checked->json << "\n";
  } else if (options.dot) {
    std::cout << RenderDot(checked->answer.explanation);
  } else {
    PrintAnswer(options, *checked);
  }
  return CodeOf(checked->answer.decision);
}

int ExpandOne(const ClientOptions& client, const ExpandOptions& options) {
  auto goal = ParseGoal(options.goal);
  if (!goal.ok()) return Fail(goal.status());
  auto context = ContextOption(options.context);
  if (!context.ok()) return Fail(context.status());
  auto contextual = ContextualOption(options.contextual);
  if (!contextual.ok()) return Fail(contextual.status());
  auto expanded =
      Client(client.server)
          .Expand({goal->resource, goal->permission, options.depth, *context, *std::move(contextual)}, options.at);
  if (!expanded.ok()) return Fail(expanded.status());
  if (client.json) {
    std::cout << expanded->json << "\n";
    return kExitOk;
  }
  for (const ExpandNode& node : expanded->nodes) PrintNode(node);
  return kExitOk;
}

}  // namespace mandate
