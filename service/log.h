// log.h: what the server tells its operator, as text or as JSON, one event a line, on standard error.
//
//   StartLog({.level = "info", .format = LogFormat::kJson});
//   spdlog::info("serving {}", directory);                                   // {"time":…,"level":"info","message":"serving …"}
//   LogEvent(spdlog::level::warn, "call failed", {{"method", name}, {"ms", 12.5}});
//
// No key, no context of a caveat and no body of a request is ever logged. Texts of callers are: ids, names of methods,
// request ids; in JSON they are escaped, in text put in quotes, so that none begins a line of its own.
//
// Threads     Safe to share once started.
#ifndef MANDATE_SERVICE_LOG_H_
#define MANDATE_SERVICE_LOG_H_

#include <string>
#include <string_view>

#include "nlohmann/json.hpp"
#include "spdlog/spdlog.h"

namespace mandate {

enum class LogFormat { kText, kJson };

struct LogOptions {
  std::string level = "info";  // debug, info, warn, error
  LogFormat format = LogFormat::kText;
};

// Replaces the default logger.
void StartLog(const LogOptions& options);

// `fields` is an object. Its texts may be anything.
void LogEvent(spdlog::level::level_enum level, std::string_view message, const nlohmann::ordered_json& fields);

// For tests: the line that an event becomes, without time and level.
std::string EventText(LogFormat format, std::string_view message, const nlohmann::ordered_json& fields);

}  // namespace mandate

#endif  // MANDATE_SERVICE_LOG_H_
