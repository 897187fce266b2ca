// ruled_world.h: two orders of agents with documents and a mailbox, to try rules over time on.
//
//   Ruled world("limit mailbox#send to 2 per task");
//   EXPECT_EQ(world.Authorize("mailbox:m#send@run:a"), "ALLOWED");
#ifndef MANDATE_CHECK_RULED_WORLD_H_
#define MANDATE_CHECK_RULED_WORLD_H_

#include <string>
#include <vector>

#include "check/authorize.h"
#include "check/test_world.h"
#include "gtest/gtest.h"
#include "schema/reason.h"

namespace mandate {

inline std::string SchemaWith(const std::string& rules, const std::string& sub_rules = "") {
  return Cat(R"(
use delegation
use expiration
caveat weekday(day string) { day != "sunday" }
definition user { relation acts_on_behalf_of: assistant with expiration }
definition document {
  relation owner: user
  relation viewer: user | user with expiration
  relation confidential: user:* | user:* with weekday
  relation cleared: user:* with expiration
  permission edit = owner
  permission view = viewer + edit
  permission secret = confidential - cleared
}
definition mailbox {
  relation owner: user
  relation deputy: user
  permission send = owner
  permission approve = owner + deputy
}
agent assistant {
  relation acts_on_behalf_of: assistant with expiration
}
task errand {
  relation delegator: user | assistant
  relation delegated_for_task: assistant with expiration
  relation parent_task: errand | order
  relation scope: document:*#view | document:*#edit | mailbox:*#send
  )",
             sub_rules, R"(
}
task order {
  relation delegator: user
  relation delegated_for_task: assistant with expiration
  relation scope: document:*#view | document:*#edit | mailbox:*#send
  )",
             rules, R"(
}
session run {
  relation agent: assistant with expiration
  relation task: errand | order
}
)");
}

// alice asks bot for order:1; bot asks sub for errand:2 below it. Each has a session, bot two.
inline constexpr char kRuledWorld[] = R"(
  document:plan#owner@user:alice
  document:memo#owner@user:alice
  document:memo#viewer@user:bob
  mailbox:m#owner@user:alice
  mailbox:m#deputy@user:bob
  user:alice#acts_on_behalf_of@assistant:bot[expiration:2030-01-01T00:00:00Z]
  assistant:bot#acts_on_behalf_of@assistant:sub[expiration:2030-01-01T00:00:00Z]
  order:1#delegator@user:alice
  order:1#delegated_for_task@assistant:bot[expiration:2030-01-01T00:00:00Z]
  order:1#scope@document:*#view
  order:1#scope@document:*#edit
  order:1#scope@mailbox:*#send
  errand:2#delegator@assistant:bot
  errand:2#parent_task@order:1
  errand:2#delegated_for_task@assistant:sub[expiration:2030-01-01T00:00:00Z]
  errand:2#scope@document:*#view
  errand:2#scope@document:*#edit
  errand:2#scope@mailbox:*#send
  run:a#agent@assistant:bot[expiration:2030-01-01T00:00:00Z]
  run:a#task@order:1
  run:b#agent@assistant:bot[expiration:2030-01-01T00:00:00Z]
  run:b#task@order:1
  run:s#agent@assistant:sub[expiration:2030-01-01T00:00:00Z]
  run:s#task@errand:2)";

class Ruled : public TestWorld {
 public:
  explicit Ruled(const std::string& rules, const std::string& sub_rules = "")
      : TestWorld(SchemaWith(rules, sub_rules), kRuledWorld) {}
  struct Whole {
    std::string schema;
    std::string world;
  };
  explicit Ruled(const Whole& whole) : TestWorld(whole.schema, whole.world) {}

  static AuthorizeCall Call(const std::string& text, const std::vector<std::string>& audience = {},
                            const std::string& digest = "") {
    auto parsed = ParseQuestion(text);
    EXPECT_TRUE(parsed.ok()) << text;
    AuthorizeCall call{{.resource = parsed->resource, .permission = parsed->permission, .subject = parsed->subject},
                       ""};
    for (const std::string& member : audience) call.question.audience.push_back(*ParseSubject(member));
    call.question.parameter_digest = digest;
    return call;
  }

  // Decides at the newest state and records, as the service does.
  absl::StatusOr<std::vector<DecidedCall>> Try(std::vector<AuthorizeCall> calls) {
    absl::StatusOr<std::vector<DecidedCall>> decided = absl::AbortedError("");
    for (AuthorizeCall& call : calls) call.question.context = context;
    WriteRequest request{.guard = [&](PendingWrite& write) -> absl::Status {
                           decided = DecidePlan(*plan, write.before(), now, limits, calls);
                           if (!decided.ok()) return decided.status();
                           const bool all = decided->back().answer.decision == Decision::kAllowed;
                           for (const DecidedCall& one : *decided) {
                             if (!all && &one != &decided->back()) continue;
                             if (absl::Status status = Record(one.entry, write); !status.ok()) return status;
                           }
                           return absl::OkStatus();
                         },
                         .records_only = true};
    const absl::Status status = store->Write(request).status();
    if (!status.ok()) return status;
    return decided;
  }
  // The decision, or the reason of a denial; recorded.
  std::string Authorize(const std::string& text, const std::vector<std::string>& audience = {},
                        const std::string& digest = "") {
    auto decided = Try({Call(text, audience, digest)});
    return decided.ok() ? Say(decided->front().answer) : std::string(decided.status().message());
  }
  static std::string Say(const Answer& answer) {
    if (answer.reason != DenialReason::kNone) return std::string(ReasonName(answer.reason));
    std::string text(DecisionName(answer.decision));
    for (const std::string& name : answer.missing_context) text += Cat(" ", name);
    return text;
  }
  // What Check says to the same; records nothing.
  std::string Check(const std::string& text, const std::vector<std::string>& audience = {},
                    const std::string& digest = "", const std::string& task = "") {
    CheckQuestion question = Call(text, audience, digest).question;
    question.context = context;
    if (!task.empty()) question.task = *ParseObject(task);
    auto snapshot = store->Head();
    auto answer = Checker(*plan, *snapshot, now, limits).Check(question);
    return answer.ok() ? Say(*answer) : std::string(answer.status().message());
  }
  // Until when what Check says holds; empty for no end.
  std::string ValidUntil(const std::string& text, const std::vector<std::string>& audience) {
    auto snapshot = store->Head();
    auto answer = Checker(*plan, *snapshot, now, limits).Check(Call(text, audience).question);
    EXPECT_TRUE(answer.ok() && answer->decision == Decision::kAllowed) << text;
    if (!answer.ok() || answer->valid_until == absl::InfiniteFuture()) return "";
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", answer->valid_until, absl::UTCTimeZone());
  }
  void Approve(const std::string& approver, const std::string& digest, const std::string& held,
               absl::Time expires_at = absl::InfiniteFuture(), const std::string& root = "order:1") {
    LedgerEntry entry{.kind = EntryKind::kApprove,
                      .at = now,
                      .revision = store->Head()->revision(),
                      .root = root,
                      .resource = {"mailbox", "m"},
                      .permission = "mailbox#send",
                      .parameter_digest = digest,
                      .approver = *ParseSubject(approver),
                      .held = {held},
                      .expires_at = expires_at};
    WriteRequest request{.guard = [&](PendingWrite& write) { return Record(entry, write); }, .records_only = true};
    ASSERT_TRUE(store->Write(request).ok());
  }
  std::vector<LedgerEntry> Entries() {
    std::vector<LedgerEntry> entries;
    auto snapshot = store->Head();
    auto cursor = snapshot->Ledger({}, 0);
    for (; cursor->Valid(); cursor->Next()) {
      auto entry = EntryFromJson(cursor->record().body);
      EXPECT_TRUE(entry.ok()) << entry.status();
      EXPECT_EQ(ToJson(*entry), cursor->record().body) << "an entry says what it said";
      entries.push_back(*std::move(entry));
    }
    return entries;
  }
};

}  // namespace mandate

#endif  // MANDATE_CHECK_RULED_WORLD_H_
