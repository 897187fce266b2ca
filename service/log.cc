#include "service/log.h"

#include <atomic>
#include <memory>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "schema/text.h"
#include "spdlog/formatter.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace mandate {
namespace {

using nlohmann::ordered_json;

// Begins a payload that is the inside of a JSON object already. No text of ours begins with it.
constexpr char kFieldsMark = '\x1f';

std::atomic<LogFormat> format_in_force = LogFormat::kText;

std::string Dump(const ordered_json& json) { return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const std::string_view payload(message.payload.data(), message.payload.size());
    const spdlog::string_view_t level = spdlog::level::to_string_view(message.level);
    std::string text =
        Dump({{"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromChrono(message.time), absl::UTCTimeZone())},
              {"level", std::string(level.data(), level.size())}});
    text.pop_back();
    text += ',';
    if (!payload.empty() && payload[0] == kFieldsMark) {
      text += payload.substr(1);
    } else {
      text += Dump({{"message", std::string(payload)}}).substr(1);
    }
    text += '\n';
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

}  // namespace

void StartLog(const LogOptions& options) {
  // Standard error, so that standard output stays for what a command prints.
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (options.format == LogFormat::kJson) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  }
  auto log = std::make_shared<spdlog::logger>("mandate", std::move(sink));
  if (options.format == LogFormat::kJson) {
    log->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }
  log->set_level(spdlog::level::from_str(options.level));
  log->flush_on(spdlog::level::info);
  format_in_force = options.format;
  spdlog::set_default_logger(std::move(log));
}

std::string EventText(LogFormat format, std::string_view message, const ordered_json& fields) {
  if (format == LogFormat::kJson) {
    ordered_json event{{"message", std::string(message)}};
    event.update(fields);
    return Cat(std::string(1, kFieldsMark), Dump(event).substr(1));
  }
  std::string text(message);
  for (const auto& [name, value] : fields.items()) text += Cat(" ", name, "=", Dump(value));
  return text;
}

void LogEvent(spdlog::level::level_enum level, std::string_view message, const ordered_json& fields) {
  if (!spdlog::should_log(level)) return;
  spdlog::log(level, "{}", EventText(format_in_force, message, fields));
}

}  // namespace mandate
