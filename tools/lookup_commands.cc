#include <iostream>

#include "absl/strings/str_join.h"
#include "schema/relationship_json.h"
#include "schema/text.h"
#include "service/client.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/options.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

// A lookup is written like a question in which what is looked for has no id.
absl::Status Malformed(const std::string& text, const char* example) {
  return InvalidArgument(Cat(Quote(text), " is no lookup; write it like `", example, "`"));
}

absl::StatusOr<ResourcesQuestion> ParseResources(const std::string& text) {
  const size_t hash = text.find('#');
  const size_t at = text.find('@');
  if (hash == text.npos || at == text.npos || at < hash || text.substr(0, hash).find(':') != text.npos) {
    return Malformed(text, "document#view@user:alice");
  }
  ResourcesQuestion question{.resource_type = text.substr(0, hash), .permission = text.substr(hash + 1, at - hash - 1)};
  auto subject = ParseSubject(text.substr(at + 1));
  if (!subject.ok()) return About(text, subject.status());
  question.subject = *std::move(subject);
  return question;
}

// The lookup and, for an agent or a session, what it asks for and what the caller believes.
absl::StatusOr<ResourcesQuestion> ToResources(const LookupOptions& options) {
  auto question = ParseResources(options.question);
  if (!question.ok()) return question;
  auto task = ObjectOption("--task", options.task);
  if (!task.ok()) return task.status();
  question->task = *std::move(task);
  auto principal = ObjectOption("--principal", options.principal);
  if (!principal.ok()) return principal.status();
  question->claims.principal = *std::move(principal);
  auto agent = ObjectOption("--agent", options.agent);
  if (!agent.ok()) return agent.status();
  question->claims.agent = *std::move(agent);
  return question;
}

absl::StatusOr<SubjectsQuestion> ParseSubjects(const std::string& text) {
  const size_t hash = text.find('#');
  const size_t at = text.find('@');
  if (hash == text.npos || at == text.npos || at < hash || text.find(':', at) != text.npos) {
    return Malformed(text, "document:plan#view@user");
  }
  auto resource = ParseObject(text.substr(0, hash));
  if (!resource.ok()) return About(text, resource.status());
  SubjectsQuestion question{.resource = *std::move(resource), .permission = text.substr(hash + 1, at - hash - 1)};
  question.subject_type = text.substr(at + 1);
  if (const size_t set = question.subject_type.find('#'); set != text.npos) {
    question.subject_relation = question.subject_type.substr(set + 1);
    question.subject_type.resize(set);
  }
  return question;
}

// For whom somebody found acts, and on what task.
std::string Through(const Found& found) {
  return Cat(found.principal ? Cat("  for ", ToText(*found.principal)) : "",
             found.task ? Cat(" on ", ToText(*found.task)) : "");
}

std::string Described(const Found& found) {
  if (!found.error.ok()) return Cat("  no answer: ", found.error.message());
  switch (found.decision) {
    case Decision::kAllowed: return "";
    case Decision::kConditional: return Cat("  conditional, missing ", absl::StrJoin(found.missing_context, ", "));
    case Decision::kDenied: return "  not this one";
  }
  return "";
}

// What both lookups do around the call itself.
template <typename Question>
int Lookup(const ClientOptions& client, const LookupOptions& options, absl::StatusOr<Question> question,
           const std::string& before, const std::string& after,
           absl::Status (Client::*call)(const Question&, const Client::Page&, const Client::LookupVisitor&)) {
  if (!question.ok()) return Fail(question.status());
  auto context = ContextOption(options.context);
  if (!context.ok()) return Fail(context.status());
  question->context = *std::move(context);
  auto contextual = ContextualOption(options.contextual);
  if (!contextual.ok()) return Fail(contextual.status());
  question->contextual = *std::move(contextual);
  auto audience = AudienceOption(options.audience);
  if (!audience.ok()) return Fail(audience.status());
  question->audience = *std::move(audience);
  question->parameter_digest = options.digest;
  uint64_t count = 0;
  std::string cursor;
  Client connection(client.server);
  const absl::Status status =
      (connection.*call)(*question, {options.limit, options.cursor, options.at}, [&](const Client::LookedUp& page) {
        count += page.found.size();
        cursor = page.cursor;
        if (client.json) std::cout << page.json << "\n";
        for (const Found& found : page.found) {
          if (client.json) break;
          std::cout << before << found.id << after << Through(found) << Described(found) << "\n";
        }
        std::cout.flush();
      });
  if (!status.ok()) return Fail(status);
  if (!client.json && options.limit != 0 && count == options.limit) {
    std::cerr << "there may be more: --cursor " << cursor << "\n";
  }
  return count > 0 ? kExitOk : kExitDenied;
}

}  // namespace

absl::StatusOr<std::string> ContextOption(const std::string& text) {
  if (text.empty()) return text;
  auto context = CompactContext(text);
  if (!context.ok()) return InvalidArgument(Cat("--context: ", context.status().message()));
  return context;
}

absl::StatusOr<std::vector<Relationship>> ContextualOption(const std::vector<std::string>& texts) {
  std::vector<Relationship> relationships;
  for (const std::string& text : texts) {
    auto relationship = ParseRelationship(text);
    if (!relationship.ok()) {
      return InvalidArgument(Cat("--with ", About(text, relationship.status()).message()));
    }
    relationships.push_back(*std::move(relationship));
  }
  return relationships;
}

int LookupResourcesOf(const ClientOptions& client, const LookupOptions& options) {
  auto question = ToResources(options);
  const std::string before = question.ok() ? Cat(question->resource_type, ":") : "";
  return Lookup(client, options, std::move(question), before, "", &Client::LookupResources);
}

int LookupSubjectsOf(const ClientOptions& client, const LookupOptions& options) {
  auto question = ParseSubjects(options.question);
  const std::string before = question.ok() ? Cat(question->subject_type, ":") : "";
  const std::string after =
      question.ok() && !question->subject_relation.empty() ? Cat("#", question->subject_relation) : "";
  return Lookup(client, options, std::move(question), before, after, &Client::LookupSubjects);
}

}  // namespace mandate
