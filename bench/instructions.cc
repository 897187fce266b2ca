// instructions: operations that the speed of everything rests on, for callgrind, which counts the instructions of each.
//
//   bench/instructions.py build/release/bench/instructions       counts, and compares with bench/instructions.txt
//
// In process, in memory, the same operations in the same order each time. Only what stands between Start and Stop is
// counted. Without valgrind it does the same for nothing.
#include <cstdio>
#include <cstdlib>

#include "bench/world_database.h"
#include "check/lookup.h"
#include "schema/compiler.h"
#include "schema/text.h"
#include "valgrind/callgrind.h"

namespace mandate {
namespace {

// Large enough that no list is trivial, small enough that valgrind makes it in seconds.
constexpr double kScale = 0.002;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "error: %s\n", what.c_str());
  std::exit(1);
}

// Counts what `operate` does; the first time it is called for nothing, so that what is made once does not count.
template <typename Operate>
void Count(const std::string& name, uint64_t operations, const Operate& operate) {
  for (uint64_t i = 0; i < operations; ++i) operate(i);
  CALLGRIND_START_INSTRUMENTATION;
  for (uint64_t i = 0; i < operations; ++i) operate(operations + i);
  CALLGRIND_STOP_INSTRUMENTATION;
  const std::string label = Cat(name, " ", operations);  // The macro keeps the pointer for longer than one expression.
  CALLGRIND_DUMP_STATS_AT(label.c_str());
}

struct Place {
  explicit Place(const std::string& name)
      : world(*MakeWorld(name, kScale)),
        database(*world, WorldDatabase::Home::kMemory),
        view(*database.database().Head()) {}

  void Ask(const WorldQuestion& asked) {
    auto answer = database.database().CheckerFor(view).Check(asked.question);
    const bool right = answer.ok() && (answer->decision == Decision::kAllowed) == asked.allowed;
    if (!right)
      Die(Cat(ToText(Relationship{asked.question.resource, asked.question.permission, asked.question.subject}),
              " is not answered as expected"));
  }

  std::unique_ptr<World> world;
  WorldDatabase database;
  View view;
};

// `different` questions; asked before, all but those of the first round are kept.
void Checks(Place* place, const std::string& name, uint64_t different, uint64_t operations) {
  std::vector<WorldQuestion> questions;
  for (uint64_t n = 0; n < different; ++n) questions.push_back(place->world->Question(n));
  Count(name, operations, [&](uint64_t i) { place->Ask(questions[i % different]); });
}

void Writes(Place* place, const std::string& name, uint64_t rows, uint64_t operations) {
  Database& database = place->database.database();
  Count(name, operations, [&](uint64_t i) {
    std::vector<TupleChange> changes;
    // Written, and deleted by the next.
    for (uint64_t n = 0; n < rows; ++n)
      changes.push_back({i % 2 == 0 ? ChangeOp::kTouch : ChangeOp::kDelete, place->world->Extra(n)});
    if (auto written = database.Write(std::move(changes), {}); !written.ok()) Die(written.status().ToString());
  });
}

int Main() {
  {
    Place direct("direct");
    Checks(&direct, "check/direct/kept", 100, 1'000);
    Checks(&direct, "check/direct/new", 4'000, 2'000);
    Writes(&direct, "write/1", 1, 100);
    Writes(&direct, "write/100", 100, 20);  // Not so much that tables are written in the background, which would count.
  }
  {
    Place drive("drive");
    Checks(&drive, "check/drive/kept", 100, 1'000);
    Checks(&drive, "check/drive/new", 2'000, 1'000);
    const CheckQuestion asked = drive.world->Question(0).question;
    Count("lookup-resources/drive", 4, [&](uint64_t) {
      ResourcesQuestion question{
          .resource_type = asked.resource.type, .permission = asked.permission, .subject = asked.subject};
      uint64_t found = 0;
      const auto sink = [&](const Found&) { return ++found > 0; };
      const absl::Status status = drive.database.database().LookupResourcesAt(drive.view, question, {}, sink);
      if (!status.ok() || found == 0) Die("a lookup finds nothing");
    });
  }
  {
    Place agents("agents");
    Checks(&agents, "check/agents/kept", 100, 1'000);
    Checks(&agents, "check/agents/new", 2'000, 1'000);
    const std::string schema = agents.world->schema();
    Count("schema/compile", 10, [&](uint64_t) {
      if (!CompileSchema(schema).ok()) Die("the schema does not compile");
    });
  }
  return 0;
}

}  // namespace
}  // namespace mandate

int main() { return mandate::Main(); }
