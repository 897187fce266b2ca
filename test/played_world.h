// played_world.h: a random world, written into a database of its own, beside what the references
// say of it.
//
//   PlayedWorld played(world);
//   size_t newest = played.writes() - 1;
//   played.Ask(newest, question);                     // the engine
//   played.ReferenceAt(newest).Check(question);       // the reference
//
// The writes go to the store directly, past the rules of delegation: the engine must give the right
// answer on whatever is stored.
//
// Threads     A test's own.
#ifndef MANDATE_TEST_PLAYED_WORLD_H_
#define MANDATE_TEST_PLAYED_WORLD_H_

#include <memory>
#include <optional>
#include <vector>

#include "service/database.h"
#include "test/random_world.h"
#include "test/reference_evaluator.h"
#include "test/reference_store.h"

namespace mandate {

// A database in memory, with a clock that stands where it is put.
struct TestDatabase {
  TestDatabase();
  absl::Time now;
  std::unique_ptr<Database> database;
};

class PlayedWorld {
 public:
  explicit PlayedWorld(const RandomWorld& world);

  const RandomWorld& world() const { return world_; }
  size_t writes() const { return revisions_.size(); }

  // As of the revision of the write of that number.
  View ViewAt(size_t write) const;
  ReferenceEvaluator& ReferenceAt(size_t write);
  const ReferenceStore& StoredAt(size_t write) const { return states_[write]; }

  absl::StatusOr<Answer> Ask(size_t write, const CheckQuestion& question) const;

  void SetNow(absl::Time now) { host_.now = now; }
  const Database& database() const { return *host_.database; }

 private:
  const RandomWorld world_;
  TestDatabase host_;
  std::vector<Revision> revisions_;  // By write.
  std::vector<ReferenceStore> states_;
  std::vector<std::unique_ptr<ReferenceEvaluator>> references_;
};

// An answer of the engine in the words of the reference. INVALID for an INVALID_ARGUMENT, UNDEFINED
// for CYCLE_THROUGH_EXCLUSION.
std::string AnswerText(const absl::StatusOr<Answer>& answer);

}  // namespace mandate

#endif  // MANDATE_TEST_PLAYED_WORLD_H_
