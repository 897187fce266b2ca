#include <pthread.h>
#include <signal.h>

#include "schema/text.h"
#include "service/server.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"
#include "tools/commands.h"
#include "tools/exit_code.h"

namespace mandate {
namespace {

// How long calls under way may still run after SIGTERM.
constexpr absl::Duration kGrace = absl::Seconds(10);

void StartLog(const std::string& level) {
  // Standard error, so that standard output stays for what a command prints.
  auto log = spdlog::stderr_color_mt("mandate");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  log->set_level(spdlog::level::from_str(level));
  log->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(log));
}

bool IsLoopback(const std::string& listen) {
  return listen.starts_with("127.") || listen.starts_with("localhost:") ||
         listen.starts_with("[::1]:");
}

}  // namespace

int Serve(const ServeOptions& options) {
  StartLog(options.log_level);
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
  database_options.store.read_cache_bytes = options.answer_cache_mib << 19;
  database_options.answer_cache_bytes = options.answer_cache_mib << 19;
  database_options.check.budget.steps_max = options.check_steps_max;
  database_options.check.budget.time_max = absl::Seconds(options.check_seconds_max);
  database_options.check.chain_agents_max = options.chain_agents_max;
  auto database = Database::Open(database_options);
  if (!database.ok()) return Fail(database.status());
  ServerOptions server_options{.listen = options.listen, .http = options.http, .http_url = options.http_url};
  if (options.ledger_retention_days > 0) {
    server_options.ledger_retention = absl::Hours(24) * options.ledger_retention_days;
  }
  auto server = Server::Start(database->get(), server_options);
  if (!server.ok()) return Fail(server.status());
  const std::string host = options.listen.substr(0, options.listen.rfind(':'));
  if (!IsLoopback(options.listen) || (!options.http.empty() && !IsLoopback(options.http))) {
    spdlog::warn("listening beyond loopback, without encryption or authentication");
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
