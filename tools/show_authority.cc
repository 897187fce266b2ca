// `mandate session show`: what an agent may do by way of a session or a task, and until when.
//
//   run:7 is live until 2026-12-01T12:00:00Z: assistant:bot acts for user:alice
//
//   assistant:bot, on errand:42 from user:alice
//     scope     document:plan#view
//               mailbox:m#send       until 2026-11-01T00:00:00Z
//     boundary  document:*#view
//     rules     limit mailbox#send to 5 per task: 3 of 5 left
#include <algorithm>
#include <iostream>

#include "absl/strings/str_join.h"
#include "schema/text.h"
#include "service/delegation_client.h"
#include "tools/answer_text.h"
#include "tools/delegation_commands.h"
#include "tools/exit_code.h"
#include "tools/options.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

// Rows under one heading, which stands before the first.
void PrintRows(const char* heading, const std::vector<std::string>& rows) {
  constexpr size_t kWidth = 10;
  std::string before = heading;
  for (const std::string& row : rows) {
    before.resize(kWidth, ' ');
    std::cout << "  " << before << row << "\n";
    before.clear();
  }
}

std::vector<std::string> ItemRows(const std::vector<Authority::Item>& items) {
  size_t width = 0;
  for (const Authority::Item& item : items) width = std::max(width, ToText(item.relationship.subject).size());
  std::vector<std::string> rows;
  for (const Authority::Item& item : items) {
    const Relationship& relationship = item.relationship;
    std::string traits;
    if (!relationship.caveat.empty()) {
      traits += Cat("  if ", relationship.caveat, relationship.caveat_context.empty() ? "" : ":",
                    relationship.caveat_context, item.decision == Decision::kAllowed ? " (it does)" : "");
    }
    if (relationship.expires_at != absl::InfiniteFuture()) {
      traits += Cat("  until ", TimeText(relationship.expires_at));
    }
    std::string row = ToText(relationship.subject);
    if (!traits.empty()) row.resize(width, ' ');
    rows.push_back(row + traits);
  }
  return rows;
}

std::vector<std::string> RuleRows(const Authority& authority, const ObjectRef& task) {
  std::vector<std::string> rows;
  for (const Authority::Rule& rule : authority.rules) {
    if (rule.task != task) continue;
    rows.push_back(rule.is_limit ? Cat(rule.text, ": ", rule.left, " of ", rule.used + rule.left, " left") : rule.text);
  }
  return rows;
}

void PrintHop(const Authority& authority, size_t index) {
  const Lineage::Hop& at = authority.chain.lineage->hops[index];
  const Authority::Hop& hop = authority.hops[index];
  std::cout << "\n"
            << ToText(at.agent) << ", on " << ToText(at.task)
            << (at.delegator ? Cat(" from ", ToText(*at.delegator)) : ", which nobody delegates") << "\n";
  PrintRows("scope", hop.scope.empty() ? std::vector<std::string>{"nothing"} : ItemRows(hop.scope));
  if (hop.has_boundary) {
    PrintRows("boundary", hop.boundary.empty() ? std::vector<std::string>{"nothing"} : ItemRows(hop.boundary));
  }
  PrintRows("rules", RuleRows(authority, at.task));
}

std::string Headline(const Answer& chain, const std::string& subject) {
  switch (chain.decision) {
    case Decision::kDenied: return Cat(subject, " may do nothing: ", ReasonName(chain.reason), " at ", chain.reason_at);
    case Decision::kConditional:
      return Cat(subject, " is live on a condition, missing ", absl::StrJoin(chain.missing_context, ", "));
    case Decision::kAllowed: break;
  }
  return Cat(subject, " is live",
             chain.valid_until == absl::InfiniteFuture() ? "" : Cat(" until ", TimeText(chain.valid_until)));
}

}  // namespace

int ShowAuthority(const ClientOptions& client, const SessionShowOptions& options) {
  auto subject = ParseObject(options.subject);
  if (!subject.ok()) return Fail(About(options.subject, subject.status()));
  AuthorityQuestion question{.subject = {subject->type, subject->id, ""}};
  auto task = ObjectOption("--task", options.task);
  if (!task.ok()) return Fail(task.status());
  question.task = *std::move(task);
  auto context = ContextOption(options.context);
  if (!context.ok()) return Fail(context.status());
  question.context = *std::move(context);
  auto described = DelegationClient(client.server).DescribeAuthority(question, options.at);
  if (!described.ok()) return Fail(described.status());
  const Authority& authority = described->authority;
  if (client.json) {
    std::cout << described->json << "\n";
    return CodeOf(authority.chain.decision);
  }
  const Lineage& lineage = *authority.chain.lineage;
  std::cout << Headline(authority.chain, options.subject);
  if (lineage.principal) {
    const bool lives = authority.chain.decision != Decision::kDenied;
    std::cout << (lives ? ": " : "; ") << ToText(lineage.hops.front().agent) << (lives ? " acts for " : " acted for ")
              << ToText(*lineage.principal);
  }
  if (authority.chain.reason == DenialReason::kNoTask) std::cout << "; name its task with --task";
  std::cout << "\n";
  for (size_t i = 0; i < lineage.hops.size(); ++i) PrintHop(authority, i);
  return CodeOf(authority.chain.decision);
}

}  // namespace mandate
