// `mandate ledger verify`: follows the chain of a ledger itself, over a server's stream or an exported file.
#include <fstream>
#include <iostream>

#include "absl/strings/escaping.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "service/delegation_client.h"
#include "tools/answer_text.h"
#include "tools/exit_code.h"
#include "tools/ledger_commands.h"
#include "tools/ledger_file.h"
#include "tools/ledger_verifier.h"

namespace mandate {
namespace {

using Expected = std::optional<LedgerPlace>;

LedgerVerifier MakeVerifier(const LedgerHeading& heading, const Expected& expected) {
  LedgerPlace base{heading.head.base, heading.head.base_hash};
  // What stands before entry 1 is not for the ledger to say.
  if (base.sequence == 0) base.hash = Sha256(StdView(absl::HexStringToBytes(heading.database_id)));
  return LedgerVerifier(base, {heading.head.sequence, heading.head.hash}, expected);
}

absl::StatusOr<LedgerFindings> VerifyServer(const ClientOptions& client, const Expected& expected) {
  DelegationClient connection(client.server);
  auto described = connection.DescribeLedger();
  while (described.ok()) {
    LedgerVerifier verifier = MakeVerifier({described->database_id, described->head}, expected);
    absl::Status status =
        connection.ReadLedger({.after = described->head.base}, [&](const DelegationClient::LedgerPage& page) {
          for (const LedgerRecord& record : page.records) verifier.Add(record);
          return true;
        });
    if (!status.ok()) return status;
    LedgerFindings findings = verifier.Finish();
    // What retention let go of between the two calls was not removed by anybody else.
    const uint64_t base = described->head.base;
    if (!findings.faults.empty()) described = connection.DescribeLedger();
    if (!described.ok() || described->head.base == base) return findings;
  }
  return described.status();
}

absl::StatusOr<LedgerFindings> VerifyLines(const std::string& file, std::istream& lines, const Expected& expected) {
  const auto at = [&](uint64_t number, const absl::Status& status) {
    return InvalidArgument(
        Cat(file, ":", number, ": ", status.message(), "; a ledger is exported by `mandate ledger export`"));
  };
  std::string line;
  std::getline(lines, line);
  auto heading = ParseLedgerHeading(line);
  if (!heading.ok()) return at(1, heading.status());
  LedgerVerifier verifier = MakeVerifier(*heading, expected);
  for (uint64_t number = 2; std::getline(lines, line); ++number) {
    if (line.empty()) continue;
    auto record = ParseLedgerLine(line);
    if (!record.ok()) return at(number, record.status());
    verifier.Add(*record);
  }
  if (lines.bad()) return absl::UnavailableError(Cat("cannot read ", Quote(file), " to its end"));
  return verifier.Finish();
}

absl::StatusOr<LedgerFindings> VerifyFile(const std::string& file, const Expected& expected) {
  if (file == "-") return VerifyLines("standard input", std::cin, expected);
  std::ifstream stream(file, std::ios::binary);
  if (!stream.is_open() || stream.peek() == std::ifstream::traits_type::eof()) {
    return absl::NotFoundError(Cat("cannot read ", Quote(file), ", or it is empty; is the name right?"));
  }
  return VerifyLines(file, stream, expected);
}

void Print(const ClientOptions& client, const LedgerFindings& findings) {
  const bool whole = findings.faults.empty();
  if (client.json) {
    std::cout << nlohmann::json{{"whole", whole},
                                {"entries", findings.entries},
                                {"retired", findings.retired},
                                {"head", ToText(findings.head)},
                                {"faults", findings.faults}}
                     .dump()
              << "\n";
    return;
  }
  for (const std::string& fault : findings.faults) std::cout << fault << "\n";
  std::cout << (whole ? "the ledger is whole: " : "the ledger is not what it was: ") << findings.entries
            << (findings.entries == 1 ? " entry" : " entries");
  if (findings.retired > 0) std::cout << ", " << findings.retired << " of them taken by retention";
  if (!whole) std::cout << ", " << Counted(findings.faults.size(), "fault");
  std::cout << "\nhead " << ToText(findings.head) << "\n";
}

}  // namespace

int VerifyLedger(const ClientOptions& client, const LedgerVerifyOptions& options) {
  Expected expected;
  if (!options.expect.empty()) {
    auto place = ParseLedgerPlace(options.expect);
    if (!place.ok()) return Fail(InvalidArgument(Cat("--expect ", place.status().message())));
    expected = *std::move(place);
  }
  auto findings = options.file.empty() ? VerifyServer(client, expected) : VerifyFile(options.file, expected);
  if (!findings.ok()) return Fail(findings.status());
  Print(client, *findings);
  return findings->faults.empty() ? kExitOk : kExitDenied;
}

}  // namespace mandate
