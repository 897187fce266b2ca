// played_world.h: a random world, written into a store of its own, beside what the references say
// of it.
//
//   PlayedWorld played(world, PlayedWorld::Storage::kMemory);
//   size_t newest = played.writes() - 1;
//   played.EngineAt(newest);                          // for Agreement and Checker
//   played.ReferenceAt(newest).Check(question);       // the reference
//
// The writes go to the store directly, past the rules of delegation: the engine must give the right
// answer on whatever is stored.
//
// Threads     A test's own.
#ifndef MANDATE_TEST_PLAYED_WORLD_H_
#define MANDATE_TEST_PLAYED_WORLD_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/authorize.h"
#include "test/campaign.h"
#include "test/memory_store.h"
#include "test/random_world.h"
#include "test/reference_store.h"
#include "tools/reference/agreement.h"
#include "tools/reference/reference_evaluator.h"

namespace mandate {

class PlayedWorld {
 public:
  enum class Storage : uint8_t {
    kRocks,   // the real one, in memory
    kMemory,  // memory_store.h: a hundred times cheaper to open
  };
  PlayedWorld(const RandomWorld& world, Storage storage);

  const RandomWorld& world() const { return world_; }
  size_t writes() const { return snapshots_.size(); }

  // As of the revision of the write of that number.
  EngineView EngineAt(size_t write) const;
  ReferenceEvaluator& ReferenceAt(size_t write);
  const ReferenceStore& StoredAt(size_t write) const { return states_[write]; }

  absl::StatusOr<Answer> Ask(size_t write, const CheckQuestion& question) const;

  void SetNow(absl::Time now) { now_ = now; }

  // Decides a call of Authorize on the newest write and records it, and the same with the reference; returns what they
  // disagree about, or nothing. What both allowed counts from then on.
  std::optional<std::string> Authorize(const CheckQuestion& call);
  // One more write, now; the newest from then on. Of the writes before nothing more is to be asked.
  void Change(const std::vector<TupleChange>& changes);
  // Records an approval that the reference grants; false if it grants none.
  bool Approve(const CheckQuestion& approval, absl::Time expires_at);

 private:
  absl::StatusOr<Revision> Write(const WriteRequest& request, absl::Time now);
  void Append(const LedgerEntry& entry);

  const RandomWorld world_;
  MemoryStore memory_;
  std::unique_ptr<TupleStore> rocks_;     // Null: `memory_` is the store.
  std::unique_ptr<AnswerCache> answers_;  // Of rocks_; null: none.
  std::unique_ptr<const Plan> plan_;
  absl::Time now_;                                          // By the clock of the store, and of the questions.
  std::vector<std::shared_ptr<const Snapshot>> snapshots_;  // By write.
  std::vector<ReferenceStore> states_;
  std::vector<std::unique_ptr<ReferenceEvaluator>> references_;
  ReferenceLedger ledger_;  // Of the newest write.
};

// A campaign (campaign.h) of such worlds.
using PlayedProperty = std::function<std::optional<Disagreement>(PlayedWorld&, Questions)>;
void RunPlayed(size_t worlds, PlayedWorld::Storage storage, const PlayedProperty& property);

}  // namespace mandate

#endif  // MANDATE_TEST_PLAYED_WORLD_H_
