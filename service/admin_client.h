// admin_client.h: AdminService as a client program sees it, in values.
//
//   AdminClient client("localhost:50051");
//   absl::StatusOr<AdminClient::Stats> stats = client.ReadStats();
//
// Threads     Safe to share.
// Errors      The server's, with reason (reason.h); UNAVAILABLE when nobody answers at the address.
#ifndef MANDATE_SERVICE_ADMIN_CLIENT_H_
#define MANDATE_SERVICE_ADMIN_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/endpoint.h"

namespace mandate {

class AdminClient {
 public:
  // Connects on the first call.
  explicit AdminClient(const Endpoint& server);
  ~AdminClient();

  // `json` is the server's response in the JSON form of protobuf, on one line.
  struct Backup {
    uint32_t id = 0;
    uint64_t bytes = 0;
    std::string token;
    std::string json;
  };
  struct Compacted {
    uint64_t bytes_before = 0;
    uint64_t bytes_after = 0;
    std::string json;
  };
  struct Stats {
    std::string database_id;
    std::string token;
    uint64_t revision = 0;
    uint64_t oldest_revision = 0;
    uint64_t relationships_estimate = 0;
    uint64_t disk_bytes = 0;
    uint64_t ledger_sequence = 0;
    uint64_t memory_bytes = 0;
    absl::Time started_at;
    uint64_t allowed = 0, denied = 0, conditional = 0, failed = 0;
    std::string json;
  };
  absl::StatusOr<Backup> MakeBackup();
  absl::StatusOr<Compacted> Compact();
  absl::StatusOr<Stats> ReadStats();

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_ADMIN_CLIENT_H_
