#include "service/request_log.h"

#include <algorithm>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "schema/text.h"
#include "service/log.h"
#include "service/metrics.h"

namespace mandate {
namespace {

constexpr size_t kRequestIdMax = 128;
constexpr int64_t kSlowEveryNs = 1'000'000'000;

bool IsHex(absl::string_view text, size_t size) {
  return text.size() == size &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); });
}

bool IsZero(absl::string_view text) { return text.find_first_not_of('0') == text.npos; }

std::string NewRequestId() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::string bytes(12, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return absl::BytesToHexString(bytes);
}

std::string_view Header(const grpc::ServerContextBase& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

double Milliseconds(std::chrono::nanoseconds took) { return std::chrono::duration<double, std::milli>(took).count(); }

void AddNames(const RequestNames& names, nlohmann::ordered_json* fields) {
  if (!names.request_id.empty()) (*fields)["request_id"] = names.request_id;
  if (!names.trace_id.empty()) {
    (*fields)["trace_id"] = names.trace_id;
    (*fields)["span_id"] = names.span_id;
  }
}

}  // namespace

RequestNames NamesOfRequest(std::string_view request_id, std::string_view traceparent) {
  RequestNames names;
  const bool printable =
      std::all_of(request_id.begin(), request_id.end(), [](char c) { return absl::ascii_isgraph(c); });
  if (request_id.size() <= kRequestIdMax && printable) names.request_id = request_id;
  // version "-" trace-id "-" parent-id "-" flags; a later version may have more behind that.
  const std::vector<absl::string_view> parts = absl::StrSplit(AbslView(traceparent), '-');
  if (parts.size() < 4 || !IsHex(parts[0], 2) || parts[0] == "ff" || !IsHex(parts[1], 32) || !IsHex(parts[2], 16) ||
      !IsHex(parts[3], 2) || IsZero(parts[1]) || IsZero(parts[2]) || (parts[0] == "00" && parts.size() != 4)) {
    return names;
  }
  names.trace_id = std::string(parts[1]);
  names.span_id = std::string(parts[2]);
  return names;
}

RequestNames NamesOfRequest(const grpc::ServerContextBase& context) {
  return NamesOfRequest(Header(context, "x-request-id"), Header(context, "traceparent"));
}

bool RequestLog::Wants(grpc::StatusCode code, std::chrono::nanoseconds took, bool lasts) const {
  if (options_.which == LoggedCalls::kAll) return true;
  if (options_.which == LoggedCalls::kNone) return false;
  if (!lasts && IsSlow(took)) return true;
  if (lasts && code == grpc::UNAVAILABLE) return false;  // It ends with the server.
  return code == grpc::UNKNOWN || code == grpc::INTERNAL || code == grpc::UNAVAILABLE || code == grpc::DATA_LOSS;
}

std::string RequestLog::Tell(Call call) const {
  std::string given;
  if (call.names.request_id.empty()) given = call.names.request_id = NewRequestId();
  nlohmann::ordered_json fields{{"method", std::string(call.method)},
                                {"code", CodeName(call.code)},
                                {"ms", Milliseconds(call.took)},
                                {"peer", std::string(call.peer)}};
  if (!call.key.empty()) fields["key"] = std::string(call.key);
  AddNames(call.names, &fields);
  const bool failed = call.code == grpc::UNKNOWN || call.code == grpc::INTERNAL || call.code == grpc::DATA_LOSS;
  LogEvent(failed ? spdlog::level::err : spdlog::level::info, "call", fields);
  return given;
}

void RequestLog::TellSlow(const grpc::ServerContextBase& context, std::string_view key, std::chrono::nanoseconds took,
                          nlohmann::ordered_json question, const std::function<nlohmann::ordered_json()>& explain) {
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  int64_t next = next_slow_ns_.load(std::memory_order_relaxed);
  if (now < next || !next_slow_ns_.compare_exchange_strong(next, now + kSlowEveryNs)) return;
  question["ms"] = Milliseconds(took);
  if (!key.empty()) question["key"] = std::string(key);
  AddNames(NamesOfRequest(context), &question);
  question["explanation"] = explain();
  LogEvent(spdlog::level::warn, "slow question", question);
}

}  // namespace mandate
