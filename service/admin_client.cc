#include "service/admin_client.h"

#include "mandate/v1/admin_service.grpc.pb.h"
#include "service/connection.h"
#include "service/wire.h"

namespace mandate {
namespace {

using AdminStub = v1::AdminService::Stub;

// Of what copies or rewrites the whole database.
constexpr auto kLongDeadline = std::chrono::hours(12);

}  // namespace

struct AdminClient::Stubs {
  explicit Stubs(const Endpoint& server) : connection(server), admin(v1::AdminService::NewStub(connection.channel())) {}

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (AdminStub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) const {
    grpc::ClientContext context;
    Connection::SetDeadline(&context, kLongDeadline);
    return connection.Outcome((admin.get()->*method)(&context, request, response));
  }

  const Connection connection;
  std::unique_ptr<AdminStub> admin;
};

AdminClient::AdminClient(const Endpoint& server) : stubs_(std::make_unique<Stubs>(server)) {}

AdminClient::~AdminClient() = default;

absl::StatusOr<AdminClient::Backup> AdminClient::MakeBackup() {
  v1::BackupResponse response;
  if (absl::Status s = stubs_->Call(&AdminStub::Backup, v1::BackupRequest(), &response); !s.ok()) return s;
  return Backup{response.id(), response.bytes(), response.token().token(), MessageToJson(response)};
}

absl::StatusOr<AdminClient::Compacted> AdminClient::Compact() {
  v1::CompactResponse response;
  if (absl::Status s = stubs_->Call(&AdminStub::Compact, v1::CompactRequest(), &response); !s.ok()) return s;
  return Compacted{response.bytes_before(), response.bytes_after(), MessageToJson(response)};
}

absl::StatusOr<AdminClient::Stats> AdminClient::ReadStats() {
  v1::ReadStatsResponse response;
  if (absl::Status s = stubs_->Call(&AdminStub::ReadStats, v1::ReadStatsRequest(), &response); !s.ok()) return s;
  return Stats{.database_id = response.database_id(),
               .token = response.token().token(),
               .revision = response.revision(),
               .oldest_revision = response.oldest_revision(),
               .relationships_estimate = response.relationships_estimate(),
               .disk_bytes = response.disk_bytes(),
               .ledger_sequence = response.ledger_sequence(),
               .memory_bytes = response.memory_bytes(),
               .started_at = FromWire(response.started_at()),
               .allowed = response.allowed(),
               .denied = response.denied(),
               .conditional = response.conditional(),
               .failed = response.failed(),
               .json = MessageToJson(response)};
}

}  // namespace mandate
