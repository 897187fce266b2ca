// What authzed_wire.h says of filters, revisions and listings.
#include "absl/strings/numbers.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/authzed_errors.h"
#include "service/authzed_wire.h"
#include "service/cursor.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire_form.h"

namespace mandate {

Relationship NamesIn(const TupleFilter& filter) {
  return {.resource = {filter.resource_type, filter.resource_id},
          .relation = filter.relation,
          .subject = {filter.subject_type, filter.subject_id, filter.subject_relation.value_or("")}};
}

absl::Status AdmitFilter(const Schema& schema, const TupleFilter& filter, const FieldPath& path) {
  const auto known = [&](const std::string& type, const std::string& member, const char* type_field,
                         const char* member_field) {
    if (type.empty()) return absl::OkStatus();
    auto found = ResolveType(schema, type, Sub(path, type_field).ToString());
    if (!found.ok()) return found.status();
    if (member.empty() || schema.FindMember(*found, member)) return absl::OkStatus();
    return Invalid(Cat("relation or permission `", member, "` is not defined on `", type, "`"), "UNKNOWN_RELATION",
                   Sub(path, member_field));
  };
  absl::Status status = known(filter.resource_type, filter.relation, "resource_type", "optional_relation");
  if (!status.ok()) return AsAuthzed(status, NamesIn(filter));
  status = known(filter.subject_type, filter.subject_relation.value_or(""), "optional_subject_filter.subject_type",
                 "optional_subject_filter.optional_relation");
  if (!status.ok()) return AsAuthzed(status, NamesIn(filter));
  if (filter.resource_type.empty() || filter.relation.empty()) return absl::OkStatus();
  const Member& member = schema.member(*schema.FindMember(*schema.FindType(filter.resource_type), filter.relation));
  if (!member.is_permission) return absl::OkStatus();
  return WithField(AuthzedError(absl::StatusCode::kFailedPrecondition, az::ERROR_REASON_SCHEMA_TYPE_ERROR,
                                Cat("`", filter.relation, "` of `", filter.resource_type,
                                    "` is a permission; a filter names a relation"),
                                {{"definition_name", filter.resource_type}, {"relation_name", filter.relation}}),
                   Sub(path, "optional_relation"));
}

absl::StatusOr<std::shared_ptr<const Snapshot>> ResolveAuthzed(const Database& database, bool given,
                                                               const az::Consistency& consistency) {
  v1::Consistency ours;
  const auto unset = [] {
    return Invalid(
        "a consistency says which: `minimize_latency` or `fully_consistent` (true), `at_least_as_fresh`, "
        "`at_exact_snapshot`; or leave it out",
        "MISSING_FIELD", "consistency");
  };
  switch (consistency.requirement_case()) {
    case az::Consistency::kMinimizeLatency:
      if (!consistency.minimize_latency()) return unset();
      break;
    case az::Consistency::kFullyConsistent:
      if (!consistency.fully_consistent()) return unset();
      ours.set_fully_consistent(true);
      break;
    case az::Consistency::kAtLeastAsFresh:
      ours.mutable_at_least_as_fresh()->set_token(consistency.at_least_as_fresh().token());
      break;
    case az::Consistency::kAtExactSnapshot:
      ours.mutable_at_exact_snapshot()->set_token(consistency.at_exact_snapshot().token());
      break;
    case az::Consistency::REQUIREMENT_NOT_SET:
      if (given) return unset();
      break;
  }
  return Resolve(database, ours);
}

absl::StatusOr<View> AuthzedView(const Database& database, bool given, const az::Consistency& consistency) {
  auto snapshot = ResolveAuthzed(database, given, consistency);
  if (!snapshot.ok()) return snapshot.status();
  return database.ViewOf(*std::move(snapshot));
}

std::string ListingPlace::EncodeBehind(const std::string& position) const {
  return EncodeCursor(fingerprint, Cat(snapshot->revision().value(), " ", position));
}

absl::StatusOr<ListingPlace> PlaceOf(const Database& database, bool has_consistency, const az::Consistency& consistency,
                                     const az::Cursor* cursor, const google::protobuf::Message& listing) {
  const std::string& id = database.store().database_id();
  // Calls of one form are told apart by their name, and revisions mean something in one database alone.
  ListingPlace place{.fingerprint = Cat(listing.GetTypeName(), "\n", id, "\n", FingerprintOf(listing))};
  absl::StatusOr<std::shared_ptr<const Snapshot>> snapshot;
  if (cursor == nullptr) {
    snapshot = ResolveAuthzed(database, has_consistency, consistency);
  } else {
    if (cursor->token().empty()) return Missing("optional_cursor.token");
    auto position = DecodeCursor(place.fingerprint, cursor->token());
    if (!position.ok()) return WithField(position.status(), "optional_cursor");
    uint64_t revision = 0;
    const size_t blank = position->find(' ');
    if (blank == position->npos || !absl::SimpleAtoi(AbslView(position->substr(0, blank)), &revision)) {
      return absl::InternalError("a cursor of ours holds no revision");
    }
    place.after = position->substr(blank + 1);
    snapshot = database.store().At(Revision(revision));
  }
  if (!snapshot.ok()) return snapshot.status();
  place.snapshot = *std::move(snapshot);
  place.token = EncodeToken(id, place.snapshot->revision());
  return place;
}

}  // namespace mandate
