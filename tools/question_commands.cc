#include <iostream>

#include "absl/strings/str_join.h"
#include "schema/text.h"
#include "service/client.h"
#include "tools/commands.h"
#include "tools/exit_code.h"

namespace mandate {
namespace {

absl::Status SetObject(const std::string& text, const char* option, std::optional<ObjectRef>* out) {
  if (text.empty()) return absl::OkStatus();
  auto object = ParseObject(text);
  if (!object.ok()) {
    return absl::InvalidArgumentError(Cat(option, " ", About(text, object.status()).message()));
  }
  *out = *std::move(object);
  return absl::OkStatus();
}

absl::StatusOr<CheckQuestion> ToQuestion(const CheckOptions& options) {
  auto parsed = ParseQuestion(options.question);
  if (!parsed.ok()) {
    return About(options.question, parsed.status(),
                 "a question looks like document:plan#view@user:alice");
  }
  CheckQuestion question{.resource = parsed->resource,
                         .permission = parsed->permission,
                         .subject = parsed->subject,
                         .explain = options.explain || options.dot};
  absl::Status status = SetObject(options.task, "--task", &question.task);
  status.Update(SetObject(options.principal, "--principal", &question.claims.principal));
  status.Update(SetObject(options.agent, "--agent", &question.claims.agent));
  if (!status.ok()) return status;
  auto context = ContextOption(options.context);
  if (!context.ok()) return context.status();
  question.context = *std::move(context);
  auto contextual = ContextualOption(options.contextual);
  if (!contextual.ok()) return contextual.status();
  question.contextual = *std::move(contextual);
  return question;
}

int CodeOf(Decision decision) {
  switch (decision) {
    case Decision::kAllowed: return kExitOk;
    case Decision::kDenied: return kExitDenied;
    case Decision::kConditional: return kExitConditional;
  }
  return kExitError;
}

void PrintAnswer(const CheckOptions& options, const Client::Checked& checked) {
  const Answer& answer = checked.answer;
  switch (answer.decision) {
    case Decision::kAllowed:
      std::cout << "allowed";
      break;
    case Decision::kDenied:
      std::cout << "denied";
      break;
    case Decision::kConditional:
      std::cout << "conditional, missing " << absl::StrJoin(answer.missing_context, ", ");
      break;
  }
  if (answer.reason != DenialReason::kNone) {
    std::cout << ": " << ReasonName(answer.reason) << " at " << answer.reason_at;
  }
  if (answer.valid_until != absl::InfiniteFuture()) {
    std::cout << ", valid until "
              << absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", answer.valid_until, absl::UTCTimeZone());
  }
  std::cout << "\n";
  if (!options.explain) return;
  std::cout << RenderExplanation(answer.explanation) << answer.steps << " steps in "
            << absl::FormatDuration(answer.duration) << ", checked at " << checked.token << "\n";
}

// Until when a relationship counts, and on what condition.
std::string Traits(const ExpandedSubject& subject) {
  std::string text;
  if (!subject.caveat.empty()) {
    text += Cat("  [", subject.caveat, subject.caveat_context.empty() ? "" : ":",
                subject.caveat_context, "]");
  }
  if (subject.decision == Decision::kConditional) {
    text += subject.missing.empty()
                ? " cannot be evaluated"
                : Cat(" needs ", absl::StrJoin(subject.missing, ", "));
  }
  if (subject.expires_at != absl::InfiniteFuture()) {
    text += Cat("  until ", absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", subject.expires_at,
                                             absl::UTCTimeZone()));
  }
  return text;
}

void PrintNode(const ExpandNode& node) {
  const std::string indent(2 * std::min<uint32_t>(node.depth, 24), ' ');
  const std::string object = Cat(node.object.type, ":", node.object.id);
  const std::string goal = Cat(node.relation.empty() ? object : Cat(object, "#", node.relation),
                               node.over ? Traits(*node.over) : "");
  switch (node.kind) {
    case ExpandKind::kSubjects:
      std::cout << indent << goal << (node.subjects.empty() ? ": nobody\n" : "\n");
      break;
    case ExpandKind::kUnion:
      std::cout << indent << goal << ": any of\n";
      break;
    case ExpandKind::kIntersection:
      std::cout << indent << goal << ": all of\n";
      break;
    case ExpandKind::kExclusion:
      std::cout << indent << goal << ": the first without the second\n";
      break;
    case ExpandKind::kSelf:
      std::cout << indent << goal << ": the object itself\n";
      break;
    case ExpandKind::kNil:
      std::cout << indent << goal << ": nobody\n";
      break;
    case ExpandKind::kRepeated:
      std::cout << indent << goal << " (shown above)\n";
      break;
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
  const size_t hash = options.goal.find('#');
  if (hash == std::string::npos || hash + 1 == options.goal.size()) {
    return Fail(absl::InvalidArgumentError(
        Cat(Quote(options.goal), " names no permission of an object; write document:plan#view")));
  }
  auto object = ParseObject(options.goal.substr(0, hash));
  if (!object.ok()) return Fail(About(options.goal, object.status()));
  auto context = ContextOption(options.context);
  if (!context.ok()) return Fail(context.status());
  auto contextual = ContextualOption(options.contextual);
  if (!contextual.ok()) return Fail(contextual.status());
  auto expanded = Client(client.server)
                      .Expand({*object, options.goal.substr(hash + 1), options.depth, *context,
                               *std::move(contextual)},
                              options.at);
  if (!expanded.ok()) return Fail(expanded.status());
  if (client.json) {
    std::cout << expanded->json << "\n";
    return kExitOk;
  }
  for (const ExpandNode& node : expanded->nodes) PrintNode(node);
  return kExitOk;
}

}  // namespace mandate
