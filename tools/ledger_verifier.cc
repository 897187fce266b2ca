#include "tools/ledger_verifier.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "check/ledger_entry.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr size_t kFaultsMax = 100;
// Numbers that are remembered as missing, in case their entries stand further behind.
constexpr size_t kMissingMax = 10'000;

}  // namespace

absl::StatusOr<LedgerPlace> ParseLedgerPlace(const std::string& text) {
  LedgerPlace place;
  const size_t colon = text.find(':');
  const std::string hex = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool is_hex = hex.size() == 2 * kLedgerHashBytes && hex.find_first_not_of("0123456789abcdefABCDEF") == hex.npos;
  if (!is_hex || !absl::SimpleAtoi(text.substr(0, colon), &place.sequence)) {
    return InvalidArgument(Cat(Quote(text),
                               " names no entry; write its number, `:` and its hash of 64 hex digits, as "
                               "`mandate ledger verify` prints the head"));
  }
  place.hash = absl::HexStringToBytes(hex);
  return place;
}

std::string ToText(const LedgerPlace& place) { return Cat(place.sequence, ":", absl::BytesToHexString(place.hash)); }

LedgerVerifier::LedgerVerifier(LedgerPlace base, LedgerPlace head, std::optional<LedgerPlace> expected)
    : base_(std::move(base)),
      claimed_head_(std::move(head)),
      expected_(std::move(expected)),
      newest_(base_),
      last_(base_) {
  CompareExpected(base_);
}

void LedgerVerifier::Fault(uint64_t sequence, std::string what) {
  if (faults_.size() < kFaultsMax) faults_.emplace(sequence, std::move(what));
}

void LedgerVerifier::CompareExpected(const LedgerPlace& place) {
  if (!expected_ || expected_->sequence != place.sequence) return;
  met_expected_ = true;
  if (expected_->hash == place.hash) return;
  Fault(place.sequence, Cat("entry ", place.sequence,
                            " is not the one that was noted: it, or one before it, was "
                            "rewritten since"));
}

void LedgerVerifier::Add(const LedgerRecord& record) {
  ++findings_.entries;
  findings_.retired += record.retired;
  const LedgerPlace place{record.sequence, record.hash};
  if (record.sequence <= newest_.sequence) {
    const bool was_missing = missing_.erase(record.sequence) > 0;
    Fault(record.sequence,
          was_missing
              ? Cat("entry ", record.sequence, " stands behind entry ", last_.sequence, ": the order was changed")
              : Cat("there is an entry ", record.sequence, " too many, behind entry ", last_.sequence));
  }
  for (uint64_t number = newest_.sequence + 1; number < record.sequence; ++number) {
    if (missing_.size() == kMissingMax) {
      missing_more_ = true;
      break;
    }
    missing_.insert(number);
  }
  Follow(record);
  ReadBody(record);
  CompareExpected(place);
  if (place.sequence == claimed_head_.sequence && place.hash != claimed_head_.hash) {
    Fault(place.sequence, Cat("entry ", place.sequence, " is not the head that the ledger names"));
  }
  if (record.sequence > newest_.sequence) newest_ = place;
  last_ = place;
}

// The hash follows from the body and from the entry before, where that one stands before.
void LedgerVerifier::Follow(const LedgerRecord& record) {
  if (!record.retired && Sha256(record.body) != record.digest) {
    Fault(record.sequence, Cat("entry ", record.sequence, " was changed: what it says does not give its digest"));
  }
  if (last_.sequence + 1 == record.sequence && ChainHash(last_.hash, record.digest) != record.hash) {
    Fault(record.sequence,
          Cat("entry ", record.sequence, " does not follow from ",
              last_.sequence == 0 ? std::string("the beginning of this database") : Cat("entry ", last_.sequence),
              ": one of the two was changed, replaced or moved"));
  }
}

void LedgerVerifier::ReadBody(const LedgerRecord& record) {
  if (record.retired) {
    unannounced_.insert(record.sequence);
    return;
  }
  auto entry = EntryFromJson(record.body);
  if (!entry.ok()) {
    Fault(record.sequence, Cat("entry ", record.sequence, " does not read as one: ", entry.status().message()));
    return;
  }
  if (entry->sequence != record.sequence) {
    Fault(record.sequence,
          Cat("entry ", record.sequence, " says of itself that it is entry ", entry->sequence, ": it was moved"));
  }
  for (uint64_t number : entry->retired) {
    if (number >= record.sequence) continue;
    unannounced_.erase(number);
    if (number <= base_.sequence) announced_.insert(number);
  }
}

// Every body that is gone was taken by a retention that said so in an entry of its own, which stays.
void LedgerVerifier::FindUnannounced() {
  for (uint64_t number : unannounced_) {
    Fault(number, Cat("entry ", number, " was emptied, and no later `retire` entry names it"));
  }
  if (announced_.size() == base_.sequence) return;
  uint64_t number = 1;
  for (auto it = announced_.begin(); it != announced_.end() && *it == number; ++it) ++number;
  Fault(number, Cat("entries up to ", base_.sequence, " are gone, and no `retire` entry names ",
                    base_.sequence - announced_.size() == 1 ? "" : "all of them, as not ", "entry ", number));
}

LedgerFindings LedgerVerifier::Finish() {
  for (auto it = missing_.begin(); it != missing_.end();) {
    const uint64_t first = *it;
    uint64_t last = first;
    for (++it; it != missing_.end() && *it == last + 1; ++it) ++last;
    Fault(first,
          first == last ? Cat("entry ", first, " was removed") : Cat("entries ", first, " to ", last, " were removed"));
  }
  if (missing_more_) Fault(newest_.sequence, "and more were removed than are listed");
  if (newest_.sequence < claimed_head_.sequence) {
    Fault(newest_.sequence + 1, Cat("the entries behind ", newest_.sequence, " were cut off: the ledger went up to ",
                                    claimed_head_.sequence));
  }
  FindUnannounced();
  if (expected_ && !met_expected_) {
    Fault(expected_->sequence,
          expected_->sequence > newest_.sequence
              ? Cat("entry ", expected_->sequence, " was noted, and the ledger ends at ", newest_.sequence)
              : Cat("entry ", expected_->sequence, " was noted, and is not there to compare: ",
                    expected_->sequence < base_.sequence ? "retention took it; note a newer head" : "it was removed"));
  }
  findings_.head = newest_;
  for (auto& [sequence, what] : faults_) findings_.faults.push_back(std::move(what));
  return std::move(findings_);
}

}  // namespace mandate
