// authzed_wire.h: the messages of authzed.api.v1 as values, checked on the way in, and back; as wire.h is for
// mandate.v1.
//
// Errors      As in wire.h, with paths in the words of those messages; the server passes them through ToAuthzed.
#ifndef MANDATE_SERVICE_AUTHZED_WIRE_H_
#define MANDATE_SERVICE_AUTHZED_WIRE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "authzed/api/v1/permission_service.pb.h"
#include "check/checker.h"
#include "check/expand.h"
#include "check/lookup.h"
#include "service/database/database.h"
#include "service/field_path.h"
#include "storage/tuple_store.h"

namespace mandate {

namespace az = ::authzed::api::v1;

absl::StatusOr<ObjectRef> FromWire(const az::ObjectReference& wire, const FieldPath& path);
absl::StatusOr<SubjectRef> FromWire(const az::SubjectReference& wire, const FieldPath& path);
absl::StatusOr<Relationship> FromWire(const az::Relationship& wire, const FieldPath& path);
absl::StatusOr<TupleFilter> FromWire(const az::RelationshipFilter& wire, const FieldPath& path);
absl::StatusOr<TupleChange> FromWire(const az::RelationshipUpdate& wire, const FieldPath& path);
absl::StatusOr<Precondition> FromWire(const az::Precondition& wire, const FieldPath& path);
// CheckPermissionRequest, CheckBulkPermissionsRequestItem.
template <typename Wire>
absl::StatusOr<CheckQuestion> QuestionFromWire(const Wire& wire, const FieldPath& path);
absl::StatusOr<ExpandQuestion> FromWire(const az::ExpandPermissionTreeRequest& wire);
absl::StatusOr<ResourcesQuestion> FromWire(const az::LookupResourcesRequest& wire);  // All but the cursor.
absl::StatusOr<SubjectsQuestion> FromWire(const az::LookupSubjectsRequest& wire);

void ToWire(const ObjectRef& value, az::ObjectReference* wire);
void ToWire(const SubjectRef& value, az::SubjectReference* wire);
void ToWire(const Relationship& value, az::Relationship* wire);

// The names of a filter, for authzed_errors.h.
Relationship NamesIn(const TupleFilter& filter);

// FAILED_PRECONDITION if the schema knows no such type or relation, or the relation is a permission, in those places
// where others refuse a filter rather than match nothing.
absl::Status AdmitFilter(const Schema& schema, const TupleFilter& filter, const FieldPath& path);

// The snapshot that is asked for. Unlike for mandate.v1, a consistency without a choice is an error.
absl::StatusOr<std::shared_ptr<const Snapshot>> ResolveAuthzed(const Database& database, bool given,
                                                               const az::Consistency& consistency);

absl::StatusOr<View> AuthzedView(const Database& database, bool given, const az::Consistency& consistency);

// What a listing goes on from. The cursor of a first page pins the revision of those that follow.
struct ListingPlace {
  std::shared_ptr<const Snapshot> snapshot;
  std::string after;  // The position that EncodeBehind was given; empty: from the beginning.
  std::string fingerprint;
  std::string token;  // Of the snapshot.
  std::string EncodeBehind(const std::string& position) const;
};

// `listing` is the request without consistency, limit and cursor; the limit may differ from page to page.
absl::StatusOr<ListingPlace> PlaceOf(const Database& database, bool has_consistency, const az::Consistency& consistency,
                                     const az::Cursor* cursor, const google::protobuf::Message& listing);
template <typename Request>
absl::StatusOr<ListingPlace> PlaceOf(const Database& database, const Request& request, Request listing) {
  listing.clear_consistency();
  listing.clear_optional_cursor();
  return PlaceOf(database, request.has_consistency(), request.consistency(),
                 request.has_optional_cursor() ? &request.optional_cursor() : nullptr, listing);
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_AUTHZED_WIRE_H_
