// random_world.h: random schemas over the whole language, random relationships that they allow,
// random questions.
//
//   RandomWorld world = MakeRandomWorld(seed);
//   for (const CheckQuestion& question : MakeQuestions(world, seed)) ...
//
// The same seed makes the same world in every build. Worlds are small and dense, so that groups and
// folders run in circles, exclusions meet, and relationships expire before, at and after the moment
// of the question.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_TEST_RANDOM_WORLD_H_
#define MANDATE_TEST_RANDOM_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "check/question.h"
#include "schema/schema.h"
#include "storage/tuple_store.h"

namespace mandate {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t Next();  // SplitMix64
  size_t Below(size_t n) { return n == 0 ? 0 : Next() % n; }
  bool Percent(size_t chance) { return Below(100) < chance; }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }

 private:
  uint64_t state_;
};

// A schema in pieces, so that a shrinker can take some away.
struct SchemaDraft {
  struct Block {
    std::string header;              // `definition user`, `caveat by_hour(hour int)`
    std::vector<std::string> lines;  // `relation viewer: user | team#member`, `hour < 12`
  };
  std::vector<std::string> uses;  // `use delegation`
  std::vector<Block> blocks;
  std::string Text() const;
};

// One write, and when.
struct WorldWrite {
  absl::Time at;
  std::vector<TupleChange> changes;
};

struct RandomWorld {
  SchemaDraft draft;
  std::shared_ptr<const Schema> schema;
  std::vector<WorldWrite> writes;        // All valid under the schema; the rules of delegation may not admit them.
  std::vector<Relationship> contextual;  // Ordinary ones, for questions to bring along.
  absl::Time now;                        // When it is asked.
  std::vector<ObjectRef> objects;        // To ask about: all that is named, and of each type one that is not.
};

RandomWorld MakeRandomWorld(uint64_t seed);

// People, agents, tasks and sessions under random rules; most calls get as far as the rules.
RandomWorld MakeRuledWorld(uint64_t seed);

// About some subjects, a good part of everything: objects and their members. The questions of one
// subject stand together.
std::vector<CheckQuestion> MakeQuestions(const RandomWorld& world, uint64_t seed);

// A schema with kinds, and writes on them of which many break a rule of delegation.
RandomWorld MakeDelegationWrites(uint64_t seed);

}  // namespace mandate

#endif  // MANDATE_TEST_RANDOM_WORLD_H_
