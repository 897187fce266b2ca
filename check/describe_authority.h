// describe_authority.h: what an agent may do by way of a session or a task, and until when, without asking about
// anything in particular.
//
// Threads     Free function; safe anywhere.
// Errors      Those of authorize.h and evaluator.h; INVALID_ARGUMENT (NOT_A_TASK, NOT_DELEGATED_KIND).
#ifndef MANDATE_CHECK_DESCRIBE_AUTHORITY_H_
#define MANDATE_CHECK_DESCRIBE_AUTHORITY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/checker.h"

namespace mandate {

struct AuthorityQuestion {
  SubjectRef subject;             // A session, or an agent.
  std::optional<ObjectRef> task;  // Of an agent; of a session a claim.
  std::string context;
};

struct Authority {
  // Allowed while the chain is live, until answer.valid_until; else its first reason. The lineage is set.
  Answer chain;

  struct Item {
    Relationship relationship;
    Decision decision = Decision::kAllowed;  // kConditional: it counts if its caveat holds.
  };
  struct Hop {
    std::vector<Item> scope;  // Live items.
    std::vector<Item> boundary;
    bool has_boundary = false;  // The agent's type declares one.
  };
  std::vector<Hop> hops;  // As in the lineage.

  struct Rule {
    ObjectRef task;
    std::string text;
    bool is_limit = false;
    uint64_t used = 0;  // Of a limit; of one per session, in this session.
    uint64_t left = 0;
  };
  std::vector<Rule> rules;  // None while the chain breaks off.
};

absl::StatusOr<Authority> DescribeAuthority(const Plan& plan, const Snapshot& snapshot, absl::Time now,
                                            const CheckLimits& limits, const AuthorityQuestion& question);

}  // namespace mandate

#endif  // MANDATE_CHECK_DESCRIBE_AUTHORITY_H_
