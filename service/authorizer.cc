// One order, decided once. A call is decided on a snapshot, outside of the commit, so that a slow question never holds
// up anybody's write; then a write of records alone carries the entry, and its guard, which runs alone and in the order
// of all commits, accepts it only if what was decided on is still so:
//
//   the newest revision is the snapshot's         no relationship and no schema changed, so chain, scopes, permissions
//   the newest entry of the root task is the same nothing was done or approved under it meanwhile
//   the idempotency key is still unused           nobody sent the same call at the same time
//   the answer is valid at the commit's moment    nothing that it rests on expired while it waited
//
// Else the guard decides again, itself, on the state before it: then nothing can come in between. It does so only if
// the question was cheap the first time; an expensive one is decided outside again, a few times, and then refused with
// ABORTED: whoever asks expensive questions under a storm of writes is told so, instead of stopping the writes. So an
// allowed entry is allowed at the very revision at which it stands, and of two calls for the last unit of a limit the
// second one's guard sees the first one's entry. A revocation that is acknowledged has a revision; an entry behind it
// is decided at that one or a later one.
//
// Idempotency keys belong to sessions. What is remembered is written with the entries, so a call that was killed before
// its answer arrived either left both or neither.
#include "service/authorizer.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/escaping.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/authorizer_shared.h"
#include "storage/ledger.h"

namespace mandate {
namespace {

// What a guard may spend on deciding again: others wait for it.
constexpr absl::Duration kInsideMax = absl::Milliseconds(20);

// What makes two requests the same one.
std::string FingerprintOf(const std::vector<AuthorizeCall>& calls) {
  std::string text;
  const auto add = [&text](std::string_view part) { text += Cat(part.size(), ":", part); };
  for (const AuthorizeCall& call : calls) {
    const CheckQuestion& q = call.question;
    add(ToText(q.resource));
    add(q.permission);
    add(ToText(q.subject));
    add(q.task ? ToText(*q.task) : "");
    add(q.claims.principal ? ToText(*q.claims.principal) : "");
    add(q.claims.agent ? ToText(*q.claims.agent) : "");
    for (const ObjectRef& agent : q.claims.chain) add(ToText(agent));
    add(";");
    for (const SubjectRef& member : q.audience) add(ToText(member));
    add(";");
    add(q.parameter_digest);
    add(q.context);
  }
  return absl::BytesToHexString(AbslView(Sha256(text)));
}

// The root under which a call is kept, as its first entry says.
const std::string& RootOf(const std::vector<DecidedCall>& decided) { return decided.front().entry.root; }

absl::Time ValidUntil(const std::vector<DecidedCall>& decided) {
  absl::Time until = absl::InfiniteFuture();
  for (const DecidedCall& one : decided) until = std::min(until, one.answer.valid_until);
  return until;
}

bool AllAllowed(const std::vector<DecidedCall>& decided) {
  return decided.back().answer.decision == Decision::kAllowed;
}

// Writes the entries; returns their numbers.
absl::StatusOr<std::vector<uint64_t>> RecordAll(const std::vector<DecidedCall>& decided, PendingWrite& write) {
  std::vector<uint64_t> sequences;
  const bool all = AllAllowed(decided);
  for (const DecidedCall& one : decided) {
    if (!all && &one != &decided.back()) continue;  // What was not done is not recorded as if it were.
    sequences.push_back(write.NextSequence());
    if (absl::Status status = Record(one.entry, write); !status.ok()) return status;
  }
  return sequences;
}

}  // namespace

absl::StatusOr<Authorizer::Outcome> Authorizer::Authorize(const std::vector<AuthorizeCall>& calls,
                                                          const CheckLimits& limits) {
  absl::StatusOr<Outcome> outcome = Retry("");
  for (int attempt = 0; attempt < kAttemptsMax && absl::IsAborted(outcome.status()); ++attempt) {
    outcome = TryAuthorize(calls, limits);
  }
  return absl::IsAborted(outcome.status()) ? Contended() : std::move(outcome);
}

absl::StatusOr<Authorizer::Outcome> Authorizer::TryAuthorize(const std::vector<AuthorizeCall>& calls,
                                                             const CheckLimits& limits) {
  auto view = database_.Head();
  if (!view.ok()) return view.status();
  const std::string& key = calls.front().idempotency_key;
  const std::string session = ToText(calls.front().question.subject);
  const auto find_call = [&](const Snapshot& state) -> absl::StatusOr<std::optional<RememberedCall>> {
    if (key.empty()) return std::optional<RememberedCall>();
    return FindCall(state, session, key);
  };
  auto remembered = find_call(*view->snapshot);
  if (!remembered.ok()) return remembered.status();
  if (remembered->has_value()) return Repeat(*view, calls, **remembered, limits);

  const auto began = std::chrono::steady_clock::now();
  auto decided = DecidePlan(*view->plan, *view->snapshot, database_.now(), limits, calls);
  if (!decided.ok()) return decided.status();
  const bool cheap = absl::FromChrono(std::chrono::steady_clock::now() - began) <= kInsideMax;
  auto newest = NewestOf(*view->snapshot, RootOf(*decided));
  if (!newest.ok()) return newest.status();

  Outcome outcome;
  WriteRequest request;
  request.records_only = true;
  request.expected_schema = view->plan->schema_revision();
  request.guard = [&](PendingWrite& write) -> absl::Status {
    const Snapshot& state = write.before();
    auto known = find_call(state);
    if (!known.ok()) return known.status();
    if (known->has_value()) return Retry("the same call was made meanwhile");
    auto newest_now = NewestOf(state, RootOf(*decided));
    if (!newest_now.ok()) return newest_now.status();
    const bool still_so =
        state.revision() == view->revision() && *newest_now == *newest && write.now() < ValidUntil(*decided);
    if (!still_so) {
      if (!cheap) return Retry("what it was decided on has changed");
      decided = DecidePlan(*view->plan, state, write.now(), limits, calls);
      if (!decided.ok()) return decided.status();
    }
    auto sequences = RecordAll(*decided, write);
    if (!sequences.ok()) return sequences.status();
    outcome.sequences = *std::move(sequences);
    if (!key.empty()) RememberCall(session, key, {FingerprintOf(calls), outcome.sequences.front()}, write);
    return absl::OkStatus();
  };
  auto written = database_.store().Write(request);
  if (!written.ok()) return written.status();
  outcome.revision = decided->front().entry.revision;
  for (DecidedCall& one : *decided) {
    database_.tally().Note(one.answer);
    outcome.answers.push_back(std::move(one.answer));
  }
  return outcome;
}

absl::StatusOr<Authorizer::Outcome> Authorizer::Repeat(const View& view, const std::vector<AuthorizeCall>& calls,
                                                       const RememberedCall& remembered, const CheckLimits& limits) {
  if (remembered.fingerprint != FingerprintOf(calls)) {
    return WithField(WithReason(InvalidArgument(Cat("the idempotency key `", calls.front().idempotency_key,
                                                    "` of this session was used for another request; a new "
                                                    "request needs a new key")),
                                "IDEMPOTENCY_KEY_REUSED"),
                     "idempotency_key");
  }
  Outcome outcome;
  outcome.repeated = true;
  outcome.revision = view.revision();
  for (uint64_t sequence = remembered.sequence;; ++sequence) {
    auto entry = LoadEntry(*view.snapshot, sequence);
    if (!entry.ok()) return entry.status();
    // Of a plan that was refused there is one entry. An older server's says of the actions before it no more than how
    // many they were.
    for (const LedgerEntry& earlier : entry->before) outcome.answers.push_back(RecordedAnswer(earlier));
    outcome.answers.resize(entry->batch_index, Answer{.decision = Decision::kAllowed});
    outcome.answers.push_back(RecordedAnswer(*entry));
    outcome.sequences.push_back(sequence);
    if (entry->decision != Decision::kAllowed || outcome.answers.size() == calls.size()) break;
  }
  if (!outcome.allowed()) return outcome;
  auto chain = DecideChain(*view.plan, *view.snapshot, database_.now(), limits, calls.front().question);
  if (!chain.ok()) return chain.status();
  if (chain->decision != Decision::kAllowed) {
    outcome.answers = {*std::move(chain)};
    return outcome;
  }
  for (Answer& answer : outcome.answers) answer.valid_until = std::min(answer.valid_until, chain->valid_until);
  return outcome;
}

}  // namespace mandate
