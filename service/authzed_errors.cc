#include "service/authzed_errors.h"

#include <optional>

#include "absl/strings/str_split.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"

namespace mandate {
namespace {

using Metadata = std::map<std::string, std::string>;

struct Row {
  std::string_view ours;
  absl::StatusCode code;
  az::ErrorReason theirs;
};

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kFailed = absl::StatusCode::kFailedPrecondition;

constexpr Row kRows[] = {
    {"UNKNOWN_DEFINITION", kFailed, az::ERROR_REASON_UNKNOWN_DEFINITION},
    {"NO_SCHEMA", kFailed, az::ERROR_REASON_UNKNOWN_DEFINITION},
    {"UNKNOWN_PERMISSION", kFailed, az::ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION},
    {"UNKNOWN_RELATION", kFailed, az::ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION},
    {"UNKNOWN_CAVEAT", kFailed, az::ERROR_REASON_UNKNOWN_CAVEAT},
    {"NOT_A_RELATION", kInvalid, az::ERROR_REASON_CANNOT_UPDATE_PERMISSION},
    {"SUBJECT_TYPE_NOT_ALLOWED", kInvalid, az::ERROR_REASON_INVALID_SUBJECT_TYPE},
    {"EXPIRATION_REQUIRED", kInvalid, az::ERROR_REASON_INVALID_SUBJECT_TYPE},
    {"EXPIRATION_NOT_ALLOWED", kInvalid, az::ERROR_REASON_INVALID_SUBJECT_TYPE},
    {"CAVEAT_REQUIRED", kInvalid, az::ERROR_REASON_INVALID_SUBJECT_TYPE},
    {"CAVEAT_NOT_ALLOWED", kInvalid, az::ERROR_REASON_INVALID_SUBJECT_TYPE},
    {"CAVEAT_CONTEXT_INVALID", kInvalid, az::ERROR_REASON_CAVEAT_PARAMETER_TYPE_ERROR},
    {"CAVEAT_PARAMETER_TYPE_ERROR", kInvalid, az::ERROR_REASON_CAVEAT_PARAMETER_TYPE_ERROR},
    {"CAVEAT_EVALUATION_ERROR", kInvalid, az::ERROR_REASON_CAVEAT_EVALUATION_ERROR},
    {"DUPLICATE_UPDATE", kInvalid, az::ERROR_REASON_UPDATES_ON_SAME_RELATIONSHIP},
    {"ALREADY_EXISTS", absl::StatusCode::kAlreadyExists, az::ERROR_REASON_ATTEMPT_TO_RECREATE_RELATIONSHIP},
    {"PRECONDITION_FAILED", kFailed, az::ERROR_REASON_WRITE_OR_DELETE_PRECONDITION_FAILURE},
    {"TOO_MANY_MATCH", kInvalid, az::ERROR_REASON_TOO_MANY_RELATIONSHIPS_FOR_TRANSACTIONAL_DELETE},
    {"EMPTY_FILTER", kInvalid, az::ERROR_REASON_INVALID_FILTER},
    {"FILTER_CONTRADICTS", kInvalid, az::ERROR_REASON_INVALID_FILTER},
    {"CURSOR_MALFORMED", kInvalid, az::ERROR_REASON_INVALID_CURSOR},
    {"WILDCARD_NOT_ALLOWED", kInvalid, az::ERROR_REASON_WILDCARD_NOT_ALLOWED},
    {"ORPHANS_RELATIONSHIPS", kInvalid, az::ERROR_REASON_SCHEMA_TYPE_ERROR},
    {"CHANGES_KIND", kInvalid, az::ERROR_REASON_SCHEMA_TYPE_ERROR},
    {"SCHEMA_CHANGED", absl::StatusCode::kAborted, az::ERROR_REASON_SERIALIZATION_FAILURE},
};

const Row* RowOf(std::string_view reason) {
  for (const Row& row : kRows) {
    if (row.ours == reason) return &row;
  }
  return nullptr;
}

bool IsOfSubject(std::string_view field) { return field.find("subject") != field.npos; }

// `resource.type` is their `resource.object_type`, `subject.relation` their `subject.optional_relation`.
std::string InTheirWords(std::string_view field) {
  static const auto* const kNames =
      new std::map<std::string_view, std::string_view>{{"caveat", "optional_caveat"},
                                                       {"caveat_context", "optional_caveat.context"},
                                                       {"expires_at", "optional_expires_at"}};
  // Of the lookups.
  if (field == "resource_type") return "resource_object_type";
  if (field == "subject_type") return "subject_object_type";
  if (field == "subject_relation") return "optional_subject_relation";
  std::vector<std::string> parts = absl::StrSplit(AbslView(field), '.');
  std::string path;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool of_subject = i > 0 && parts[i - 1] == "subject";
    std::string part = parts[i];
    if (part == "type" || part == "id") part = Cat(of_subject ? "object." : "", "object_", part);
    if (part == "relation" && of_subject) part = "optional_relation";
    if (const auto found = kNames->find(part); found != kNames->end()) part = found->second;
    path += Cat(i == 0 ? "" : ".", part);
  }
  return path;
}

std::string SubjectForm(const SubjectRef& subject) {
  return Cat(subject.type, subject.IsWildcard() ? ":*" : "",
             subject.relation.empty() ? "" : Cat("#", subject.relation));
}

// What stands in the metadata besides the details that the error carries.
Metadata MetadataOf(az::ErrorReason reason, std::string_view field, const Relationship& named) {
  const std::string& type = IsOfSubject(field) ? named.subject.type : named.resource.type;
  switch (reason) {
    case az::ERROR_REASON_UNKNOWN_DEFINITION: return {{"definition_name", type}};
    case az::ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION:
      return {{"definition_name", type},
              {"relation_or_permission_name", IsOfSubject(field) ? named.subject.relation : named.relation}};
    case az::ERROR_REASON_UNKNOWN_CAVEAT: return {{"caveat_name", named.caveat}};
    case az::ERROR_REASON_CANNOT_UPDATE_PERMISSION:
      return {{"definition_name", named.resource.type}, {"permission_name", named.relation}};
    case az::ERROR_REASON_INVALID_SUBJECT_TYPE:
      return {{"definition_name", named.resource.type},
              {"relation_name", named.relation},
              {"subject_type", SubjectForm(named.subject)}};
    case az::ERROR_REASON_UPDATES_ON_SAME_RELATIONSHIP:
      return {{"definition_name", named.resource.type}, {"relationship", ToText(named)}};
    case az::ERROR_REASON_ATTEMPT_TO_RECREATE_RELATIONSHIP:
      return {{"relationship", ToText(named)},
              {"resource_type", named.resource.type},
              {"resource_object_id", named.resource.id},
              {"resource_relation", named.relation},
              {"subject_type", named.subject.type},
              {"subject_object_id", named.subject.id},
              {"subject_relation", named.subject.relation}};
    case az::ERROR_REASON_WILDCARD_NOT_ALLOWED:
      return {{"field", IsOfSubject(field) ? "subject.object_id" : "resource.object_id"}};
    default: return {};
  }
}

}  // namespace

absl::Status AuthzedError(absl::StatusCode code, az::ErrorReason reason, std::string_view message,
                          const Metadata& metadata) {
  absl::Status status = WithReason(absl::Status(code, AbslView(message)), az::ErrorReason_Name(reason));
  for (const auto& [key, value] : metadata) status = WithDetail(std::move(status), key, value);
  return status;
}

absl::Status AsAuthzed(const absl::Status& status, const Relationship& named) {
  if (status.ok()) return status;
  const std::string field = FieldOf(status);
  absl::Status said = status;
  if (const Row* row = RowOf(ReasonOf(status))) {
    Metadata metadata = MetadataOf(row->theirs, field, named);
    for (const auto& [key, value] : DetailsOf(status)) metadata[key] = value;
    said = AuthzedError(row->code, row->theirs, StdView(status.message()), metadata);
  } else if (absl::IsAborted(status) && ReasonOf(status).empty()) {
    said = AuthzedError(status.code(), az::ERROR_REASON_SERIALIZATION_FAILURE, StdView(status.message()));
  }
  return field.empty() ? said : WithField(std::move(said), InTheirWords(field));
}

grpc::Status ToAuthzed(const absl::Status& status, const Relationship& named) {
  return ToGrpc(AsAuthzed(status, named));
}

absl::Status AdmitLimit(uint64_t limit, uint64_t allowed) {
  if (limit <= allowed) return absl::OkStatus();
  return WithField(AuthzedError(kInvalid, az::ERROR_REASON_EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT,
                                Cat("a limit is at most ", allowed, ", this one ", limit),
                                {{"limit_provided", Cat(limit)}, {"maximum_limit_allowed", Cat(allowed)}}),
                   "optional_limit");
}

}  // namespace mandate
