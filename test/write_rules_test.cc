// The rules of writing on the kinds of delegation: the database admits and refuses as the reference
// does.
#include <iostream>
#include <map>

#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/database/database.h"
#include "test/campaign.h"
#include "test/reference_store.h"
#include "test/reference_write_rules.h"

namespace mandate {
namespace {

std::string Join(const std::set<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) text += Cat(text.empty() ? "" : " or ", fault);
  return text.empty() ? "admitted" : text;
}

// The writes of the world one after the other, each admitted or refused whole; then what is stored.
std::optional<Disagreement> TryWrites(const RandomWorld& world, std::map<std::string, size_t>& tally) {
  absl::Time now = world.writes.front().at;
  auto database =
      *Database::Open({.store = {.block_cache_bytes = 1 << 20, .in_memory = true, .clock = [&now] { return now; }}});
  auto schema = database->WriteSchema(world.draft.Text(), {}, DryRun::kNo, nullptr);
  EXPECT_TRUE(schema.ok()) << schema.status();
  ReferenceWriteRules rules;
  ReferenceStore stored;
  for (size_t i = 0; i < world.writes.size(); ++i) {
    const WorldWrite& write = world.writes[i];
    now = write.at;
    const auto revision = database->Write(write.changes, {});
    ReferenceStore after = stored;
    after.Apply(write.changes, revision.value_or(Revision()), write.at);
    const std::set<std::string> faults = rules.Judge(*world.schema, stored, after, write.changes);
    const std::string reason = revision.ok() ? "admitted" : ReasonOf(revision.status());
    ++tally[reason];
    if (faults.empty() != revision.ok() || (!revision.ok() && !faults.contains(reason))) {
      return Disagreement{0, Cat("write ", i, "\n  database:  ", reason, " ",
                                 revision.ok() ? "" : std::string(StdView(revision.status().message())),
                                 "\n  reference: ", Join(faults))};
    }
    if (!revision.ok() && !absl::IsFailedPrecondition(revision.status())) {
      return Disagreement{0, Cat("write ", i, " is refused with another code: ", revision.status().ToString())};
    }
    if (!revision.ok()) continue;
    rules.Admit(*world.schema, write.changes);
    stored = after;
  }
  const auto head = database->Head();
  auto cursor = head->snapshot->Read({}, std::nullopt);
  size_t rows = 0;
  for (; cursor->Valid(); cursor->Next(), ++rows) {
    const Relationship r = ToRelationship(cursor->row(), head->snapshot->names());
    const StoredRelationship* expected = stored.Find(r);
    if (expected == nullptr || expected->relationship != r || expected->born != cursor->row().edge.born ||
        expected->written != cursor->row().edge.written) {
      return Disagreement{0, Cat(ToText(r), " is stored, of revision ", cursor->row().edge.written.value(),
                                 ", born at ", cursor->row().edge.born.value())};
    }
  }
  if (rows != stored.All().size()) return Disagreement{0, Cat(rows, " relationships are stored")};
  return std::nullopt;
}

TEST(WriteRules, AdmitAndRefuseAsTheReferenceDoes) {
  std::map<std::string, size_t> tally;
  RunCampaign(250, &MakeDelegationWrites, [&](const RandomWorld& world, Questions) { return TryWrites(world, tally); });
  std::cerr << "writes:";
  for (const auto& [reason, count] : tally) std::cerr << " " << reason << " " << count << ";";
  std::cerr << "\n";
}

}  // namespace
}  // namespace mandate
