#include "tools/serve_command_line.h"

#include "tools/serve_config.h"

namespace mandate {

void ServeCommandLine::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("serve", "Open the database and answer over gRPC and HTTP");
  command->add_option("--data", options_.data, "Directory of the database, made when missing")->capture_default_str();
  command->add_option("--listen", options_.listen, "HOST:PORT; port 0 lets the system choose")->capture_default_str();
  command->add_option("--http", options_.http, "The same for HTTP; '' for none")->capture_default_str();
  command->add_option("--http-url", options_.http_url,
                      "Where callers reach it, if not there: https://HOST, behind a proxy");
  command->add_option("--tls-cert", options_.tls.certificate,
                      "PEM file of the server's certificate, for gRPC and HTTP; read again when it changes");
  command->add_option("--tls-key", options_.tls.key, "PEM file of its key");
  command->add_option("--tls-client-ca", options_.tls.client_ca,
                      "PEM file of the CA that callers must have a certificate of (mutual TLS)");
  command->add_option("--keys", options_.key_file,
                      "File of the API keys that are taken (`mandate key create`); without it, whoever connects may do "
                      "everything. Read again when it changes");
  command->add_flag("--insecure", options_.insecure,
                    "Listen beyond this machine although calls are not encrypted or callers not known");
  command->add_option("--retention-hours", options_.retention_hours, "How far back questions can be asked")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 24.0 * 3650));
  command
      ->add_option("--ledger-retention-days", options_.ledger_retention_days,
                   "How long entries of tasks that are no more stay in the ledger; 0 for ever")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 36500.0));
  command->add_option("--cache-mib", options_.cache_mib, "Memory for blocks read from disk")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  command
      ->add_option("--write-buffer-mib", options_.write_buffer_mib,
                   "Memory for writes that are in the log and not in tables yet")
      ->capture_default_str()
      ->check(CLI::Range(4, 1 << 20));
  command
      ->add_option("--answer-cache-mib", options_.answer_cache_mib,
                   "Memory for relationships and answers ready to use, half for each; 0: none. Answers are the same")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--check-steps-max", options_.check_steps_max, "Rows and goals one question may visit")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--check-seconds-max", options_.check_seconds_max, "Time one question may take")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--chain-agents-max", options_.chain_agents_max, "Agents on a chain of delegation")
      ->capture_default_str()
      ->check(CLI::Range(1, 16));
  command->add_option("--log-level", options_.log_level, "debug, info, warn or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  command->add_option("--log-format", options_.log_format, "text, or json: one object a line")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  command
      ->add_option("--log-calls", options_.log_calls,
                   "Which calls are logged: none, failed (the server's fault, or slow), all")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "failed", "all"}));
  command
      ->add_option("--slow-ms", options_.slow_ms,
                   "A call that takes longer is logged, a check with its explanation; 0: none is for that")
      ->capture_default_str()
      ->check(CLI::Range(0, 3'600'000));
  command
      ->add_option("--questions-max", options_.load.questions_max,
                   "Questions worked on at a time, at most; under load it adapts below that")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_option("--writes-max", options_.load.writes_max, "Writes under way at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command
      ->add_option("--lists-max", options_.load.lists_max, "Batches, lookups, exports and imports under way at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_option("--watches-max", options_.load.watches_max, "Watchers at a time; each has a thread")
      ->capture_default_str()
      ->check(CLI::Range(1, 7000));
  command->add_option("--backups", options_.backups,
                      "Directory into which `mandate backup create` puts backups; without it, it is refused");
  command->add_option(
      "--config", config_,
      "File of these options, one a line: `listen = \"127.0.0.1:50051\"`. The command line goes before the "
      "environment (MANDATE_SERVE_LISTEN), and that before the file");
  NameVariables(command);
  command->callback([this, command] {
    if (!config_.empty()) ReadConfigFile(command, config_);
    run_ = [this] { return Serve(options_); };
  });
}

}  // namespace mandate
