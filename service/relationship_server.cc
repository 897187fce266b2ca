#include "check/budget.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/cursor.h"
#include "service/database/bulk.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {
namespace {

constexpr int kUpdatesMax = 1000;
constexpr int kPreconditionsMax = 1000;
constexpr int kImportMessageMax = 10'000;
constexpr int kExportPerMessage = 1000;
// A relationship may have a context of 32 KiB, and clients take 4 MiB a message unless they are told otherwise.
constexpr size_t kExportBytesPerMessage = 3 << 20;

absl::Status TooMany(const std::string& field, int allowed, int got) {
  return WithField(WithReason(absl::InvalidArgumentError(Cat("`", field, "` has at most ", allowed,
                                                             " entries, this one ", got, "; split the request")),
                              "TOO_MANY"),
                   field);
}

absl::StatusOr<std::optional<Relationship>> LastSent(const std::string& fingerprint, const std::string& cursor) {
  auto position = DecodeCursor(fingerprint, cursor);
  if (!position.ok()) return position.status();
  return RelationshipAt(*position);
}

absl::StatusOr<std::vector<Precondition>> PreconditionsFromWire(
    const google::protobuf::RepeatedPtrField<v1::Precondition>& wire) {
  if (wire.size() > kPreconditionsMax) return TooMany("preconditions", kPreconditionsMax, wire.size());
  std::vector<Precondition> preconditions;
  for (int i = 0; i < wire.size(); ++i) {
    auto precondition = FromWire(wire.Get(i), Cat("preconditions[", i, "]"));
    if (!precondition.ok()) return precondition.status();
    preconditions.push_back(*std::move(precondition));
  }
  return preconditions;
}

}  // namespace

grpc::Status RelationshipServer::Write(grpc::ServerContext* context, const v1::WriteRequest* request,
                                       v1::WriteResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (request->updates_size() == 0) {
    return ToGrpc(WithField(WithReason(absl::InvalidArgumentError("a write has at least one update"), "MISSING_FIELD"),
                            "updates"));
  }
  if (request->updates_size() > kUpdatesMax) {
    return ToGrpc(TooMany("updates", kUpdatesMax, request->updates_size()));
  }
  std::vector<TupleChange> changes;
  for (int i = 0; i < request->updates_size(); ++i) {
    auto change = FromWire(request->updates(i), FieldPath("updates", i));
    if (!change.ok()) return ToGrpc(change.status());
    changes.push_back(*std::move(change));
  }
  auto preconditions = PreconditionsFromWire(request->preconditions());
  if (!preconditions.ok()) return ToGrpc(preconditions.status());
  auto metadata = ContextFromWire(request->metadata(), "metadata");
  if (!metadata.ok()) return ToGrpc(metadata.status());
  auto revision = database_->Write(std::move(changes), *std::move(preconditions), *metadata);
  if (!revision.ok()) {
    return ToGrpc(InWordsOfCaller(revision.status(), "updates[", "].relationship"));
  }
  response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), *revision));
  return grpc::Status::OK;
}

grpc::Status RelationshipServer::Read(grpc::ServerContext* context, const v1::ReadRequest* request,
                                      grpc::ServerWriter<v1::ReadResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto filter = FromWire(request->filter(), "filter");
  if (!filter.ok()) return ToGrpc(filter.status());
  const std::string fingerprint = FingerprintOf(request->filter());
  auto after = LastSent(fingerprint, request->cursor());
  if (!after.ok()) return ToGrpc(after.status());
  auto snapshot = Resolve(*database_, request->consistency());
  if (!snapshot.ok()) return ToGrpc(snapshot.status());
  const std::string token = EncodeToken(database_->store().database_id(), (*snapshot)->revision());
  const absl::Time now = database_->now();
  uint64_t sent = 0;
  v1::ReadResponse response;
  absl::Status ended;
  const absl::Status status = ForEachLive(
      **snapshot, *filter, *after, now, [context] { return context->IsCancelled(); },
      [&](const TupleRow& row, const Relationship& relationship) {
        response.Clear();
        ToWire(relationship, response.mutable_relationship());
        response.mutable_read_at()->set_token(token);
        response.set_written(row.edge.written.value());
        response.set_born(row.edge.born.value());
        response.set_cursor(EncodeCursor(fingerprint, PositionOf(relationship)));
        ++sent;
        if (context->IsCancelled() || !writer->Write(response)) ended = CallerGone();
        return ended.ok() && (request->limit() == 0 || sent < request->limit());
      });
  return ToGrpc(ended.ok() ? status : ended);
}

grpc::Status RelationshipServer::Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                                        v1::DeleteResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto filter = FromWire(request->filter(), "filter");
  if (!filter.ok()) return ToGrpc(filter.status());
  auto preconditions = PreconditionsFromWire(request->preconditions());
  if (!preconditions.ok()) return ToGrpc(preconditions.status());
  auto metadata = ContextFromWire(request->metadata(), "metadata");
  if (!metadata.ok()) return ToGrpc(metadata.status());
  auto deleted = database_->Delete({.filters = {*std::move(filter)},
                                    .preconditions = *std::move(preconditions),
                                    .at_most = request->limit(),
                                    .allow_partial = request->allow_partial(),
                                    .metadata = *std::move(metadata)});
  if (!deleted.ok()) return ToGrpc(deleted.status());
  response->set_deleted(deleted->count);
  response->set_complete(deleted->complete);
  response->mutable_deleted_at()->set_token(EncodeToken(database_->store().database_id(), deleted->revision));
  return grpc::Status::OK;
}

grpc::Status RelationshipServer::Export(grpc::ServerContext* context, const v1::ExportRequest* request,
                                        grpc::ServerWriter<v1::ExportResponse>* writer) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  TupleFilter filter;
  if (request->has_filter()) {
    auto narrowed = FromWire(request->filter(), "filter");
    if (!narrowed.ok()) return ToGrpc(narrowed.status());
    filter = *std::move(narrowed);
  }
  const std::string fingerprint = FingerprintOf(request->filter());
  auto after = LastSent(fingerprint, request->cursor());
  if (!after.ok()) return ToGrpc(after.status());
  auto snapshot = Resolve(*database_, request->consistency());
  if (!snapshot.ok()) return ToGrpc(snapshot.status());
  const std::string token = EncodeToken(database_->store().database_id(), (*snapshot)->revision());
  const absl::Time now = database_->now();
  v1::ExportResponse response;
  size_t bytes = 0;
  Relationship last;
  const auto send = [&] {
    response.mutable_exported_at()->set_token(token);
    response.set_cursor(EncodeCursor(fingerprint, PositionOf(last)));
    const bool sent = writer->Write(response);
    response.Clear();
    bytes = 0;
    return sent && !context->IsCancelled();
  };
  bool gone = false;
  const absl::Status status = ForEachLive(
      **snapshot, filter, *after, now, [context] { return context->IsCancelled(); },
      [&](const TupleRow&, const Relationship& relationship) {
        last = relationship;
        v1::Relationship* const added = response.add_relationships();
        ToWire(last, added);
        bytes += added->ByteSizeLong();
        const bool full = response.relationships_size() == kExportPerMessage || bytes >= kExportBytesPerMessage;
        gone = full && !send();
        return !gone;
      });
  if (gone) return ToGrpc(CallerGone());
  if (!status.ok()) return ToGrpc(status);
  if (response.relationships_size() > 0) send();
  return grpc::Status::OK;
}

grpc::Status RelationshipServer::Import(grpc::ServerContext* context, grpc::ServerReader<v1::ImportRequest>* reader,
                                        v1::ImportResponse* response) {
  const Admission admission = gate_->Admit(*context, v1::ImportRequest());
  if (!admission.ok()) return admission.Refused();
  std::optional<RelationshipImport> import;
  v1::ImportRequest request;
  bool complete = false;
  while (!complete && reader->Read(&request)) {
    complete = request.complete();
    if (absl::Status s = admission.May(request); !s.ok()) return ToGrpc(s);
    if (!import) import.emplace(database_, request.create() ? ChangeOp::kCreate : ChangeOp::kTouch);
    if (request.relationships_size() > kImportMessageMax) {
      return ToGrpc(TooMany("relationships", kImportMessageMax, request.relationships_size()));
    }
    if (absl::Status s = import->Admit(request.ByteSizeLong()); !s.ok()) return ToGrpc(s);
    for (int i = 0; i < request.relationships_size(); ++i) {
      auto relationship = FromWire(request.relationships(i), Cat("relationships[", import->size(), "]"));
      if (!relationship.ok()) return ToGrpc(relationship.status());
      absl::Status added = import->Add(*std::move(relationship));
      if (!added.ok()) return ToGrpc(InWordsOfCaller(added, "relationships[", "]"));
    }
  }
  // A connection that was lost, or a message that does not decode, ends the stream as a finished one does, so the
  // client says which it is. Of such a message the request holds a part, which counts for nothing.
  if (context->IsCancelled()) return ToGrpc(CallerGone());
  if (!complete) {
    return ToGrpc(WithField(
        WithReason(absl::InvalidArgumentError("the stream ended, or had a message that does not decode, before one "
                                              "that sets `complete`; nothing was written"),
                   "IMPORT_INCOMPLETE"),
        "complete"));
  }
  if (import->size() == 0) {
    return ToGrpc(
        WithField(WithReason(absl::InvalidArgumentError("the import brought no relationship"), "MISSING_FIELD"),
                  "relationships"));
  }
  auto revision = import->Commit();
  if (!revision.ok()) return ToGrpc(InWordsOfCaller(revision.status(), "relationships[", "]"));
  response->set_relationships_count(import->size());
  response->mutable_written_at()->set_token(EncodeToken(database_->store().database_id(), *revision));
  return grpc::Status::OK;
}

}  // namespace mandate
