#include "service/server.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "schema/text.h"
#include "service/access/gate.h"
#include "service/address.h"
#include "service/authzed_services.h"
#include "service/http/http_api.h"
#include "service/http/http_server.h"
#include "service/metrics.h"
#include "service/services.h"
#include "spdlog/spdlog.h"

namespace mandate {
namespace {

// A batch of 10,000 items with long ids, or an import message of 10,000 relationships.
constexpr int kMessageBytesMax = 32 << 20;

// Calls under way on one connection; its client keeps the others back.
constexpr int kStreamsOfConnectionMax = 2000;

// Of all calls, waiting ones among them: gRPC refuses the next one itself.
constexpr int kThreadsMax = 8000;

// What gRPC may hold of messages that come and go, in bytes.
constexpr size_t kMessageMemoryMax = 1 << 30;

// Expired relationships that one commit takes, and how often it is looked whether there are any.
constexpr size_t kSweptAtOnce = 1000;
constexpr absl::Duration kSweepEvery = absl::Milliseconds(250);

// Without a query or a fragment, and without a `/` at the end: paths are put behind it.
absl::Status CheckUrl(const std::string& url) {
  const bool has_scheme = url.starts_with("https://") || url.starts_with("http://");
  if (has_scheme && !url.ends_with('/') && url.find_first_of("?# ") == url.npos) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Cat(Quote(url), " is no place; write https://HOST, without a query, a fragment or a `/` at the end"));
}

}  // namespace

struct Server::Parts {
  Parts(Database* database, std::unique_ptr<Gate> gate, const ServerOptions& options)
      : options(options),
        database(database),
        gate(std::move(gate)),
        log(options.log),
        metrics(database, this->gate.get(), &log),
        permissions(database, this->gate.get(), &log),
        relationships(database, this->gate.get()),
        watch(database, this->gate.get()),
        delegation(database, this->gate.get()),
        schema(database, this->gate.get()),
        admin(database, this->gate.get(), options.backups),
        authzed_permissions(database, this->gate.get()),
        authzed_schema(database, this->gate.get()),
        authzed_watch(database, this->gate.get()),
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
      if (!sweep_failed)
        spdlog::error("sweeping expired relationships failed: {}", std::string(swept.status().message()));
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
      spdlog::error("letting go of old versions failed: {}", std::string(collected.status().message()));
      return false;
    }
    if (collected->versions > 0) spdlog::debug("let go of {} old versions", collected->versions);
    return collected->more;
  }

  const ServerOptions options;
  Database* database;
  const std::unique_ptr<Gate> gate;
  RequestLog log;
  Metrics metrics;
  std::unique_ptr<ServerTls> tls;  // Null: none.
  PermissionServer permissions;
  RelationshipServer relationships;
  WatchServer watch;
  DelegationServer delegation;
  SchemaServer schema;
  AdminServer admin;
  AuthzedPermissions authzed_permissions;
  AuthzedSchema authzed_schema;
  AuthzedWatch authzed_watch;
  AuthzedExperimental authzed_experimental;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  std::unique_ptr<HttpApi> http_api;
  std::unique_ptr<HttpServer> http;

  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread collector;
  bool sweep_failed = false;
  std::thread sweeper;
};

// The address is bound first, since port 0 is known only then; what answers there needs the URL.
absl::Status Server::StartHttp(Parts* parts) {
  const ServerOptions& options = parts->options;
  if (!options.http_url.empty()) {
    if (absl::Status status = CheckUrl(options.http_url); !status.ok()) return status;
  }
  auto listener = HttpListener::Bind(options.http);
  if (!listener.ok()) return listener.status();
  const std::string host = options.http.substr(0, options.http.rfind(':'));
  const std::string url = options.http_url.empty()
                              ? Cat(parts->tls == nullptr ? "http://" : "https://", host, ":", listener->port())
                              : options.http_url;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  parts->http_api = std::make_unique<HttpApi>(
      parts->database, &parts->delegation.authorizer(), parts->gate.get(), &parts->metrics, &parts->log,
      parts->server->InProcessChannel(arguments),
      HttpApiOptions{url, parts->gate->is_open() && options.http_url.empty() && IsLoopback(options.http)});
  parts->http = HttpServer::Start(*std::move(listener), parts->http_api.get(), parts->tls.get());
  return absl::OkStatus();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Database* database, const ServerOptions& options) {
  // gRPC itself would take a port of 99999 modulo 65536, and other schemes.
  if (auto address = ParseListenAddress(options.listen); !address.ok()) return address.status();
  auto gate = Gate::Open(options.key_file, options.load);
  if (!gate.ok()) return gate.status();
  auto parts = std::make_unique<Parts>(database, *std::move(gate), options);
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (!options.tls.empty()) {
    auto tls = ServerTls::Load(options.tls);
    if (!tls.ok()) return tls.status();
    parts->tls = *std::move(tls);
    credentials = parts->tls->GrpcCredentials();
  }
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  // Two servers on one port would each see half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsOfConnectionMax);
  // Beyond what the gate lets in, some wait there, and each has a thread.
  grpc::ResourceQuota quota("mandate");
  quota.SetMaxThreads(kThreadsMax);
  quota.Resize(kMessageMemoryMax);
  builder.SetResourceQuota(quota);
  builder.experimental().SetInterceptorCreators(parts->metrics.Interceptors());
  builder.AddListeningPort(options.listen, credentials, &parts->port);
  builder.RegisterService(&parts->permissions);
  builder.RegisterService(&parts->relationships);
  builder.RegisterService(&parts->watch);
  builder.RegisterService(&parts->delegation);
  builder.RegisterService(&parts->schema);
  builder.RegisterService(&parts->admin);
  builder.RegisterService(&parts->authzed_permissions);
  builder.RegisterService(&parts->authzed_schema);
  builder.RegisterService(&parts->authzed_watch);
  builder.RegisterService(&parts->authzed_experimental);
  parts->server = builder.BuildAndStart();
  if (parts->server == nullptr || parts->port == 0) {
    return absl::UnavailableError(
        Cat("cannot listen on `", options.listen, "`; is the port taken, or the address not of this machine?"));
  }
  // Clients of authzed.api.v1 ask for the health of these by name.
  if (auto* health = parts->server->GetHealthCheckService()) {
    for (const char* service : {"PermissionsService", "SchemaService", "WatchService"}) {
      health->SetServingStatus(Cat("authzed.api.v1.", service), true);
    }
  }
  if (!options.http.empty()) {
    if (absl::Status status = StartHttp(parts.get()); !status.ok()) return status;
  }
  parts->collector = std::thread([raw = parts.get(), every = options.collect_every] { raw->CollectLoop(every); });
  parts->sweeper = std::thread([raw = parts.get()] { raw->SweepLoop(); });
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

int Server::port() const { return parts_->port; }

int Server::http_port() const { return parts_->http == nullptr ? 0 : parts_->http->port(); }

void Server::Stop(absl::Duration grace) {
  const absl::Time end = absl::Now() + grace;
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
  if (parts_->http != nullptr) {  // Before what it calls.
    parts_->http_api->set_stopping();
    parts_->http->Stop(end - absl::Now());
  }
  parts_->server->Shutdown(absl::ToChronoTime(end));
  parts_->server->Wait();
  parts_->collector.join();
  parts_->sweeper.join();
}

}  // namespace mandate
