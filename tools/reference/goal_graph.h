// goal_graph.h: which goals hold, where each is a union, an intersection or a difference of others,
// and some steps between them stand on conditions that are still open.
//
//   GoalGraph graph;
//   GoalGraph::Id team = graph.Add(GoalGraph::Rule::kAny);
//   graph.AddStep(team, GoalGraph::kAlways, &needs_hour);
//   graph.Solve();
//   graph.Of(team);                    // kConditional, missing {"hour"}
//
// By iterating over all goals until nothing moves: no work list, no cache, no order of evaluation.
// Differences have the well-founded meaning (the alternating fixed point).
//
// Threads     A graph belongs to one thread.
// Ownership   The conditions outlive it.
// Costs       Goals times steps times the length of the longest path. For small worlds.
#ifndef MANDATE_TOOLS_REFERENCE_GOAL_GRAPH_H_
#define MANDATE_TOOLS_REFERENCE_GOAL_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mandate {

enum class Truth : uint8_t { kNo, kConditional, kUnknown, kYes };

// The reason of what depends on its own absence.
inline constexpr std::string_view kCycleThroughExclusion = "CYCLE_THROUGH_EXCLUSION";

struct Verdict {
  Truth truth = Truth::kNo;
  std::set<std::string> missing;  // kConditional: the context that would decide it.
  std::set<std::string> errors;   // kUnknown: why there is no answer; the engine names one of them.
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// A no beats all, then what is not known, then what is conditional.
Verdict AllOf(const std::vector<Verdict>& verdicts);
// A yes beats all, then what is not known, then what is conditional.
Verdict AnyOf(const std::vector<Verdict>& verdicts);

// A condition that is not decided: for want of context, or because it cannot be evaluated.
struct OpenCondition {
  std::set<std::string> missing;
  std::string error;  // The reason; empty: nothing but `missing` is in the way.
  Verdict AsVerdict() const;
};

class GoalGraph {
 public:
  using Id = size_t;
  static constexpr Id kAlways = 0;
  static constexpr Id kNever = 1;

  enum class Rule : uint8_t {
    kAny,      // some step that counts leads to what holds
    kAll,      // every step that counts does, and there is one that counts
    kWithout,  // the first step does, and the second does not
  };

  GoalGraph() : goals_(2) { certain_ = possible_ = {true, false}; }

  Id Add(Rule rule);
  // A step counts, unless its condition (null: none) turns out false.
  void AddStep(Id from, Id to, const OpenCondition* open = nullptr);

  // REQUIRES: every difference has two steps.
  void Solve();

  // REQUIRES: solved.
  Verdict Of(Id goal) const;

 private:
  using Bits = std::vector<bool>;
  struct Step {
    Id to;
    const OpenCondition* open;
  };
  struct Goal {
    Rule rule = Rule::kAny;
    std::vector<Step> steps;
  };

  // What rises when an open condition counts as `open_counts` says, and the second step of a
  // difference holds exactly where `assumed` says so.
  Bits LeastFixedPoint(bool open_counts, const Bits& assumed) const;
  static bool Holds(const Goal& goal, bool open_counts, const Bits& held, const Bits& assumed);
  bool IsUndecided(Id goal) const { return possible_[goal] && !certain_[goal]; }
  std::vector<Id> UndecidedFrom(Id goal) const;
  bool IsOnCircle(Id difference) const;

  std::vector<Goal> goals_;
  Bits certain_;   // What holds whatever the open conditions turn out to be.
  Bits possible_;  // What may hold.
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_REFERENCE_GOAL_GRAPH_H_
