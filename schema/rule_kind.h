// rule_kind.h: the words of the rules of a task (delegation.md, section 5), in text and compiled.
//
// Threads     Values; safe anywhere.
#ifndef MANDATE_SCHEMA_RULE_KIND_H_
#define MANDATE_SCHEMA_RULE_KIND_H_

#include <cstddef>
#include <cstdint>

namespace mandate {

enum class RuleKind : uint8_t {
  kLimit,    // limit P to N per task
  kAfter,    // after P [when q] forbid Q
  kContain,  // contain P [when q] at Q
  kApproval  // require approval for P by q [other than principal]
};

// Over what a limit counts: the task with its children, or one session.
enum class LimitPer : uint8_t { kTask, kSession };

// The highest limit: far above what any task does, and it fits a 32-bit count.
inline constexpr uint64_t kLimitMax = 1'000'000'000;

// Rules of one type of task: each is looked at in every call.
inline constexpr size_t kRulesMax = 100;

}  // namespace mandate

#endif  // MANDATE_SCHEMA_RULE_KIND_H_
