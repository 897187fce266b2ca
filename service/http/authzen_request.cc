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

// The field of an object; null: it is absent.
const Json* Find(const Json& object, const char* name) {
  const auto field = object.find(name);
  return field == object.end() ? nullptr : &*field;
}

// Where the fields of a question stand: what an item of a batch gives replaces the default as a whole.
struct Fields {
  const Json& own;
  const Json& defaults;
  const Json* Get(const char* name) const {
    const Json* const field = Find(own, name);
    return field != nullptr ? field : Find(defaults, name);
  }
};

absl::Status RequiredText(const Json& object, const FieldPath& path, const char* name, std::string* out) {
  const Json* const field = Find(object, name);
  if (field == nullptr) return Missing(Sub(path, name));
  if (!field->is_string()) return Malformed("is not text", Sub(path, name));
  *out = field->get<std::string>();
  return out->empty() ? Malformed("is empty", Sub(path, name)) : absl::OkStatus();
}

// A field, at `path`, that holds an object and may be absent.
absl::Status OptionalObject(const Json* field, const FieldPath& path, const Json** out) {
  if (field == nullptr) return absl::OkStatus();
  if (!field->is_object()) return Malformed("is not an object", path);
  *out = field;
  return absl::OkStatus();
}

enum class Id { kRequired, kIgnored };

absl::Status ReadEntity(const Fields& fields, const char* name, Id id, AuthzenEntity* out) {
  const Json* const field = fields.Get(name);
  if (field == nullptr) return Missing(name);
  if (!field->is_object()) return Malformed("is not an object", name);
  const FieldPath path = name;
  absl::Status status = RequiredText(*field, path, "type", &out->type);
  if (status.ok() && id == Id::kRequired) status = RequiredText(*field, path, "id", &out->id);
  if (status.ok()) status = OptionalObject(Find(*field, "properties"), Sub(path, "properties"), &out->properties);
  return status;
}

absl::Status ReadAction(const Fields& fields, AuthzenAction* out) {
  const Json* const field = fields.Get("action");
  if (field == nullptr) return Missing("action");
  if (!field->is_object()) return Malformed("is not an object", "action");
  absl::Status status = RequiredText(*field, "action", "name", &out->name);
  if (status.ok()) status = OptionalObject(Find(*field, "properties"), "action.properties", &out->properties);
  return status;
}

absl::Status ReadAudience(const Json& context, std::vector<AuthzenName>* audience) {
  const Json* const field = Find(context, "audience");
  if (field == nullptr) return absl::OkStatus();
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
  if (const Json* const given = Find(context, "parameter_digest"); given != nullptr) {
    if (!given->is_string()) return Malformed("is not text", "context.parameter_digest");
    *digest = given->get<std::string>();
    return ValidateOpaque(*digest, "context.parameter_digest");
  }
  const Json* const parameters = Find(context, "parameters");
  if (parameters != nullptr) *digest = DigestOfParameters(*parameters);
  return absl::OkStatus();
}

// What is ours alone.
absl::Status ReadOwn(const Json& context, AuthzenQuestion* question) {
  const Json* own = &NoFields();
  absl::Status status = OptionalObject(Find(context, "mandate"), "context.mandate", &own);
  if (!status.ok()) return status;
  if (const Json* const record = Find(*own, "record"); record != nullptr) {
    if (!record->is_boolean()) return Malformed("is neither true nor false", "context.mandate.record");
    question->record = record->get<bool>();
  }
  const Json* const key = Find(*own, "idempotency_key");
  if (key == nullptr) return absl::OkStatus();
  if (!key->is_string()) return Malformed("is not text", "context.mandate.idempotency_key");
  if (!question->record) return Malformed("is for what is recorded alone", "context.mandate.idempotency_key");
  question->idempotency_key = key->get<std::string>();
  return ValidateOpaque(question->idempotency_key, "context.mandate.idempotency_key");
}

absl::StatusOr<AuthzenQuestion> ReadFields(const Fields& fields, AuthzenSought sought) {
  AuthzenQuestion question;
  const auto id_of = [sought](AuthzenSought one) { return sought == one ? Id::kIgnored : Id::kRequired; };
  absl::Status status = ReadEntity(fields, "subject", id_of(AuthzenSought::kSubject), &question.subject);
  if (status.ok() && sought != AuthzenSought::kAction) status = ReadAction(fields, &question.action);
  if (status.ok()) status = ReadEntity(fields, "resource", id_of(AuthzenSought::kResource), &question.resource);
  if (status.ok()) status = OptionalObject(fields.Get("context"), "context", &question.context);
  if (!status.ok()) return status;
  auto actor = ReadActor(*question.subject.properties, *question.context);
  if (!actor.ok()) return actor.status();
  question.actor = *std::move(actor);
  status = ReadOwn(*question.context, &question);
  if (!status.ok()) return status;
  if (question.record && sought != AuthzenSought::kNothing) {
    return Malformed("is not for a search, which does nothing", "context.mandate.record");
  }
  return question;
}

}  // namespace

const Json& NoFields() {
  static const Json& empty = *new Json(Json::object());
  return empty;
}

std::string DigestOfParameters(const Json& parameters) {
  return absl::BytesToHexString(AbslView(Sha256(JsonText(parameters))));
}

absl::StatusOr<AuthzenQuestion> ReadQuestion(const Json& request, AuthzenSought sought) {
  return ReadFields({request, NoFields()}, sought);
}

absl::Status ReadReach(AuthzenQuestion* question) {
  if (absl::Status status = ReadAudience(*question->context, &question->audience); !status.ok()) return status;
  return ReadDigest(*question->context, &question->parameter_digest);
}

absl::StatusOr<std::optional<AuthzenBatch>> ReadBatch(const Json& request) {
  const Json* const evaluations = Find(request, "evaluations");
  if (evaluations != nullptr && !evaluations->is_array()) return Malformed("is not a list", "evaluations");
  const Json* options = &NoFields();
  absl::Status status = OptionalObject(Find(request, "options"), "options", &options);
  if (!status.ok()) return status;
  AuthzenBatch batch{.defaults = &request};
  if (const Json* const semantic = Find(*options, "evaluations_semantic"); semantic != nullptr) {
    const std::string path = "options.evaluations_semantic";
    if (*semantic == "deny_on_first_deny") {
      batch.semantic = AuthzenSemantic::kDenyOnFirstDeny;
    } else if (*semantic == "permit_on_first_permit") {
      batch.semantic = AuthzenSemantic::kPermitOnFirstPermit;
    } else if (*semantic != "execute_all") {
      return Malformed("is none of `execute_all`, `deny_on_first_deny`, `permit_on_first_permit`", path);
    }
  }
  if (evaluations == nullptr || evaluations->empty()) return std::optional<AuthzenBatch>();
  if (evaluations->size() > kItemsMax) {
    return Invalid(Cat("at most ", kItemsMax, " evaluations, these are ", evaluations->size(), "; split them"),
                   "TOO_MANY", "evaluations");
  }
  for (const char* name : {"subject", "action", "resource", "context"}) {
    const Json* const field = Find(request, name);
    if (field != nullptr && !field->is_object()) return Malformed("is not an object", name);
  }
  batch.items = evaluations;
  return std::optional<AuthzenBatch>(batch);
}

absl::StatusOr<AuthzenQuestion> AuthzenBatch::Item(size_t i) const {
  const std::string path = Cat("evaluations[", i, "]");
  const Json& item = (*items)[i];
  if (!item.is_object()) return Malformed("is not an object", path);
  auto question = ReadFields({item, *defaults}, AuthzenSought::kNothing);
  if (!question.ok()) question = WithField(question.status(), Cat(path, ".", FieldOf(question.status())));
  return question;
}

absl::StatusOr<AuthzenPage> ReadPage(const Json& request) {
  const Json* fields = &NoFields();
  if (absl::Status status = OptionalObject(Find(request, "page"), "page", &fields); !status.ok()) return status;
  AuthzenPage page{.limit = kPageDefault};
  if (const Json* const token = Find(*fields, "token"); token != nullptr) {
    if (!token->is_string()) return Malformed("is not text", "page.token");
    page.token = token->get<std::string>();
  }
  if (const Json* const limit = Find(*fields, "limit"); limit != nullptr) {
    if (!limit->is_number_integer() || *limit < 1) return Malformed("is not a whole number of 1 or more", "page.limit");
    page.limit = std::min<uint64_t>(limit->get<uint64_t>(), kPageMax);
  }
  const Json* ignored = nullptr;
  absl::Status status = OptionalObject(Find(*fields, "properties"), "page.properties", &ignored);
  if (!status.ok()) return status;
  return page;
}

}  // namespace mandate
