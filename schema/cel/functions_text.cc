// Strings, patterns, and addresses.
#include "schema/cel/functions.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

bool AreStrings(const Call& call) {
  for (const Value& arg : call.args) {
    if (!arg.Is(ValueKind::kString)) return false;
    call.cost.ChargeBytes(arg.text().size());
  }
  return true;
}

Value Contains(const Call& call) {
  if (!AreStrings(call)) return NoOverload(call);
  const std::string& text = call.args[0].text();
  const std::string& part = call.args[1].text();
  // The search may compare from every position anew.
  call.cost.Charge(text.size() / Cost::kBytesPerUnit * (1 + part.size() / Cost::kBytesPerUnit));
  if (call.cost.exceeded()) return Value::Bool(false);
  return Value::Bool(text.find(part) != std::string::npos);
}

Value StartsWith(const Call& call) {
  if (!AreStrings(call)) return NoOverload(call);
  return Value::Bool(call.args[0].text().starts_with(call.args[1].text()));
}

Value EndsWith(const Call& call) {
  if (!AreStrings(call)) return NoOverload(call);
  return Value::Bool(call.args[0].text().ends_with(call.args[1].text()));
}

// At worst RE2 visits every instruction for every byte; mostly it needs a few steps per byte.
Value Search(const Call& call, const RE2& pattern) {
  constexpr uint64_t kInstructionsPerUnit = 16;
  uint64_t steps_per_byte = 1 + pattern.ProgramSize() / kInstructionsPerUnit;
  uint64_t units = 1 + call.args[0].text().size() * steps_per_byte / Cost::kBytesPerUnit;
  if (!call.cost.Charge(units)) return Value::Bool(false);
  return Value::Bool(RE2::PartialMatch(call.args[0].text(), pattern));
}

Value Matches(const Call& call) {
  if (!AreStrings(call)) return NoOverload(call);
  if (call.pattern != nullptr) return Search(call, *call.pattern);
  const std::string& text = call.args[1].text();
  if (text.size() > kDynamicPatternSizeMax) {
    return Value::Error(Cat("a pattern made at run time has at most ", kDynamicPatternSizeMax, " bytes"));
  }
  RE2 pattern(text, PatternOptions());
  if (!pattern.ok()) {
    call.cost.Charge(text.size());
    return Value::Error(Cat(Quote(text), " is not a regular expression: ", pattern.error()));
  }
  if (!call.cost.Charge(pattern.ProgramSize())) return Value::Bool(false);
  return Search(call, pattern);
}

Value InCidr(const Call& call) {
  if (!call.args[0].Is(ValueKind::kIpAddress) || !call.args[1].Is(ValueKind::kString)) return NoOverload(call);
  std::optional<IpRange> range = ParseIpRange(call.args[1].text());
  if (!range.has_value()) {
    return Value::Error(Cat(call.args[1].ToString(), " is not an address range like `10.0.0.0/8`"));
  }
  return Value::Bool(range->Contains(call.args[0].ip()));
}

}  // namespace

RE2::Options PatternOptions() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryMax);
  return options;
}

std::vector<FunctionSpec> TextFunctions() {
  return {
      {"contains", {"string.(string) -> bool"}, Contains},
      {"startsWith", {"string.(string) -> bool"}, StartsWith},
      {"endsWith", {"string.(string) -> bool"}, EndsWith},
      {"matches", {"string.(string) -> bool", "(string, string) -> bool"}, Matches},
      {"in_cidr", {"ipaddress.(string) -> bool"}, InCidr},
  };
}

}  // namespace mandate::cel
