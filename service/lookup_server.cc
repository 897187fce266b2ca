// The lookups' half of PermissionServer: results are sent as they are found, many to a message.
#include "check/budget.h"
#include "schema/reason.h"
#include "service/cursor.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

// A message holds so many results, or so many bytes of them, far below what a peer takes.
constexpr int kResultsPerMessage = 2000;
constexpr size_t kBytesPerMessage = 128 << 10;

size_t BytesOf(const Found& found) {
  size_t bytes = 16 + found.id.size() + found.error.message().size();
  for (const std::string& name : found.missing_context) bytes += 2 + name.size();
  return bytes;
}

// Sends the first result at once, and those behind it together, but none later than a caller would notice.
template <typename Response>
class ResultStream {
 public:
  ResultStream(grpc::ServerWriter<Response>* writer, uint32_t limit, std::string fingerprint, std::string token)
      : writer_(*writer), limit_(limit), fingerprint_(std::move(fingerprint)), token_(std::move(token)) {}

  // False once nothing more is wanted.
  bool Add(const Found& found) {
    ToWire(found, response_.add_results());
    last_ = found.position();
    bytes_ += BytesOf(found);
    ++count_;
    const auto now = Clock::now();
    const bool due = count_ == 1 || response_.results_size() == kResultsPerMessage || bytes_ >= kBytesPerMessage ||
                     now - sent_at_ >= kDelayMax;
    if (due && !Send(now)) return false;
    return limit_ == 0 || count_ < limit_;
  }

  grpc::Status Finish(const absl::Status& status) {
    if (response_.results_size() > 0) Send(Clock::now());
    return gone_ ? ToGrpc(CallerGone()) : ToGrpc(status);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kDelayMax{5};

  bool Send(Clock::time_point now) {
    response_.mutable_looked_up_at()->set_token(token_);
    response_.set_cursor(EncodeCursor(fingerprint_, last_));
    gone_ = !writer_.Write(response_);
    response_.Clear();
    bytes_ = 0;
    sent_at_ = now;
    return !gone_;
  }

  grpc::ServerWriter<Response>& writer_;
  const uint64_t limit_;
  const std::string fingerprint_;
  const std::string token_;
  Response response_;
  std::string last_;
  size_t bytes_ = 0;  // In the response, about.
  uint64_t count_ = 0;
  bool gone_ = false;
  Clock::time_point sent_at_;
};

// What both lookups do around the search itself.
template <typename Request, typename Response, typename Search>
grpc::Status Lookup(const Database& database, const Request& request, grpc::ServerWriter<Response>* writer,
                    const Search& search) {
  auto question = FromWire(request);
  if (!question.ok()) return ToGrpc(question.status());
  Request listing = request;
  listing.clear_consistency();
  listing.clear_cursor();
  listing.clear_limit();
  std::string fingerprint = FingerprintOf(listing);
  auto after = DecodeCursor(fingerprint, request.cursor());
  if (!after.ok()) return ToGrpc(after.status());
  question->after = *std::move(after);
  auto view = ViewFor(database, request.consistency());
  if (!view.ok()) return ToGrpc(view.status());
  ResultStream<Response> stream(writer, request.limit(), std::move(fingerprint),
                                EncodeToken(database.store().database_id(), view->revision()));
  const absl::Status status = search(*view, *question, [&](const Found& found) { return stream.Add(found); });
  return stream.Finish(status);
}

}  // namespace

CheckLimits StreamLimits(const Database& database, const grpc::ServerContext& context, const Admission& admission) {
  CheckLimits limits = LimitsFor(database, context, admission);
  limits.budget.time_max = database.options().check.budget.time_max;
  return limits;
}

grpc::Status PermissionServer::LookupResources(grpc::ServerContext* context, const v1::LookupResourcesRequest* request,
                                               grpc::ServerWriter<v1::LookupResourcesResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  return Lookup(
      *database_, *request, writer, [&](const View& view, const ResourcesQuestion& question, const FoundSink& sink) {
        return database_->LookupResourcesAt(view, question, StreamLimits(*database_, *context, admission), sink);
      });
}

grpc::Status PermissionServer::LookupSubjects(grpc::ServerContext* context, const v1::LookupSubjectsRequest* request,
                                              grpc::ServerWriter<v1::LookupSubjectsResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  return Lookup(
      *database_, *request, writer, [&](const View& view, const SubjectsQuestion& question, const FoundSink& sink) {
        return database_->LookupSubjectsAt(view, question, StreamLimits(*database_, *context, admission), sink);
      });
}

}  // namespace mandate
