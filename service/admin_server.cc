#include "schema/reason.h"
#include "schema/text.h"
#include "service/error_mapping.h"
#include "service/metrics.h"
#include "service/services.h"
#include "service/token.h"
#include "service/wire.h"

namespace mandate {

grpc::Status AdminServer::Backup(grpc::ServerContext* context, const v1::BackupRequest* request,
                                 v1::BackupResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (backups_.empty()) {
    return ToGrpc(WithReason(absl::FailedPreconditionError("this server was started without a directory for backups; "
                                                           "start it with --backups DIRECTORY"),
                             "NO_BACKUP_DIRECTORY"));
  }
  auto made = database_->store().Backup(backups_);
  if (!made.ok()) return ToGrpc(made.status());
  response->set_id(made->id);
  response->set_bytes(made->bytes);
  response->mutable_token()->set_token(EncodeToken(made->database_id, made->head));
  ToWire(made->created_at, response->mutable_created_at());
  return grpc::Status::OK;
}

grpc::Status AdminServer::Compact(grpc::ServerContext* context, const v1::CompactRequest* request,
                                  v1::CompactResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  auto before = database_->store().Stats();
  if (!before.ok()) return ToGrpc(before.status());
  if (absl::Status status = database_->store().Compact(); !status.ok()) return ToGrpc(status);
  auto after = database_->store().Stats();
  if (!after.ok()) return ToGrpc(after.status());
  response->set_bytes_before(before->disk_bytes);
  response->set_bytes_after(after->disk_bytes);
  return grpc::Status::OK;
}

grpc::Status AdminServer::ReadStats(grpc::ServerContext* context, const v1::ReadStatsRequest* request,
                                    v1::ReadStatsResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  const auto stats = database_->store().Stats();
  if (!stats.ok()) return ToGrpc(stats.status());
  const std::string& id = database_->store().database_id();
  response->set_database_id(id);
  response->mutable_token()->set_token(EncodeToken(id, stats->head));
  response->set_revision(stats->head.value());
  response->set_oldest_revision(stats->oldest.value());
  response->set_relationships_estimate(stats->live_relationships_estimate);
  response->set_disk_bytes(stats->disk_bytes);
  response->set_ledger_sequence(database_->store().Head()->ledger_head().sequence);
  response->set_memory_bytes(ResidentBytes());
  ToWire(started_at_, response->mutable_started_at());
  const DecisionTally& tally = database_->tally();
  response->set_allowed(tally.allowed.load(std::memory_order_relaxed));
  response->set_denied(tally.denied.load(std::memory_order_relaxed));
  response->set_conditional(tally.conditional.load(std::memory_order_relaxed));
  response->set_failed(tally.failed.load(std::memory_order_relaxed));
  return grpc::Status::OK;
}

}  // namespace mandate
