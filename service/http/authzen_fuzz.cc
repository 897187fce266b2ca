// Any bytes as a request of AuthZEN, at every endpoint: read and resolved without harm; and any bytes as names, which
// come back as they were.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "schema/compiler.h"
#include "service/http/authzen_names.h"
#include "service/http/authzen_request.h"
#include "service/http/authzen_resolve.h"

namespace mandate {
namespace {

constexpr char kSchema[] = R"(
use delegation
use expiration
caveat soft(action_soft bool, subject_properties map<any>, hour int) {
  action_soft || hour > 9 || has(subject_properties.role)
}
definition user {
  relation acts_on_behalf_of: assistant with expiration
}
definition record {
  relation reader: user | user with soft
  permission read = reader
}
agent assistant { relation boundary: record:*#read }
task errand {
  relation delegator: user
  relation delegated_for_task: assistant with expiration
  relation scope: record#read
}
session run {
  relation agent: assistant with expiration
  relation task: errand
})";

void Require(bool condition) {
  if (!condition) std::abort();
}

const Schema& TheSchema() {
  static const auto* const kCompiled = new std::shared_ptr<const Schema>(CompileSchema(kSchema).schema);
  Require(*kCompiled != nullptr);
  return **kCompiled;
}

void RequireForm(const CheckQuestion& question) {
  Require(ValidateObjectId(question.resource.id, Wildcard::kRefused).ok());
  Require(ValidateObjectId(question.subject.id, Wildcard::kRefused).ok());
  Require(question.subject.relation.empty());
  for (const SubjectRef& member : question.audience) Require(ValidateObjectId(member.id, Wildcard::kRefused).ok());
  for (const ObjectRef& agent : question.claims.chain) Require(agent.type == "assistant");
}

void AsRequest(const std::string& text) {
  auto request = ParseJsonObject(text);
  if (!request.ok()) return;
  if (auto one = ReadQuestion(*request, AuthzenSought::kNothing); one.ok()) {
    const bool names_agent = one->actor.names_agent();
    auto question = ResolveQuestion(TheSchema(), *one);
    if (question.ok()) {
      RequireForm(*question);
      Require(ValidateRelationName(question->permission).ok());
      // Whoever names an agent is never answered as the subject alone.
      if (names_agent) Require(question->subject.type == "assistant" || question->subject.type == "run");
    }
  }
  if (auto batch = ReadBatch(*request); batch.ok() && *batch) {
    for (size_t i = 0; i < (*batch)->size(); ++i) {
      if (auto item = (*batch)->Item(i); item.ok()) (void)ResolveQuestion(TheSchema(), *std::move(item));
    }
  }
  (void)ReadPage(*request);
  if (auto one = ReadQuestion(*request, AuthzenSought::kSubject); one.ok()) (void)ResolveSubjects(TheSchema(), *one);
  if (auto one = ReadQuestion(*request, AuthzenSought::kResource); one.ok()) (void)ResolveResources(TheSchema(), *one);
  if (auto one = ReadQuestion(*request, AuthzenSought::kAction); one.ok()) (void)ResolveActions(TheSchema(), *one);
}

void AsName(const std::string& text) {
  if (const auto permission = PermissionOf(text)) Require(ActionOf(*permission) == text);
  if (const auto id = IdOf(text)) Require(TextOfId(*id) == text);
}

}  // namespace
}  // namespace mandate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  mandate::AsRequest(text);
  mandate::AsName(text);
  return 0;
}
