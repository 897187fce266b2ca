// Strings, patterns, and addresses.
#include <algorithm>

#include "absl/strings/ascii.h"
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

// What RE2 does for a text alone, however small its limit: every `\p{L}` becomes a set of hundreds of
// ranges, and what `{n}` repeats is written out.
uint64_t UnitsToRead(std::string_view pattern) {
  constexpr uint64_t kUnitsPerByte = 4;
  constexpr uint64_t kUnitsPerUnicodeClass = 2000;
  constexpr uint64_t kUnitsPerRepetition = 2;
  constexpr uint64_t kRepetitionsMax = 1000;  // RE2 refuses more.
  uint64_t units = pattern.size() * kUnitsPerByte;
  uint64_t number = 0;  // That the digits so far make.
  bool is_count = false;
  char previous = '\0';
  for (char c : pattern) {
    if (previous == '\\' && (c == 'p' || c == 'P')) units += kUnitsPerUnicodeClass;
    previous = c;
    if (is_count && absl::ascii_isdigit(c)) {
      number = std::min<uint64_t>(number * 10 + static_cast<uint64_t>(c - '0'), kRepetitionsMax);
      continue;
    }
    units += number * kUnitsPerRepetition;
    number = 0;
    is_count = c == '{' || (is_count && c == ',');
  }
  return units;
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
  if (text.size() > kRunTimePatternSizeMax) {
    return Value::Error(Cat("a pattern made at run time has at most ", kRunTimePatternSizeMax, " bytes"));
  }
  RunTimePattern& last = call.last_pattern;
  if (last.text != text || (last.program == nullptr && last.problem.empty())) {
    last = {text, nullptr, ""};
    last.program = CompilePattern(text, kRunTimePatternMemoryMax, call.cost, last.problem);
  }
  if (!last.problem.empty()) return Value::Error(last.problem);
  return last.program != nullptr ? Search(call, *last.program) : Value::Bool(false);
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

// A program that is too large has cost as much as the largest that is not.
std::shared_ptr<const RE2> CompilePattern(const std::string& text, int64_t memory_max, Cost& cost,
                                          std::string& problem) {
  constexpr uint64_t kUnitsPerInstruction = 8;
  constexpr uint64_t kBytesPerInstruction = 24;  // 16, and RE2 keeps a third for searching.
  if (!cost.Charge(UnitsToRead(text))) return nullptr;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory_max);
  auto pattern = std::make_shared<const RE2>(text, options);
  uint64_t instructions = 0;
  if (pattern->ok()) instructions = static_cast<uint64_t>(pattern->ProgramSize());
  if (pattern->error_code() == RE2::ErrorPatternTooLarge) {
    instructions = static_cast<uint64_t>(memory_max) / kBytesPerInstruction;
  }
  if (!cost.Charge(instructions * kUnitsPerInstruction)) return nullptr;
  if (pattern->ok()) return pattern;
  problem = Cat(Quote(text), " is not a regular expression: ", pattern->error());
  return nullptr;
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
