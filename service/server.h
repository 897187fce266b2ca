// server.h: the server of one database: gRPC, and next to it HTTP.
//
//   auto server = Server::Start(database.get(), {.listen = "127.0.0.1:0"});
//   Connect to "127.0.0.1:" + (*server)->port(); then (*server)->Stop(absl::Seconds(5));
//
// Serves mandate.v1, authzed.api.v1 for clients that exist, the standard health service and server reflection; and over
// HTTP, on a port of its own, AuthZEN and mandate.v1 as JSON (http/http_api.h).
//
// Threads     Start and Stop from one thread; the calls run on gRPC's own.
// Ownership   The database outlives the server.
// Errors      INVALID_ARGUMENT for an address that is not HOST:PORT, or a URL that names no place; UNAVAILABLE when it
//             cannot be bound.
#ifndef MANDATE_SERVICE_SERVER_H_
#define MANDATE_SERVICE_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/access/load_gate.h"
#include "service/access/tls.h"
#include "service/database/database.h"
#include "service/request_log.h"

namespace mandate {

struct ServerOptions {
  std::string listen = "127.0.0.1:50051";  // HOST:PORT; port 0 lets the system choose.
  std::string http;                        // The same for HTTP; empty: none.
  // Where callers reach HTTP, if not there: `https://pdp.example.com`. For the documents that name places.
  std::string http_url;
  TlsFiles tls;                                     // Of both; empty: none.
  std::string key_file;                             // Of access/key_ring.h; empty: everybody may do everything.
  absl::Duration collect_every = absl::Minutes(1);  // How often old versions are let go of.
  // How long the entries of dead root tasks stay in the ledger.
  absl::Duration ledger_retention = absl::InfiniteDuration();
  std::string backups;  // Where AdminService puts backups; empty: nowhere.
  LoadLimits load;      // How much may be under way.
  RequestLogOptions log;
};

class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(Database* database, const ServerOptions& options);
  ~Server();

  int port() const;
  int http_port() const;  // 0: none.

  // Takes no new calls, lets those under way finish for up to `grace`, then cancels them.
  void Stop(absl::Duration grace);

 private:
  struct Parts;
  static absl::Status StartHttp(Parts* parts);
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_SERVER_H_
