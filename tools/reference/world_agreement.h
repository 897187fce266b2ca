// world_agreement.h: every question that a world gives rise to, asked in every way there is.
//
//   WorldAgreement agreement = AgreeOnWorld(engine, world, {"", R"({"hour":12})"}, {});
//   if (!agreement.disagreements.empty()) Report(agreement);
//   if (!agreement.complete()) Say(agreement.pairs, agreement.pairs_of_world);
//
// Each resource with each permission, for each subject: objects and subject sets that are named,
// one object of each type that is not, sessions, and agents with the tasks that are delegated to
// them. Check, a batch, Expand and both lookups must all say what the reference evaluator says.
//
// Threads     Free functions; safe anywhere.
// Errors      Those of a snapshot that cannot be read.
// Costs       Bounded: of a world that is too large, an even sample is asked about.
#ifndef MANDATE_TOOLS_REFERENCE_WORLD_AGREEMENT_H_
#define MANDATE_TOOLS_REFERENCE_WORLD_AGREEMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/reference/agreement.h"

namespace mandate {

struct AgreementBounds {
  // Goals of the reference over all subjects: about a second, and 100 MiB.
  uint64_t goals_max = 1'000'000;
  uint64_t pairs_max = 50'000;     // Questions, each asked three times: about a second.
  uint64_t listings_max = 4'000;   // Trees and listings, of each kind.
  size_t disagreements_max = 3;    // Where to stop.
  size_t paged_objects_max = 200;  // With more objects, listings are not asked for one by one.
};

struct WorldAgreement {
  std::vector<std::string> disagreements;
  uint64_t pairs = 0;           // Resource, permission, subject and context, asked about,
  uint64_t pairs_of_world = 0;  // out of so many.
  uint64_t listings = 0;        // Trees and listings compared,
  uint64_t listings_of_world = 0;
  bool complete() const { return pairs == pairs_of_world && listings == listings_of_world; }
};

// `contexts` are JSON objects, or empty.
WorldAgreement AgreeOnWorld(const EngineView& engine, const ReferenceWorld& world,
                            const std::vector<std::string>& contexts, const AgreementBounds& bounds);

// Everything that a snapshot holds, for the reference. RESOURCE_EXHAUSTED where that is more than
// `relationships_max`.
absl::StatusOr<ReferenceWorld> ReadReferenceWorld(std::shared_ptr<const Schema> schema, const Snapshot& snapshot,
                                                  absl::Time now, size_t chain_agents_max, size_t relationships_max);

}  // namespace mandate

#endif  // MANDATE_TOOLS_REFERENCE_WORLD_AGREEMENT_H_
