#include "service/http/authzen_request.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "schema/text.h"
#include "service/wire.h"
#include "service/wire_form.h"
#include "storage/ledger.h"

namespace mandate {
namespace {

constexpr size_t kItemsMax = 10'000;    // As many as a batch of mandate.v1.
constexpr size_t kAudienceMax = 1'000;  // As service/wire_question.cc.
constexpr size_t kPageDefault = 1'000;  // Some 50 KiB.
constexpr size_t kPageMax = 10'000;

absl::Status RequiredText(const Json& object, const FieldPath& path, const char* name, std::string* out) {
  const auto field = object.find(name);
  if (field == object.end()) return Missing(Sub(path, name));
  if (!field->is_string()) return Malformed("is not text", Sub(path, name));
  *out = field->get<std::string>();
  return out->empty() ? Malformed("is empty", Sub(path, name)) : absl::OkStatus();
}

// A field that holds an object and may be absent.
absl::Status OptionalObject(const Json& object, const FieldPath& path, const char* name, Json* out) {
  const auto field = object.find(name);
  if (field == object.end()) return absl::OkStatus();
  if (!field->is_object()) return Malformed("is not an object", Sub(path, name));
  *out = *field;
  return absl::OkStatus();
}

enum class Id { kRequired, kIgnored };

absl::Status ReadEntity(const Json& request, const char* name, Id id, AuthzenEntity* out) {
  const auto field = request.find(name);
  if (field == request.end()) return Missing(name);
  if (!field->is_object()) return Malformed("is not an object", name);
  absl::Status status = RequiredText(*field, name, "type", &out->type);
  if (status.ok() && id == Id::kRequired) status = RequiredText(*field, name, "id", &out->id);
  if (status.ok()) status = OptionalObject(*field, name, "properties", &out->properties);
  return status;
}

absl::Status ReadAction(const Json& request, AuthzenAction* out) {
  const auto field = request.find("action");
  if (field == request.end()) return Missing("action");
  if (!field->is_object()) return Malformed("is not an object", "action");
  absl::Status status = RequiredText(*field, "action", "name", &out->name);
  if (status.ok()) status = OptionalObject(*field, "action", "properties", &out->properties);
  return status;
}

absl::Status ReadAudience(const Json& context, std::vector<AuthzenName>* audience) {
  const auto field = context.find("audience");
  if (field == context.end()) return absl::OkStatus();
  const std::string path = "context.audience";
  if (!field->is_array()) {
    auto name = ReadName(*field, path);
    if (!name.ok()) return name.status();
    audience->push_back(*std::move(name));
    return absl::OkStatus();
  }
  if (field->size() > kAudienceMax) {
    return Invalid(Cat("an audience has at most ", kAudienceMax, " members"), "TOO_MANY", path);
  }
  for (size_t i = 0; i < field->size(); ++i) {
    auto name = ReadName((*field)[i], Cat(path, "[", i, "]"));
    if (!name.ok()) return name.status();
    audience->push_back(*std::move(name));
  }
  return absl::OkStatus();
}

absl::Status ReadDigest(const Json& context, std::string* digest) {
  const auto given = context.find("parameter_digest");
  if (given != context.end()) {
    if (!given->is_string()) return Malformed("is not text", "context.parameter_digest");
    *digest = given->get<std::string>();
    return ValidateOpaque(*digest, "context.parameter_digest");
  }
  const auto parameters = context.find("parameters");
  if (parameters != context.end()) *digest = DigestOfParameters(*parameters);
  return absl::OkStatus();
}

// What is ours alone.
absl::Status ReadOwn(const Json& context, AuthzenQuestion* question) {
  Json own = Json::object();
  if (absl::Status status = OptionalObject(context, "context", "mandate", &own); !status.ok()) return status;
  if (const auto record = own.find("record"); record != own.end()) {
    if (!record->is_boolean()) return Malformed("is neither true nor false", "context.mandate.record");
    question->record = record->get<bool>();
  }
  const auto key = own.find("idempotency_key");
  if (key == own.end()) return absl::OkStatus();
  if (!key->is_string()) return Malformed("is not text", "context.mandate.idempotency_key");
  if (!question->record) return Malformed("is for what is recorded alone", "context.mandate.idempotency_key");
  question->idempotency_key = key->get<std::string>();
  return ValidateOpaque(question->idempotency_key, "context.mandate.idempotency_key");
}

}  // namespace

std::string DigestOfParameters(const Json& parameters) {
  return absl::BytesToHexString(AbslView(Sha256(JsonText(parameters))));
}

absl::StatusOr<AuthzenQuestion> ReadQuestion(const Json& request, AuthzenSought sought) {
  AuthzenQuestion question;
  const auto id_of = [sought](AuthzenSought one) { return sought == one ? Id::kIgnored : Id::kRequired; };
  absl::Status status = ReadEntity(request, "subject", id_of(AuthzenSought::kSubject), &question.subject);
  if (status.ok() && sought != AuthzenSought::kAction) status = ReadAction(request, &question.action);
  if (status.ok()) status = ReadEntity(request, "resource", id_of(AuthzenSought::kResource), &question.resource);
  if (status.ok()) status = OptionalObject(request, "", "context", &question.context);
  if (!status.ok()) return status;
  auto actor = ReadActor(question.subject.properties, question.context);
  if (!actor.ok()) return actor.status();
  question.actor = *std::move(actor);
  status = ReadOwn(question.context, &question);
  if (!status.ok()) return status;
  if (question.record && sought != AuthzenSought::kNothing) {
    return Malformed("is not for a search, which does nothing", "context.mandate.record");
  }
  return question;
}

absl::Status ReadReach(AuthzenQuestion* question) {
  if (absl::Status status = ReadAudience(question->context, &question->audience); !status.ok()) return status;
  return ReadDigest(question->context, &question->parameter_digest);
}

absl::StatusOr<std::optional<AuthzenBatch>> ReadBatch(const Json& request) {
  const auto evaluations = request.find("evaluations");
  if (evaluations != request.end() && !evaluations->is_array()) return Malformed("is not a list", "evaluations");
  Json options = Json::object();
  if (absl::Status status = OptionalObject(request, "", "options", &options); !status.ok()) return status;
  AuthzenBatch batch;
  if (const auto semantic = options.find("evaluations_semantic"); semantic != options.end()) {
    const std::string path = "options.evaluations_semantic";
    if (*semantic == "deny_on_first_deny") {
      batch.semantic = AuthzenSemantic::kDenyOnFirstDeny;
    } else if (*semantic == "permit_on_first_permit") {
      batch.semantic = AuthzenSemantic::kPermitOnFirstPermit;
    } else if (*semantic != "execute_all") {
      return Malformed("is none of `execute_all`, `deny_on_first_deny`, `permit_on_first_permit`", path);
    }
  }
  if (evaluations == request.end() || evaluations->empty()) return std::optional<AuthzenBatch>();
  if (evaluations->size() > kItemsMax) {
    return Invalid(Cat("at most ", kItemsMax, " evaluations, these are ", evaluations->size(), "; split them"),
                   "TOO_MANY", "evaluations");
  }
  constexpr const char* kDefaults[] = {"subject", "action", "resource", "context"};
  for (const char* name : kDefaults) {
    const auto field = request.find(name);
    if (field != request.end() && !field->is_object()) return Malformed("is not an object", name);
  }
  for (size_t i = 0; i < evaluations->size(); ++i) {
    const std::string path = Cat("evaluations[", i, "]");
    const Json& item = (*evaluations)[i];
    if (!item.is_object()) {
      batch.items.emplace_back(Malformed("is not an object", path));
      continue;
    }
    // What the item gives replaces the default as a whole.
    Json whole = Json::object();
    for (const char* name : kDefaults) {
      const auto own = item.find(name);
      const auto common = request.find(name);
      if (own != item.end()) {
        whole[name] = *own;
      } else if (common != request.end()) {
        whole[name] = *common;
      }
    }
    auto question = ReadQuestion(whole, AuthzenSought::kNothing);
    if (!question.ok()) question = WithField(question.status(), Cat(path, ".", FieldOf(question.status())));
    batch.items.push_back(std::move(question));
  }
  return std::optional<AuthzenBatch>(std::move(batch));
}

absl::StatusOr<AuthzenPage> ReadPage(const Json& request) {
  Json json = Json::object();
  if (absl::Status status = OptionalObject(request, "", "page", &json); !status.ok()) return status;
  AuthzenPage page{.limit = kPageDefault};
  if (const auto token = json.find("token"); token != json.end()) {
    if (!token->is_string()) return Malformed("is not text", "page.token");
    page.token = token->get<std::string>();
  }
  if (const auto limit = json.find("limit"); limit != json.end()) {
    if (!limit->is_number_integer() || *limit < 1) return Malformed("is not a whole number of 1 or more", "page.limit");
    page.limit = std::min<uint64_t>(limit->get<uint64_t>(), kPageMax);
  }
  Json ignored;
  if (absl::Status status = OptionalObject(json, "page", "properties", &ignored); !status.ok()) return status;
  return page;
}

}  // namespace mandate
