// wire.h: the messages of mandate.v1 as values, checked on the way in, and back.
//
// Errors      INVALID_ARGUMENT with the field's path, what is allowed, and a reason (MISSING_FIELD, MALFORMED_FIELD,
//             ...). What passes has the right form; whether the schema knows it is asked later.
#ifndef MANDATE_SERVICE_WIRE_H_
#define MANDATE_SERVICE_WIRE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/answer.h"
#include "check/authorize.h"
#include "check/describe_authority.h"
#include "check/expand.h"
#include "check/lookup.h"
#include "check/question.h"
#include "mandate/v1/delegation_service.pb.h"
#include "mandate/v1/permission_service.pb.h"
#include "mandate/v1/relationship_service.pb.h"
#include "schema/relationship.h"
#include "service/delegation_calls.h"
#include "service/field_path.h"
#include "storage/tuple_store.h"

namespace mandate {

absl::StatusOr<ObjectRef> FromWire(const v1::ObjectReference& wire, const FieldPath& path);
absl::StatusOr<SubjectRef> FromWire(const v1::SubjectReference& wire, const FieldPath& path, Wildcard wildcard);
absl::StatusOr<Relationship> FromWire(const v1::Relationship& wire, const FieldPath& path);
absl::StatusOr<TupleFilter> FromWire(const v1::RelationshipFilter& wire, const FieldPath& path);
absl::StatusOr<TupleChange> FromWire(const v1::RelationshipUpdate& wire, const FieldPath& path);
absl::StatusOr<Precondition> FromWire(const v1::Precondition& wire, const FieldPath& path);
absl::StatusOr<CheckQuestion> FromWire(const v1::CheckItem& wire, const FieldPath& path);
absl::StatusOr<ExpandQuestion> FromWire(const v1::ExpandRequest& wire);
absl::StatusOr<ResourcesQuestion> FromWire(const v1::LookupResourcesRequest& wire);  // All but the cursor.
absl::StatusOr<SubjectsQuestion> FromWire(const v1::LookupSubjectsRequest& wire);

void ToWire(const ObjectRef& value, v1::ObjectReference* wire);
void ToWire(const SubjectRef& value, v1::SubjectReference* wire);
void ToWire(const Relationship& value, v1::Relationship* wire);
void ToWire(const TupleFilter& value, v1::RelationshipFilter* wire);
void ToWire(const CheckQuestion& value, v1::CheckItem* wire);
void ToWire(const Answer& value, v1::CheckResult* wire);
void ToWire(const ExpandQuestion& value, v1::ExpandRequest* wire);
void ToWire(const ResourcesQuestion& value, v1::LookupResourcesRequest* wire);
void ToWire(const SubjectsQuestion& value, v1::LookupSubjectsRequest* wire);
void ToWire(const std::vector<ExpandNode>& value, v1::ExpandResponse* wire);
void ToWire(const Authority& value, v1::DescribeAuthorityResponse* wire);
void ToWire(const DelegateCall& value, v1::DelegateRequest* wire);
void ToWire(const OpenSessionCall& value, v1::OpenSessionRequest* wire);
void ToWire(const ApproveCall& value, v1::ApproveRequest* wire);
void ToWire(const RevokeCall& value, v1::RevokeRequest* wire);
void ToWire(const AuthorizeCall& value, v1::AuthorizeRequest* wire);
// Session, claims and key are those of the first. REQUIRES: there is one.
void ToWire(const std::vector<AuthorizeCall>& value, v1::AuthorizeBatchRequest* wire);
void ToWire(const Found& value, v1::FoundResource* wire);
void ToWire(const Found& value, v1::FoundSubject* wire);

// Enumerations go over by name, so that neither side depends on the other's numbers.
v1::Decision DecisionToWire(Decision decision);
Decision DecisionFromWire(v1::Decision decision);
v1::DenialReason ReasonToWire(DenialReason reason);
DenialReason ReasonFromWire(v1::DenialReason reason);

// From a server, so already checked.
Answer AnswerFromWire(const v1::CheckResult& wire);
std::vector<ExpandNode> NodesFromWire(const v1::ExpandResponse& wire);
Found FoundFromWire(const v1::FoundResource& wire);
Found FoundFromWire(const v1::FoundSubject& wire);
absl::StatusOr<Authority> AuthorityFromWire(const v1::DescribeAuthorityResponse& wire);

// Contexts of caveats. An empty Struct and empty text mean no context.
absl::StatusOr<std::string> ContextFromWire(const google::protobuf::Struct& wire, const FieldPath& path);
// REQUIRES: `json` is empty or what CompactContext made.
void ContextToWire(const std::string& json, google::protobuf::Struct* wire);

// Whom an action reaches, and the digest of its parameters.
absl::Status AudienceFromWire(const google::protobuf::RepeatedPtrField<v1::SubjectReference>& wire,
                              const FieldPath& path, std::vector<SubjectRef>* audience);
// 1 to 256 bytes of printable ASCII without blanks; or empty.
absl::Status ValidateOpaque(const std::string& text, const FieldPath& path);

absl::Time FromWire(const google::protobuf::Timestamp& wire);
// The same, as a moment that may be stored.
absl::StatusOr<absl::Time> TimeFromWire(const google::protobuf::Timestamp& wire, const FieldPath& path);
void ToWire(absl::Time value, google::protobuf::Timestamp* wire);

}  // namespace mandate

#endif  // MANDATE_SERVICE_WIRE_H_
