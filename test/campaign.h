// campaign.h: one property over many random worlds; a world that breaks it is made small before it
// is shown.
//
//   RunCampaign(400, MakeRandomWorld, [](const RandomWorld& world, Questions questions) { ... });
//
// MANDATE_TEST_SEED=n starts at another seed (`random` for one from the clock),
// MANDATE_TEST_WORLDS=n takes that many worlds; set and empty is as not set. A failure prints the
// seed of its world: that seed with one world runs it again, alone. An optimised build tree takes
// many more worlds (MANDATE_CAMPAIGN_FACTOR).
//
// Threads     A test's own.
#ifndef MANDATE_TEST_CAMPAIGN_H_
#define MANDATE_TEST_CAMPAIGN_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "test/random_world.h"

namespace mandate {

// What is wrong, and about which of the questions.
struct Disagreement {
  size_t question;
  std::string text;
};
using Questions = absl::Span<const CheckQuestion>;
using Property = std::function<std::optional<Disagreement>(const RandomWorld&, Questions)>;

// The seeds to take: from the environment, else `worlds` (times the factor), half from the default
// seed and half from a random one, which is printed.
std::vector<uint64_t> CampaignSeeds(size_t worlds);

// For campaigns beside the big one: as many under sanitizers, and where the code is optimised a tenth of the factor.
constexpr size_t ATenth(size_t worlds) {
  constexpr size_t kFactor = MANDATE_CAMPAIGN_FACTOR;
  return kFactor < 10 ? worlds : worlds / 10;
}

// True if the environment says nothing: then a campaign is long enough to reach every kind of
// answer.
bool IsDefaultCampaign();

// Fails the running test for each world that breaks the property; stops at the third.
using WorldMaker = std::function<RandomWorld(uint64_t seed)>;
void RunCampaign(size_t worlds, const WorldMaker& maker, const Property& property);

}  // namespace mandate

#endif  // MANDATE_TEST_CAMPAIGN_H_
