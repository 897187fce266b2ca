// `mandate authorize`: what a tool gateway asks right before it acts, from a shell. One question is one action; several
// are a plan, of which all are allowed or none.
#include <iostream>

#include "schema/text.h"
#include "service/delegation_client.h"
#include "tools/answer_text.h"
#include "tools/delegation_commands.h"
#include "tools/exit_code.h"
#include "tools/options.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

// All but the question itself, which is the same for all actions of a plan.
absl::StatusOr<AuthorizeCall> Shared(const AuthorizeOptions& options) {
  AuthorizeCall call{.idempotency_key = options.key};
  CheckQuestion& question = call.question;
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
  question.explain = options.explain;
  return call;
}

absl::StatusOr<std::vector<AuthorizeCall>> ToPlan(const AuthorizeOptions& options) {
  auto shared = Shared(options);
  if (!shared.ok()) return shared.status();
  const size_t digests = options.digests.size();
  if (digests > 1 && digests != options.questions.size()) {
    return InvalidArgument(Cat("there are ", options.questions.size(), " questions and ", digests,
                               " digests; give one --digest for all, or one for each question in their order"));
  }
  if (options.explain && options.questions.size() > 1) {
    return InvalidArgument("--explain goes with one question; a plan is answered without explanation");
  }
  std::vector<AuthorizeCall> plan;
  for (const std::string& text : options.questions) {
    auto parsed = ParseQuestion(text);
    if (!parsed.ok()) return About(text, parsed.status(), "an action looks like mailbox:m#send@run:7");
    if (!parsed->subject.relation.empty()) {
      return InvalidArgument(Cat(Quote(text), ": a session acts, as in mailbox:m#send@run:7, and no subject set"));
    }
    AuthorizeCall& call = plan.emplace_back(*shared);
    call.question.resource = parsed->resource;
    call.question.permission = parsed->permission;
    call.question.subject = parsed->subject;
    if (digests > 0) call.question.parameter_digest = options.digests[digests == 1 ? 0 : plan.size() - 1];
    if (call.question.subject != plan.front().question.subject) {
      return InvalidArgument(Cat("a plan is of one session, and this one is of `",
                                 ToText(plan.front().question.subject), "` and of `", ToText(call.question.subject),
                                 "`; ask twice"));
    }
  }
  return plan;
}

void PrintOne(const AuthorizeOptions& options, const DelegationClient::Authorized& outcome) {
  const Answer& answer = outcome.answers.front();
  std::cout << AnswerLine(answer) << ", ledger entry " << outcome.sequences.front()
            << (outcome.repeated ? ", answered before under this key" : "") << "\n";
  if (options.explain) std::cout << RenderExplanation(answer.explanation);
}

void PrintPlan(const AuthorizeOptions& options, const DelegationClient::Authorized& outcome) {
  for (size_t i = 0; i < outcome.answers.size(); ++i) {
    std::cout << options.questions[i] << ": " << AnswerLine(outcome.answers[i]);
    if (outcome.allowed) std::cout << ", ledger entry " << outcome.sequences[i];
    std::cout << "\n";
  }
  if (!outcome.allowed) {
    std::cout << "so none of the " << options.questions.size() << " is allowed, ledger entry "
              << outcome.sequences.front() << "\n";
  }
  if (outcome.repeated) std::cout << "answered before under this key\n";
}

}  // namespace

int AuthorizeActions(const ClientOptions& client, const AuthorizeOptions& options) {
  auto plan = ToPlan(options);
  if (!plan.ok()) return Fail(plan.status());
  DelegationClient connection(client.server);
  const bool is_plan = plan->size() > 1;
  auto outcome = is_plan ? connection.AuthorizeBatch(*plan) : connection.Authorize(plan->front());
  if (!outcome.ok()) return Fail(outcome.status());
  if (outcome->answers.empty() || outcome->sequences.empty()) {
    return Fail(absl::DataLossError("the server's answer names no decision or no entry of the ledger"));
  }
  if (client.json) {
    std::cout << outcome->json << "\n";
  } else if (is_plan) {
    PrintPlan(options, *outcome);
  } else {
    PrintOne(options, *outcome);
  }
  return CodeOf(outcome->answers.back().decision);
}

}  // namespace mandate
