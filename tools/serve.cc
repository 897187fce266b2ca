#include <pthread.h>
#include <signal.h>

#include "schema/text.h"
#include "service/address.h"
#include "service/log.h"
#include "service/server.h"
#include "spdlog/spdlog.h"
#include "tools/commands.h"
#include "tools/exit_code.h"

namespace mandate {
namespace {

// How long calls under way may still run after SIGTERM.
constexpr absl::Duration kGrace = absl::Seconds(10);

// Whoever reaches the port reaches everything: beyond this machine only the operator's word opens it.
absl::Status AdmitListening(const ServeOptions& options) {
  const bool far = !IsLoopback(options.listen) || (!options.http.empty() && !IsLoopback(options.http));
  const bool knows_callers = !options.key_file.empty() || !options.tls.client_ca.empty();
  if (!far || options.insecure || (!options.tls.empty() && knows_callers)) return absl::OkStatus();
  return InvalidArgument(Cat("listening beyond this machine needs encryption and callers that are known: ",
                             options.tls.empty() ? "--tls-cert and --tls-key" : "",
                             options.tls.empty() && !knows_callers ? ", and " : "",
                             knows_callers ? "" : "--keys FILE or --tls-client-ca FILE", "; or say --insecure"));
}

RequestLogOptions LogOf(const ServeOptions& options) {
  return {.which = options.log_calls == "all"    ? LoggedCalls::kAll
                   : options.log_calls == "none" ? LoggedCalls::kNone
                                                 : LoggedCalls::kFailed,
          .slow = options.slow_ms == 0 ? absl::InfiniteDuration() : absl::Milliseconds(options.slow_ms)};
}

}  // namespace

int Serve(const ServeOptions& options) {
  StartLog({.level = options.log_level, .format = options.log_format == "json" ? LogFormat::kJson : LogFormat::kText});
  if (absl::Status s = AdmitListening(options); !s.ok()) return Fail(s);
  // Blocked before any thread starts, so that only the wait below sees them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  DatabaseOptions database_options;
  database_options.directory = options.data;
  database_options.store.retention = absl::Hours(1) * options.retention_hours;
  database_options.store.block_cache_bytes = options.cache_mib << 20;
  database_options.store.write_buffer_bytes = options.write_buffer_mib << 20;
  database_options.store.read_cache_bytes = options.answer_cache_mib << 19;
  database_options.answer_cache_bytes = options.answer_cache_mib << 19;
  database_options.check.budget.steps_max = options.check_steps_max;
  database_options.check.budget.time_max = absl::Seconds(options.check_seconds_max);
  database_options.check.chain_agents_max = options.chain_agents_max;
  auto database = Database::Open(database_options);
  if (!database.ok()) return Fail(database.status());
  ServerOptions server_options{.listen = options.listen,
                               .http = options.http,
                               .http_url = options.http_url,
                               .tls = options.tls,
                               .key_file = options.key_file,
                               .backups = options.backups,
                               .load = options.load,
                               .log = LogOf(options)};
  if (options.ledger_retention_days > 0) {
    server_options.ledger_retention = absl::Hours(24) * options.ledger_retention_days;
  }
  auto server = Server::Start(database->get(), server_options);
  if (!server.ok()) return Fail(server.status());
  const std::string host = options.listen.substr(0, options.listen.rfind(':'));
  if (options.insecure) {
    spdlog::warn("--insecure: whoever reaches the port can {}",
                 options.key_file.empty() ? "do everything" : "read what is sent");
  }
  const std::string http_host = options.http.substr(0, options.http.rfind(':'));
  spdlog::info("serving {} on {}:{}, {}, revision {}", options.data, host, (*server)->port(),
               options.http.empty() ? "no HTTP" : Cat("HTTP on ", http_host, ":", (*server)->http_port()),
               (*database)->store().Head()->revision().value());
  int signal = 0;
  sigwait(&stop_signals, &signal);
  spdlog::info("stopping: {} received, calls under way finish", strsignal(signal));
  (*server)->Stop(kGrace);
  server->reset();
  database->reset();
  spdlog::info("stopped");
  return kExitOk;
}

}  // namespace mandate
