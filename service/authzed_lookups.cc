// The lookups of authzed.api.v1: one message a result. An id whose check has no answer ends the stream in that error,
// for the messages have no place for it, and leaving it out would be a silent no.
#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/authzed_errors.h"
#include "service/authzed_services.h"
#include "service/authzed_wire.h"
#include "service/services.h"

namespace mandate {
namespace {

constexpr uint64_t kResourcesMax = 1000;

az::LookupPermissionship Permissionship(const Found& found) {
  return found.decision == Decision::kConditional ? az::LOOKUP_PERMISSIONSHIP_CONDITIONAL_PERMISSION
                                                  : az::LOOKUP_PERMISSIONSHIP_HAS_PERMISSION;
}

template <typename Wire>
void MissingToWire(const Found& found, Wire* wire) {
  for (const std::string& name : found.missing_context) {
    wire->mutable_partial_caveat_info()->add_missing_required_context(name);
  }
}

void SubjectToWire(const Found& found, az::ResolvedSubject* wire) {
  wire->set_subject_object_id(found.id);
  wire->set_permissionship(Permissionship(found));
  MissingToWire(found, wire);
}

// Subjects at one view. A wildcard comes first, and what it does not hold for is known only once everything was seen:
// so with one, the lookup runs twice.
class SubjectStream {
 public:
  SubjectStream(const Database& database, const View& view, const CheckLimits& limits, const ListingPlace& place,
                const az::LookupSubjectsRequest& request, grpc::ServerWriter<az::LookupSubjectsResponse>* writer)
      : database_(database), view_(view), limits_(limits), place_(place), request_(request), writer_(*writer) {}

  absl::Status Run(SubjectsQuestion question) {
    const bool wanted = request_.wildcard_option() != az::LookupSubjectsRequest::WILDCARD_OPTION_EXCLUDE_WILDCARDS;
    if (question.after.empty() && wanted) {
      if (absl::Status status = SendWildcard(question); !status.ok()) return status;
    }
    return Each(question, [&](const Found& found) {
      if (found.id == "*" || found.decision == Decision::kDenied) return true;
      const uint64_t limit = request_.optional_concrete_limit();
      ++sent_;
      az::LookupSubjectsResponse response;
      SubjectToWire(found, response.mutable_subject());
      return Send(found, &response) && (limit == 0 || sent_ < limit);
    });
  }

 private:
  absl::Status SendWildcard(const SubjectsQuestion& question) {
    std::optional<Found> wildcard;
    az::LookupSubjectsResponse response;
    absl::Status status = Each(question, [&](const Found& found) {
      if (!wildcard) {
        if (found.id == "*") wildcard = found;
        return wildcard.has_value();
      }
      // Conditional ones come once more by name: whoever asks about them gets the condition.
      if (found.decision == Decision::kAllowed) return true;
      SubjectToWire(found, response.add_excluded_subjects());
      response.add_excluded_subject_ids(found.id);
      return true;
    });
    if (!status.ok() || !wildcard) return status;
    SubjectToWire(*wildcard, response.mutable_subject());
    return Send(*wildcard, &response) ? absl::OkStatus() : CallerGone();
  }

  // Ends at the first that has no answer.
  absl::Status Each(const SubjectsQuestion& question, const FoundSink& sink) {
    absl::Status ended;
    const absl::Status status = database_.LookupSubjectsAt(view_, question, limits_, [&](const Found& found) {
      if (found.error.ok()) return sink(found);
      ended = found.error;
      return false;
    });
    if (!ended.ok()) return ended;
    return gone_ ? CallerGone() : status;
  }

  bool Send(const Found& found, az::LookupSubjectsResponse* response) {
    const az::ResolvedSubject& subject = response->subject();
    response->set_subject_object_id(subject.subject_object_id());
    response->set_permissionship(subject.permissionship());
    if (subject.has_partial_caveat_info()) *response->mutable_partial_caveat_info() = subject.partial_caveat_info();
    response->mutable_looked_up_at()->set_token(place_.token);
    response->mutable_after_result_cursor()->set_token(place_.EncodeBehind(found.position()));
    gone_ = !writer_.Write(*response);
    return !gone_;
  }

  const Database& database_;
  const View& view_;
  const CheckLimits limits_;
  const ListingPlace& place_;
  const az::LookupSubjectsRequest& request_;
  grpc::ServerWriter<az::LookupSubjectsResponse>& writer_;
  uint64_t sent_ = 0;
  bool gone_ = false;
};

}  // namespace

grpc::Status AuthzedPermissions::LookupResources(grpc::ServerContext* context,
                                                 const az::LookupResourcesRequest* request,
                                                 grpc::ServerWriter<az::LookupResourcesResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto question = FromWire(*request);
  if (!question.ok()) return ToAuthzed(question.status());
  const Relationship named{
      .resource = {question->resource_type, ""}, .relation = question->permission, .subject = question->subject};
  if (absl::Status status = AdmitLimit(request->optional_limit(), kResourcesMax); !status.ok()) {
    return ToAuthzed(status);
  }
  az::LookupResourcesRequest listing = *request;
  listing.clear_optional_limit();
  listing.clear_with_debug();
  auto place = PlaceOf(*database_, *request, std::move(listing));
  if (!place.ok()) return ToAuthzed(place.status());
  question->after = place->after;
  auto view = database_->ViewOf(place->snapshot);
  if (!view.ok()) return ToAuthzed(view.status(), named);
  uint64_t sent = 0;
  absl::Status ended;
  const absl::Status status = database_->LookupResourcesAt(
      *view, *question, StreamLimits(*database_, *context, admission), [&](const Found& found) {
        ended = found.error;
        if (!ended.ok()) return false;
        ++sent;
        az::LookupResourcesResponse response;
        response.mutable_looked_up_at()->set_token(place->token);
        response.set_resource_object_id(found.id);
        response.set_permissionship(Permissionship(found));
        MissingToWire(found, &response);
        response.mutable_after_result_cursor()->set_token(place->EncodeBehind(found.position()));
        if (!writer->Write(response)) ended = CallerGone();
        return ended.ok() && (request->optional_limit() == 0 || sent < request->optional_limit());
      });
  return ToAuthzed(ended.ok() ? status : ended, named);
}

grpc::Status AuthzedPermissions::LookupSubjects(grpc::ServerContext* context, const az::LookupSubjectsRequest* request,
                                                grpc::ServerWriter<az::LookupSubjectsResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto question = FromWire(*request);
  if (!question.ok()) return ToAuthzed(question.status());
  const Relationship named{.resource = question->resource,
                           .relation = question->permission,
                           .subject = {question->subject_type, "", question->subject_relation}};
  az::LookupSubjectsRequest listing = *request;
  listing.clear_optional_concrete_limit();
  auto place = PlaceOf(*database_, *request, std::move(listing));
  if (!place.ok()) return ToAuthzed(place.status());
  question->after = place->after;
  auto view = database_->ViewOf(place->snapshot);
  if (!view.ok()) return ToAuthzed(view.status(), named);
  const Schema& schema = view->plan->schema();
  if (auto type = schema.FindType(question->subject_type); type && schema.definition(*type).kind == Kind::kAgent) {
    return ToAuthzed(absl::UnimplementedError(
        Cat("an agent may do something only on a task, which this API cannot name; ask for sessions, or ask ",
            "mandate.v1.PermissionService/LookupSubjects")));
  }
  SubjectStream stream(*database_, *view, StreamLimits(*database_, *context, admission), *place, *request, writer);
  return ToAuthzed(stream.Run(*question), named);
}

}  // namespace mandate
