#include "tools/ledger_commands.h"

#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "check/ledger_entry.h"
#include "schema/text.h"
#include "service/delegation_client.h"
#include "tools/answer_text.h"
#include "tools/exit_code.h"
#include "tools/ledger_file.h"
#include "tools/options.h"

namespace mandate {
namespace {

absl::StatusOr<std::optional<Decision>> DecisionOption(const std::string& text) {
  if (text.empty()) return std::optional<Decision>();
  for (Decision decision : {Decision::kAllowed, Decision::kDenied, Decision::kConditional}) {
    if (absl::AsciiStrToUpper(text) == DecisionName(decision)) return std::optional<Decision>(decision);
  }
  return InvalidArgument(Cat("--decision ", Quote(text), " is no decision; write allowed, denied or conditional"));
}

absl::StatusOr<LedgerQuery> ToQuery(const LedgerReadOptions& options) {
  LedgerQuery query{.after = options.after, .limit = options.limit};
  struct Place {
    const char* option;
    const std::string& text;
    std::optional<ObjectRef>* out;
  };
  for (const Place& place : {Place{"--session", options.session, &query.session},
                             {"--task", options.task, &query.task},
                             {"--agent", options.agent, &query.agent},
                             {"--principal", options.principal, &query.principal},
                             {"--resource", options.resource, &query.resource}}) {
    auto object = ObjectOption(place.option, place.text);
    if (!object.ok()) return object.status();
    *place.out = *std::move(object);
  }
  auto decision = DecisionOption(options.decision);
  if (!decision.ok()) return decision.status();
  query.decision = *decision;
  const absl::Time now = absl::Now();
  if (!options.since.empty()) {
    auto since = PastOption("--since", options.since, now);
    if (!since.ok()) return since.status();
    query.since = *since;
  }
  if (!options.until.empty()) {
    auto until = PastOption("--until", options.until, now);
    if (!until.ok()) return until.status();
    query.until = *until;
  }
  return query;
}

template <typename Values, typename ToPart>
std::string Listed(const char* before, const Values& values, const ToPart& to_part) {
  std::string text;
  for (const auto& value : values) text += Cat(text.empty() ? before : ", ", to_part(value));
  return text;
}

const auto kAsText = [](const auto& value) { return ToText(value); };
const auto kAsItIs = [](const auto& value) { return value; };

// `document:plan#view`, of an entry that keeps `document#view` beside the resource.
std::string ActionText(const LedgerEntry& entry) {
  const size_t hash = entry.permission.find('#');
  return Cat(ToText(entry.resource), "#", entry.permission.substr(hash == std::string::npos ? 0 : hash + 1));
}

std::string CallText(const LedgerEntry& entry) {
  std::string text = Cat(ActionText(entry), "@", entry.session ? ToText(*entry.session) : entry.root);
  if (entry.lineage && !entry.lineage->hops.empty()) {
    std::string chain;
    for (const Lineage::Hop& hop : entry.lineage->hops) {
      chain += Cat(chain.empty() ? "" : " for ", ToText(hop.agent), " on ", ToText(hop.task));
    }
    text += Cat(" (", chain, entry.lineage->principal ? Cat(" for ", ToText(*entry.lineage->principal)) : "", ")");
  }
  text += Listed(", to ", entry.audience, kAsText);
  if (!entry.parameter_digest.empty()) text += Cat(", digest ", entry.parameter_digest);
  if (!entry.idempotency_key.empty()) text += Cat(", key ", entry.idempotency_key);
  text += Listed(", approved by entry ", entry.approvals, kAsItIs);
  if (entry.batch_size > 1) text += Cat(", ", entry.batch_index + 1, " of a plan of ", entry.batch_size);
  if (entry.reason != DenialReason::kNone) text += Cat(": ", ReasonName(entry.reason), " at ", entry.reason_at);
  return text + Listed(": missing ", entry.missing_context, kAsItIs);
}

// What happened, and the rest of the line.
std::pair<std::string, std::string> EntryText(const LedgerEntry& entry) {
  switch (entry.kind) {
    case EntryKind::kAuthorize: return {absl::AsciiStrToLower(AbslView(DecisionName(entry.decision))), CallText(entry)};
    case EntryKind::kApprove:
      return {"approved",
              Cat(ActionText(entry), " for ", entry.root, ", by ", ToText(*entry.approver), ", digest ",
                  entry.parameter_digest,
                  entry.expires_at == absl::InfiniteFuture() ? "" : Cat(", until ", TimeText(entry.expires_at)))};
    case EntryKind::kRetire: return {"retired", Cat(entry.root, Listed(", entries ", entry.retired, kAsItIs))};
  }
  return {};
}

std::string RecordLine(const LedgerRecord& record) {
  if (record.retired) return Cat(record.sequence, "  taken by retention");
  auto entry = EntryFromJson(record.body);
  if (!entry.ok()) return Cat(record.sequence, "  ", record.body);  // A newer server's, perhaps.
  auto [what, rest] = EntryText(*entry);
  constexpr size_t kWidth = 11;  // `conditional`
  what.resize(std::max(kWidth, what.size()), ' ');
  return Cat(record.sequence, "  ", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", entry->at, absl::UTCTimeZone()), "  ",
             what, "  ", rest);
}

}  // namespace

int ReadLedgerEntries(const ClientOptions& client, const LedgerReadOptions& options) {
  auto query = ToQuery(options);
  if (!query.ok()) return Fail(query.status());
  query->json = client.json;
  DelegationClient connection(client.server);
  const auto print = [&](const DelegationClient::LedgerPage& page) {
    if (client.json) std::cout << page.json << "\n";
    for (const LedgerRecord& record : page.records) {
      if (!client.json) std::cout << RecordLine(record) << "\n";
    }
    std::cout.flush();
    return std::cout.good();
  };
  const absl::Status status =
      options.follow ? connection.WatchLedger(*query, print) : connection.ReadLedger(*query, print);
  return status.ok() ? static_cast<int>(kExitOk) : Fail(status);
}

int ExportLedger(const ClientOptions& client) {
  DelegationClient connection(client.server);
  auto described = connection.DescribeLedger();
  if (!described.ok()) return Fail(described.status());
  const LedgerHead& head = described->head;
  std::cout << ToLine(LedgerHeading{described->database_id, head}) << "\n";
  // What is recorded meanwhile is left out, so that the first line is true.
  const absl::Status status =
      connection.ReadLedger({.after = head.base}, [&](const DelegationClient::LedgerPage& page) {
        for (const LedgerRecord& record : page.records) {
          if (record.sequence > head.sequence) return false;
          std::cout << ToLine(record) << "\n";
        }
        return std::cout.good();
      });
  return status.ok() ? static_cast<int>(kExitOk) : Fail(status);
}

int ReplayLedgerEntry(const ClientOptions& client, uint64_t sequence) {
  auto replayed = DelegationClient(client.server).ReplayLedger(sequence);
  if (!replayed.ok()) return Fail(replayed.status());
  const bool same = replayed->differences.empty();
  if (client.json) {
    std::cout << replayed->json << "\n";
  } else {
    std::cout << "entry " << sequence << ": " << AnswerLine(replayed->recorded)
              << (same ? "; decided again, it comes out the same\n" : "; decided again, it comes out otherwise:\n");
    for (const std::string& difference : replayed->differences) std::cout << "  " << difference << "\n";
  }
  return same ? kExitOk : kExitDenied;
}

}  // namespace mandate
