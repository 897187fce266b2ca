#include "service/server.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "schema/text.h"
#include "service/authzed_services.h"
#include "service/services.h"
#include "spdlog/spdlog.h"

namespace mandate {
namespace {

// A batch of 10,000 items with long ids, or an import message of 10,000 relationships.
constexpr int kMessageBytesMax = 32 << 20;

// Expired relationships that one commit takes, and how often it is looked whether there are any.
constexpr size_t kSweptAtOnce = 1000;
constexpr absl::Duration kSweepEvery = absl::Milliseconds(250);

// HOST:PORT, an IPv6 host in brackets. gRPC itself would take a port of 99999 modulo 65536, and other schemes.
bool IsAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (!bracketed && host.find_first_of(":[]/") != host.npos) return false;
  int number = 0;
  return !port.empty() && port.size() <= 5 && absl::SimpleAtoi(AbslView(port), &number) &&
         absl::ascii_isdigit(port.front()) && number <= 65535;
}

}  // namespace

struct Server::Parts {
  Parts(Database* database, const ServerOptions& options)
      : options(options),
        database(database),
        permissions(database),
        relationships(database),
        watch(database),
        delegation(database),
        schema(database),
        authzed_permissions(database),
        authzed_schema(database),
        authzed_watch(database),
        authzed_experimental(&authzed_permissions, &authzed_schema) {}

  // Lets go of old versions until told to stop.
  void CollectLoop(absl::Duration every) {
    std::unique_lock lock(mutex);
    while (!stopping) {
      wake.wait_for(lock, absl::ToChronoMilliseconds(every), [this] { return stopping; });
      // One call takes a bounded bite: go on until nothing is left, or a busy database would never catch up.
      for (bool more = true; more && !stopping;) {
        lock.unlock();
        more = CollectOnce();
        lock.lock();
      }
    }
  }

  // Deletes what has expired, soon after it has, until told to stop.
  void SweepLoop() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      const absl::Duration pause = SweepOnce();
      lock.lock();
      wake.wait_for(lock, absl::ToChronoMilliseconds(pause), [this] { return stopping; });
    }
  }

  // How long there is nothing to do, at the least.
  absl::Duration SweepOnce() {
    auto swept = database->store().SweepExpired(kSweptAtOnce);
    if (!swept.ok()) {
      // The store says the same of every write; once is enough.
      if (!sweep_failed) spdlog::error("sweeping expired relationships failed: {}", std::string(swept.status().message()));
      sweep_failed = true;
      return kSweepEvery * 100;
    }
    sweep_failed = false;
    return *swept == kSweptAtOnce ? absl::ZeroDuration() : kSweepEvery;
  }

  // True if there was something to let go of.
  bool CollectOnce() {
    const bool more_entries = RetireOnce();
    return CollectVersions() || more_entries;
  }

  bool RetireOnce() {
    if (options.ledger_retention == absl::InfiniteDuration()) return false;
    auto retired = delegation.authorizer().RetireBefore(database->now() - options.ledger_retention);
    if (retired.ok()) {
      if (*retired > 0) spdlog::info("retired {} entries of the ledger", *retired);
      return *retired > 0;
    }
    // Without a schema there is no ledger; others writing is no failure.
    if (!absl::IsFailedPrecondition(retired.status()) && !absl::IsAborted(retired.status())) {
      spdlog::error("retiring entries of the ledger failed: {}", std::string(retired.status().message()));
    }
    return false;
  }

  bool CollectVersions() {
    auto collected = database->store().Collect();
    if (!collected.ok()) {
      spdlog::error("letting go of old versions failed: {}",
                    std::string(collected.status().message()));
      return false;
    }
    if (*collected > 0) spdlog::debug("let go of {} old versions", *collected);
    return *collected > 0;
  }

  const ServerOptions options;
  Database* database;
  PermissionServer permissions;
  RelationshipServer relationships;
  WatchServer watch;
  DelegationServer delegation;
  SchemaServer schema;
  AuthzedPermissions authzed_permissions;
  AuthzedSchema authzed_schema;
  AuthzedWatch authzed_watch;
  AuthzedExperimental authzed_experimental;
  std::unique_ptr<grpc::Server> server;
  int port = 0;

  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread collector;
  bool sweep_failed = false;
  std::thread sweeper;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Database* database,
                                                      const ServerOptions& options) {
  if (!IsAddress(options.listen)) {
    return absl::InvalidArgumentError(
        Cat(Quote(options.listen), " is no address; write HOST:PORT, as in 127.0.0.1:50051"));
  }
  auto parts = std::make_unique<Parts>(database, options);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  // Two servers on one port would each see half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &parts->port);
  builder.RegisterService(&parts->permissions);
  builder.RegisterService(&parts->relationships);
  builder.RegisterService(&parts->watch);
  builder.RegisterService(&parts->delegation);
  builder.RegisterService(&parts->schema);
  builder.RegisterService(&parts->authzed_permissions);
  builder.RegisterService(&parts->authzed_schema);
  builder.RegisterService(&parts->authzed_watch);
  builder.RegisterService(&parts->authzed_experimental);
  parts->server = builder.BuildAndStart();
  if (parts->server == nullptr || parts->port == 0) {
    return absl::UnavailableError(Cat("cannot listen on `", options.listen,
                                      "`; is the port taken, or the address not of this machine?"));
  }
  // Clients of authzed.api.v1 ask for the health of these by name.
  if (auto* health = parts->server->GetHealthCheckService()) {
    for (const char* service : {"PermissionsService", "SchemaService", "WatchService"}) {
      health->SetServingStatus(Cat("authzed.api.v1.", service), true);
    }
  }
  parts->collector =
      std::thread([raw = parts.get(), every = options.collect_every] { raw->CollectLoop(every); });
  parts->sweeper = std::thread([raw = parts.get()] { raw->SweepLoop(); });
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

int Server::port() const { return parts_->port; }

void Server::Stop(absl::Duration grace) {
  {
    std::lock_guard lock(parts_->mutex);
    if (parts_->stopping) return;
    parts_->stopping = true;
  }
  parts_->wake.notify_all();
  parts_->watch.set_stopping();
  parts_->authzed_watch.set_stopping();
  parts_->delegation.set_stopping();
  if (auto* health = parts_->server->GetHealthCheckService()) health->Shutdown();
  parts_->server->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  parts_->server->Wait();
  parts_->collector.join();
  parts_->sweeper.join();
}

}  // namespace mandate
