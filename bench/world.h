// world.h: worlds to measure on: a schema, relationships and questions with known answers, from a seed and a size
// alone.
//
//   absl::StatusOr<std::unique_ptr<World>> world = MakeWorld("rbac", 1.0);
//   (*world)->Generate([&](const Relationship& relationship) { ... });
//   WorldQuestion question = (*world)->Question(n);            // half of them are allowed
//
//   direct     documents with one viewer each; one hop (10 M relationships at scale 1)
//   rbac       organizations with roles, projects bound to two roles each (5 M)
//   drive      drive_world.h: folders five deep, nested groups (1.1 M)
//   deep30     chains of 30 folders, shared at the top (310,000)
//   deep1000   chains of 1,000 folders, shared at the top (500,000)
//   wide       documents with 9,000 viewers; with 10 groups of 300 groups; with a group of 1 M (1.7 M)
//   teams      200 areas of 50 teams of 10 users, a repository each (120,000)
//   exclusion  viewers who are readers of the organization and not banned there (1.5 M)
//   agents     the drive with 10,000 agents and 100,000 tasks, some handed on twice (1.6 M)
//
// `scale` multiplies how many of everything there are, not how deep or wide they hang together; the same name and scale
// give the same world everywhere.
//
// Threads     Immutable; safe to share.
// Errors      NOT_FOUND for a name that is none of these; INVALID_ARGUMENT for a scale that is not within (0, 10].
#ifndef MANDATE_BENCH_WORLD_H_
#define MANDATE_BENCH_WORLD_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "check/question.h"
#include "schema/relationship.h"

namespace mandate {

struct WorldQuestion {
  CheckQuestion question;
  bool allowed = false;
};

class World {
 public:
  using Sink = std::function<void(Relationship)>;

  virtual ~World() = default;
  virtual std::string schema() const = 0;
  // Everything, in one order. What belongs together at birth (a task with its edges) comes together.
  virtual void Generate(const Sink& add) const = 0;
  virtual WorldQuestion Question(uint64_t n) const = 0;
  // A relationship that the world does not have and whose coming and going changes the answer to no Question: what a
  // measurement of writes writes.
  virtual Relationship Extra(uint64_t n) const = 0;
  // Allowed as long as that is there, and denied without it.
  virtual CheckQuestion ExtraQuestion(uint64_t n) const = 0;
  // False: its schema has agents, which only mandate.v1 can delegate to.
  virtual bool is_plain() const { return true; }
};

absl::StatusOr<std::unique_ptr<World>> MakeWorld(std::string_view name, double scale);
const std::vector<std::string>& WorldNames();

// The same 64 bits for the same number, everywhere.
uint64_t Scatter(uint64_t n);

Relationship Row(std::string_view type, std::string id, std::string_view relation, std::string_view subject_type,
                 std::string subject_id, std::string_view subject_relation = "");

}  // namespace mandate

#endif  // MANDATE_BENCH_WORLD_H_
