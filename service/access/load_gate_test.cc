#include "service/access/load_gate.h"

#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(LoadGate, OfFixedLimitsLetsSoManyInAndTellsTheRestWhenToComeBack) {
  LoadGate gate({.writes_max = 2, .watches_max = 1});
  LoadGate::Place first = gate.Enter(Work::kWatch);
  ASSERT_TRUE(first.ok());
  const LoadGate::Place second = gate.Enter(Work::kWatch);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(second.status()), "OVERLOADED");
  EXPECT_EQ(DetailsOf(second.status()).at(kRetryAfterDetail), "5000");
  EXPECT_EQ(gate.refused(Work::kWatch), 1u);
  EXPECT_EQ(gate.under_way(Work::kWatch), 1u);
  first = LoadGate::Place();
  EXPECT_EQ(gate.under_way(Work::kWatch), 0u);
  EXPECT_TRUE(gate.Enter(Work::kWatch).ok());
  EXPECT_TRUE(gate.Enter(Work::kWrite).ok()) << "each kind has its own";
}

TEST(LoadGate, APlaceThatIsMovedIsLeftOnce) {
  LoadGate gate({});
  LoadGate::Place a = gate.Enter(Work::kList);
  LoadGate::Place b = std::move(a);
  LoadGate::Place c = gate.Enter(Work::kList);
  EXPECT_EQ(gate.under_way(Work::kList), 2u);
  c = std::move(b);
  EXPECT_EQ(gate.under_way(Work::kList), 1u);
  { const LoadGate::Place d = std::move(c); }
  EXPECT_EQ(gate.under_way(Work::kList), 0u);
}

TEST(LoadGate, WhoFindsNoPlaceWaitsForOne) {
  LoadGate gate({.writes_max = 1});
  LoadGate::Place first = gate.Enter(Work::kWrite);
  std::thread leaver([&] {  // Leaves a moment later.
    while (gate.under_way(Work::kWrite) > 0 && gate.refused(Work::kWrite) == 0) {
      std::this_thread::sleep_for(milliseconds(1));
      first = LoadGate::Place();
    }
  });
  // It leaves within some milliseconds; a machine that stands still for longer refuses, and the next one comes in.
  for (int i = 0; i < 100 && !gate.Enter(Work::kWrite).ok(); ++i) {
  }
  leaver.join();
  EXPECT_TRUE(gate.Enter(Work::kWrite).ok());
}

// Sleeping stands for the work of a question, or for a caller that comes back later; nothing hinges on how long it is.
TEST(LoadGate, TheLimitOfQuestionsFallsWhenTheyWaitForOneAnotherAndRisesAgain) {
  LoadGate gate({.questions_max = 64, .cores = 2});
  const auto ask = [&](milliseconds takes) {
    const LoadGate::Place place = gate.Enter(Work::kQuestion);
    if (place.ok()) std::this_thread::sleep_for(takes);
    return place.ok();
  };
  for (int i = 0; i < 60; ++i) ask(milliseconds(6));
  EXPECT_GE(gate.limit(Work::kQuestion), 64u) << "one at a time is no load";
  std::vector<std::thread> callers;
  std::atomic<bool> done = false;
  for (int i = 0; i < 24; ++i) {
    callers.emplace_back([&] {
      while (!done) {
        if (!ask(milliseconds(20))) std::this_thread::sleep_for(milliseconds(5));
      }
    });
  }
  for (int i = 0; i < 200 && gate.limit(Work::kQuestion) > 8; ++i) std::this_thread::sleep_for(milliseconds(50));
  EXPECT_LE(gate.limit(Work::kQuestion), 8u);
  EXPECT_GE(gate.limit(Work::kQuestion), 2u) << "never below the cores";
  EXPECT_GT(gate.refused(Work::kQuestion), 0u);
  done = true;
  for (std::thread& caller : callers) caller.join();
  for (int i = 0; i < 3000 && gate.limit(Work::kQuestion) < 32; ++i) ask(milliseconds(1));
  EXPECT_GE(gate.limit(Work::kQuestion), 32u);
}

TEST(LoadGate, ManyThreadsNeverExceedALimit) {
  LoadGate gate({.writes_max = 3});
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        const LoadGate::Place place = gate.Enter(Work::kWrite);
        if (!place.ok()) continue;
        const int now = ++inside;
        int before = most;
        while (now > before && !most.compare_exchange_weak(before, now)) {
        }
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(gate.under_way(Work::kWrite), 0u);
}

}  // namespace
}  // namespace mandate
