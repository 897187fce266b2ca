// The facts, all keyed so that what one rule needs lies together:
//
//     deed ROOT \0 TYPE \0 PERMISSION \0 ID                              marks, as `document#confidential=yes` a line
//     done ROOT \0 UNIT \0 TYPE \0 PERMISSION \0 ID                      how often
//     approval ROOT \0 TYPE \0 PERMISSION \0 ID \0 DIGEST \0 SEQUENCE    1 if used, then the approval's entry
//     newest ROOT                                                       the number of its newest entry
//     retired ROOT                                                      there once its entries went
//     call SESSION \0 KEY                                               the entry's number and the request's
//     fingerprint
//
// They change in the commit that appends the entry, so they are never ahead of the ledger or behind it.
#include "check/task_ledger.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr std::string_view kNul("\0", 1);

std::string DeedsKey(std::string_view root, std::string_view type) { return Cat("deed ", root, kNul, type, kNul); }
std::string CountsKey(std::string_view root, std::string_view unit, std::string_view type) {
  return Cat("done ", root, kNul, unit, kNul, type, kNul);
}
std::string ApprovalsKey(std::string_view root, const Deed& deed, std::string_view digest) {
  return Cat("approval ", root, kNul, deed.type, kNul, deed.permission, kNul, deed.id, kNul, digest, kNul);
}
std::string CallKey(std::string_view session, std::string_view key) { return Cat("call ", session, kNul, key); }
// `permission \0 id`, which ends the keys above.
std::string Tail(const Deed& deed) { return Cat(deed.permission, kNul, deed.id); }

bool ReadTail(std::string_view tail, std::string_view type, Deed* deed) {
  const size_t nul = tail.find('\0');
  if (nul == tail.npos) return false;
  *deed = {std::string(type), std::string(tail.substr(0, nul)), std::string(tail.substr(nul + 1))};
  return true;
}

// Sorts like the number.
std::string SequenceText(uint64_t sequence) {
  std::string digits = std::to_string(sequence);
  return std::string(20 - digits.size(), '0') + digits;
}

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(Cat("a fact of the ledger, ", what, ", does not decode"));
}

std::string EncodeMarks(const std::map<std::string, Mark>& marks) {
  std::string text;
  for (const auto& [permission, mark] : marks) {
    text += Cat(permission, mark == Mark::kYes ? "=yes\n" : mark == Mark::kOpen ? "=open\n" : "=no\n");
  }
  return text;
}

bool DecodeMarks(std::string_view text, std::map<std::string, Mark>* marks) {
  marks->clear();
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const size_t equals = line.find('=');
    if (end == text.npos || equals == line.npos) return false;
    const std::string_view value = line.substr(equals + 1);
    if (value != "yes" && value != "open" && value != "no") return false;
    (*marks)[std::string(line.substr(0, equals))] = value == "yes"    ? Mark::kYes
                                                    : value == "open" ? Mark::kOpen
                                                                      : Mark::kNo;
    text.remove_prefix(end + 1);
  }
  return true;
}

// What was kept once stays: clearing a mark in between opens nothing.
void Merge(const std::map<std::string, Mark>& newer, std::map<std::string, Mark>* marks) {
  for (const auto& [permission, mark] : newer) {
    Mark& kept = (*marks)[permission];
    kept = std::max(kept, mark);
  }
}

Deed DeedOf(const LedgerEntry& entry) {
  const size_t hash = entry.permission.find('#');
  return {entry.resource.type, entry.permission.substr(hash + 1), entry.resource.id};
}

Approval ApprovalOf(const LedgerEntry& entry) {
  return {entry.sequence, *entry.approver, entry.held, entry.expires_at, false};
}

absl::StatusOr<uint64_t> NumberFact(const Snapshot& snapshot, const std::string& key) {
  auto value = snapshot.Fact(key);
  if (!value.ok()) return value.status();
  uint64_t number = 0;
  if (value->has_value() && !absl::SimpleAtoi(**value, &number)) return Damaged(key);
  return number;
}

bool Counts(const LedgerEntry& entry) {
  return entry.kind == EntryKind::kAuthorize && entry.decision == Decision::kAllowed;
}

}  // namespace

absl::Status StoredTaskLedger::EachDeed(std::string_view type, const DeedVisitor& visit) const {
  const std::string prefix = DeedsKey(root_, type);
  auto cursor = snapshot_.Facts(prefix);
  std::map<std::string, Mark> marks;
  Deed deed;
  for (; cursor->Valid(); cursor->Next()) {
    if (!ReadTail(cursor->key().substr(prefix.size()), type, &deed) || !DecodeMarks(cursor->value(), &marks)) {
      return Damaged("what was done");
    }
    if (absl::Status status = visit(deed, marks); !status.ok()) return status;
  }
  return cursor->status();
}

absl::Status StoredTaskLedger::EachCount(std::string_view unit, std::string_view type,
                                         const CountVisitor& visit) const {
  const std::string prefix = CountsKey(root_, unit, type);
  auto cursor = snapshot_.Facts(prefix);
  Deed deed;
  for (; cursor->Valid(); cursor->Next()) {
    uint64_t times = 0;
    if (!ReadTail(cursor->key().substr(prefix.size()), type, &deed) ||
        !absl::SimpleAtoi(AbslView(cursor->value()), &times)) {
      return Damaged("how often it was done");
    }
    if (absl::Status status = visit(deed, times); !status.ok()) return status;
  }
  return cursor->status();
}

absl::StatusOr<std::vector<Approval>> StoredTaskLedger::Approvals(const Deed& deed,
                                                                  std::string_view parameter_digest) const {
  std::vector<Approval> approvals;
  auto cursor = snapshot_.Facts(ApprovalsKey(root_, deed, parameter_digest));
  for (; cursor->Valid(); cursor->Next()) {
    const std::string_view value = cursor->value();
    if (value.empty()) return Damaged("an approval");
    auto entry = EntryFromJson(value.substr(1));
    if (!entry.ok()) return entry.status();
    if (entry->kind != EntryKind::kApprove) return Damaged("an approval");
    approvals.push_back(ApprovalOf(*entry));
    approvals.back().used = value[0] == '1';
  }
  if (!cursor->status().ok()) return cursor->status();
  return approvals;
}

void TaskLedgerOverlay::Add(const LedgerEntry& entry) {
  if (entry.kind == EntryKind::kApprove) {
    approvals_[{DeedOf(entry), entry.parameter_digest}].push_back(ApprovalOf(entry));
  }
  if (!Counts(entry)) return;
  Merge(entry.marks, &deeds_[DeedOf(entry)]);
  for (const std::string& unit : UnitsOf(entry)) ++counts_[{unit, DeedOf(entry)}];
  used_.insert(entry.approvals.begin(), entry.approvals.end());
}

absl::Status TaskLedgerOverlay::EachDeed(std::string_view type, const DeedVisitor& visit) const {
  std::map<Deed, std::map<std::string, Mark>> together;
  if (base_ != nullptr) {
    absl::Status status = base_->EachDeed(type, [&](const Deed& deed, const auto& marks) {
      together[deed] = marks;
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
  }
  for (const auto& [deed, marks] : deeds_) {
    if (deed.type == type) Merge(marks, &together[deed]);
  }
  for (const auto& [deed, marks] : together) {
    if (absl::Status status = visit(deed, marks); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status TaskLedgerOverlay::EachCount(std::string_view unit, std::string_view type,
                                          const CountVisitor& visit) const {
  std::map<Deed, uint64_t> together;
  if (base_ != nullptr) {
    absl::Status status = base_->EachCount(unit, type, [&](const Deed& deed, uint64_t times) {
      together[deed] = times;
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
  }
  for (const auto& [key, times] : counts_) {
    if (key.first == unit && key.second.type == type) together[key.second] += times;
  }
  for (const auto& [deed, times] : together) {
    if (absl::Status status = visit(deed, times); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Approval>> TaskLedgerOverlay::Approvals(const Deed& deed,
                                                                   std::string_view parameter_digest) const {
  std::vector<Approval> approvals;
  if (base_ != nullptr) {
    auto earlier = base_->Approvals(deed, parameter_digest);
    if (!earlier.ok()) return earlier.status();
    approvals = *std::move(earlier);
  }
  if (auto it = approvals_.find({deed, std::string(parameter_digest)}); it != approvals_.end()) {
    approvals.insert(approvals.end(), it->second.begin(), it->second.end());
  }
  for (Approval& approval : approvals) approval.used |= used_.contains(approval.sequence);
  return approvals;
}

std::vector<std::string> UnitsOf(const LedgerEntry& entry) {
  std::vector<std::string> units;
  if (entry.session) units.push_back(Cat("session ", ToText(*entry.session)));
  if (!entry.lineage) return units;
  for (const Lineage::Hop& hop : entry.lineage->hops) units.push_back(Cat("task ", ToText(hop.task)));
  return units;
}

absl::Status Record(LedgerEntry entry, PendingWrite& write) {
  entry.sequence = write.NextSequence();
  const Snapshot& state = write.after();
  const Deed deed = DeedOf(entry);
  if (entry.kind == EntryKind::kApprove) {
    write.SetFact(Cat(ApprovalsKey(entry.root, deed, entry.parameter_digest), SequenceText(entry.sequence)),
                  Cat("0", ToJson(entry)));
  }
  if (Counts(entry)) {
    const std::string deed_key = Cat(DeedsKey(entry.root, deed.type), Tail(deed));
    auto kept = state.Fact(deed_key);
    if (!kept.ok()) return kept.status();
    std::map<std::string, Mark> marks;
    if (kept->has_value() && !DecodeMarks(**kept, &marks)) return Damaged("what was done");
    Merge(entry.marks, &marks);
    write.SetFact(deed_key, EncodeMarks(marks));
    for (const std::string& unit : UnitsOf(entry)) {
      const std::string key = Cat(CountsKey(entry.root, unit, deed.type), Tail(deed));
      auto times = NumberFact(state, key);
      if (!times.ok()) return times.status();
      write.SetFact(key, std::to_string(*times + 1));
    }
    for (uint64_t approval : entry.approvals) {
      const std::string key = Cat(ApprovalsKey(entry.root, deed, entry.parameter_digest), SequenceText(approval));
      auto value = state.Fact(key);
      if (!value.ok()) return value.status();
      if (!value->has_value() || (*value)->empty()) return Damaged("an approval");
      (**value)[0] = '1';
      write.SetFact(key, **std::move(value));
    }
  }
  write.SetFact(Cat("newest ", entry.root), std::to_string(entry.sequence));
  write.AppendToLedger({ToJson(entry), TermsOf(entry)});
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> NewestOf(const Snapshot& snapshot, std::string_view root) {
  return NumberFact(snapshot, Cat("newest ", root));
}

absl::StatusOr<bool> IsRetired(const Snapshot& snapshot, std::string_view root) {
  auto fact = snapshot.Fact(Cat("retired ", root));
  if (!fact.ok()) return fact.status();
  return fact->has_value();
}

absl::StatusOr<std::optional<RememberedCall>> FindCall(const Snapshot& snapshot, std::string_view session,
                                                       std::string_view key) {
  auto value = snapshot.Fact(CallKey(session, key));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return std::optional<RememberedCall>();
  const std::vector<std::string> parts = absl::StrSplit(**value, absl::MaxSplits(' ', 1));
  RememberedCall call;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &call.sequence)) return Damaged("a remembered call");
  call.fingerprint = parts[1];
  return std::optional<RememberedCall>(std::move(call));
}

void RememberCall(std::string_view session, std::string_view key, const RememberedCall& call, PendingWrite& write) {
  write.SetFact(CallKey(session, key), Cat(call.sequence, " ", call.fingerprint));
}

absl::StatusOr<std::vector<RetiringRoot>> DeadRoots(const Snapshot& snapshot, absl::Time before,
                                                    const IsAliveTest& is_alive, size_t entries_max) {
  constexpr std::string_view kNewest = "newest ";
  std::vector<RetiringRoot> roots;
  size_t entries = 0;
  auto facts = snapshot.Facts(kNewest);
  for (; facts->Valid() && entries < entries_max; facts->Next()) {
    RetiringRoot root{.root = std::string(facts->key().substr(kNewest.size()))};
    if (!absl::SimpleAtoi(AbslView(facts->value()), &root.newest) || root.newest == 0) {
      return Damaged("the newest entry of a root task");
    }
    auto newest = snapshot.Ledger({}, root.newest - 1);
    if (!newest->Valid()) return newest->status().ok() ? Damaged("the newest entry") : newest->status();
    auto entry = EntryFromJson(newest->record().body);
    if (!entry.ok()) return entry.status();
    if (entry->at >= before) continue;
    auto alive = is_alive(root.root);
    if (!alive.ok()) return alive.status();
    if (*alive) continue;
    std::set<std::string> sessions;
    auto records = snapshot.Ledger({Cat("root ", root.root)}, 0);
    for (; records->Valid(); records->Next()) {
      auto one = EntryFromJson(records->record().body);
      if (!one.ok()) return one.status();
      if (one->kind == EntryKind::kRetire) continue;
      root.sequences.push_back(one->sequence);
      if (one->session) sessions.insert(ToText(*one->session));
    }
    if (!records->status().ok()) return records->status();
    root.sessions.assign(sessions.begin(), sessions.end());
    entries += root.sequences.size();
    roots.push_back(std::move(root));
  }
  if (!facts->status().ok()) return facts->status();
  return roots;
}

absl::StatusOr<uint64_t> Retire(const RetiringRoot& root, absl::Time now, PendingWrite& write) {
  auto newest = NewestOf(write.after(), root.root);
  if (!newest.ok()) return newest.status();
  if (*newest != root.newest) return 0;
  std::vector<std::string> keys = {Cat("newest ", root.root)};
  std::vector<std::string> prefixes;
  for (const char* kind : {"deed ", "done ", "approval "}) prefixes.push_back(Cat(kind, root.root, kNul));
  for (const std::string& session : root.sessions) prefixes.push_back(CallKey(session, ""));
  for (const std::string& prefix : prefixes) {
    auto facts = write.after().Facts(prefix);
    for (; facts->Valid(); facts->Next()) keys.emplace_back(facts->key());
    if (!facts->status().ok()) return facts->status();
  }
  for (const std::string& key : keys) write.DeleteFact(key);
  write.SetFact(Cat("retired ", root.root), std::to_string(root.newest));
  for (uint64_t sequence : root.sequences) {
    if (absl::Status status = write.RetireFromLedger(sequence); !status.ok()) return status;
  }
  LedgerEntry note{.sequence = write.NextSequence(),
                   .kind = EntryKind::kRetire,
                   .at = now,
                   .revision = write.before().revision(),
                   .root = root.root,
                   .retired = root.sequences};
  write.AppendToLedger({ToJson(note), TermsOf(note)});
  return root.sequences.size();
}

}  // namespace mandate
