#include "bench/drive_world.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "schema/text.h"

namespace mandate {
namespace {

constexpr char kDriveSchema[] = R"(definition user {}
definition group {
	relation member: user | group#member
}
definition folder {
	relation parent: folder
	relation viewer: user | group#member
	permission view = viewer + parent->view
}
definition document {
	relation parent: folder
	relation owner: user
	relation viewer: user | group#member
	permission edit = owner
	permission view = viewer + edit + parent->view
}
)";

constexpr char kAgents[] = R"(agent assistant {
	relation acts_on_behalf_of: assistant with expiration
	relation boundary: document:*#view
}
task errand {
	relation delegator: user | assistant
	relation delegated_for_task: assistant with expiration
	relation parent_task: errand
	relation scope: folder#view
}
session run {
	relation agent: assistant with expiration
	relation task: errand
}
)";

constexpr int kDepth = 5;

}  // namespace

DriveWorldSize DriveWorldSize::Scaled(double scale) {
  DriveWorldSize size;
  size.folders_in_folder = scale < 0.5 ? 3 : 6;
  const double leaves = 10 * std::pow(size.folders_in_folder, kDepth - 1);
  size.documents_in_leaf = std::max(10, static_cast<int>(1'000'000 * scale / leaves));
  size.viewers_in_document = 1;
  size.people = std::max(2'500, static_cast<int>(50'000 * scale));
  return size;
}

std::string DriveWorld::schema() const { return kDriveSchema; }

void DriveWorld::Generate(const Sink& add) const {
  const int groups = size_.people / size_.people_in_group;
  // Departments hold teams, teams hold groups, groups hold people; each by number.
  for (int group = 0; group < groups; ++group) {
    const int team = group / 10;
    add(Row("group", Cat("team", team), "member", "group", Cat("group", group), "member"));
    if (group % 10 == 0) {
      add(Row("group", Cat("department", team % size_.top_folders), "member", "group", Cat("team", team), "member"));
    }
    for (int i = 0; i < size_.people_in_group; ++i) {
      add(Row("group", Cat("group", group), "member", "user", Cat("person", group * size_.people_in_group + i)));
    }
  }
  std::vector<std::string> level;
  for (int top = 0; top < size_.top_folders; ++top) {
    level.push_back(Cat("f", top));
    add(Row("folder", level.back(), "viewer", "group", Cat("department", top), "member"));
  }
  for (int depth = 1; depth < kDepth; ++depth) {
    std::vector<std::string> next;
    for (const std::string& parent : level) {
      for (int i = 0; i < size_.folders_in_folder; ++i) {
        next.push_back(Cat(parent, "-", i));
        add(Row("folder", next.back(), "parent", "folder", parent));
        // Some folders are shared with one team besides.
        if (i == 0) add(Row("folder", next.back(), "viewer", "group", Cat("team", next.size() % 200), "member"));
      }
    }
    level = std::move(next);
  }
  uint64_t number = 0;
  for (const std::string& folder : level) {
    for (int i = 0; i < size_.documents_in_leaf; ++i, ++number) {
      const std::string document = Cat(folder, "-d", i);
      add(Row("document", document, "parent", "folder", folder));
      if (i % 5 == 0) add(Row("document", document, "viewer", "user", Cat("person", i)));
      if (i % 7 == 0) add(Row("document", document, "owner", "user", Cat("person", 1000 + i)));
      for (int k = 0; k < size_.viewers_in_document; ++k) {
        add(Row("document", document, "viewer", "user", Cat("guest", Scatter(number * 16 + k) % size_.people)));
      }
    }
  }
}

WorldQuestion DriveWorld::Question(uint64_t n) const {
  if (n % 2 != 0) return {OtherDepartment(n), false};
  return {n % 6 == 0 ? DirectlyShared(n) : ThroughFolders(n), true};
}

Relationship DriveWorld::Extra(uint64_t n) const {
  return Row("document", Cat("extra", n), "parent", "folder", Cat("f", n % departments()));
}

CheckQuestion DriveWorld::ExtraQuestion(uint64_t n) const {
  return {{"document", Cat("extra", n)}, "view", {"user", Person(n % departments(), n), ""}};
}

std::string DriveWorld::DocumentIn(uint64_t department, uint64_t n) const {
  n *= 0x9e3779b97f4a7c15ull;  // Spread over the whole drive.
  std::string id = Cat("f", department);
  for (int depth = 1; depth < kDepth; ++depth) {
    n = n * 6364136223846793005ull + 1442695040888963407ull;
    id += Cat("-", (n >> 33) % size_.folders_in_folder);
  }
  return Cat(id, "-d", (n >> 17) % (size_.documents_in_leaf / 5) * 5);
}

// The `n`th person of a department: teams are dealt to the departments in turn.
std::string DriveWorld::Person(uint64_t department, uint64_t n) const {
  const uint64_t teams = size_.people / size_.people_in_group / 10;
  const uint64_t team = department + size_.top_folders * (n % (teams / size_.top_folders));
  const uint64_t in_team = (n * 7919) % (10 * size_.people_in_group);
  return Cat("person", team * 10 * size_.people_in_group + in_team);
}

CheckQuestion DriveWorld::DirectlyShared(uint64_t n) const {
  const std::string document = DocumentIn(Scatter(n) % departments(), n);
  const std::string number = document.substr(document.rfind('d') + 1);
  return {{"document", document}, "view", {"user", "person" + number, ""}};
}

CheckQuestion DriveWorld::ThroughFolders(uint64_t n) const {
  const uint64_t department = Scatter(n) % departments();
  return {{"document", DocumentIn(department, n)}, "view", {"user", Person(department, n), ""}};
}

CheckQuestion DriveWorld::OtherDepartment(uint64_t n) const {
  CheckQuestion question = ThroughFolders(n);
  // Nobody is in no group, so that no side door opens.
  question.subject.id = Cat("stranger", n % 100'000);
  return question;
}

std::string AgentsWorld::schema() const {
  const std::string user = "definition user {}\n";
  return Cat(
      "use delegation\nuse expiration\ndefinition user {\n\trelation acts_on_behalf_of: assistant with expiration\n}\n",
      DriveWorld::schema().substr(user.size()), kAgents);
}

void AgentsWorld::Generate(const Sink& add) const {
  DriveWorld::Generate(add);
  const absl::Time far = absl::FromCivil(absl::CivilYear(2099), absl::UTCTimeZone());
  const auto until = [&](Relationship relationship) {
    relationship.expires_at = far;
    add(std::move(relationship));
  };
  for (uint64_t agent = 0; agent < agents_; ++agent) {
    const std::string person = Person(agent % departments(), agent / departments());
    const std::string bot = Cat("bot", agent), sub = Cat("sub", agent), last = Cat("last", agent);
    for (const std::string& each : {bot, sub, last}) add(Row("assistant", each, "boundary", "document", "*", "view"));
    until(Row("user", person, "acts_on_behalf_of", "assistant", bot));
    until(Row("assistant", bot, "acts_on_behalf_of", "assistant", sub));
    until(Row("assistant", sub, "acts_on_behalf_of", "assistant", last));
    for (uint64_t task = 0; task < kTasksOfAgent; ++task) {
      const std::string id = Cat(agent, "-", task);
      std::string actor = bot;
      if (task < kTasksOfAgent - 2) {
        add(Row("errand", id, "delegator", "user", person));
      } else {
        const bool first = task == kTasksOfAgent - 2;
        actor = first ? sub : last;
        add(Row("errand", id, "delegator", "assistant", first ? bot : sub));
        add(Row("errand", id, "parent_task", "errand", Cat(agent, "-", first ? 0 : task - 1)));
      }
      until(Row("errand", id, "delegated_for_task", "assistant", actor));
      add(Row("errand", id, "scope", "folder", Cat("f", agent % departments()), "view"));
      until(Row("run", id, "agent", "assistant", actor));
      add(Row("run", id, "task", "errand", id));
    }
  }
}

CheckQuestion AgentsWorld::OfTask(uint64_t n, uint64_t task) const {
  const uint64_t agent = Scatter(n) % agents_;
  return {{"document", DocumentIn(agent % departments(), n)}, "view", {"run", Cat(agent, "-", task), ""}};
}

CheckQuestion AgentsWorld::BySession(uint64_t n) const { return OfTask(n, n % (kTasksOfAgent - 2)); }

CheckQuestion AgentsWorld::BySubAgent(uint64_t n) const { return OfTask(n, kTasksOfAgent - 1); }

WorldQuestion AgentsWorld::Question(uint64_t n) const {
  WorldQuestion asked{n % 10 < 8 ? BySession(n / 2) : BySubAgent(n / 2), n % 2 == 0};
  // The principal sees nothing of another department, and the scope is none of it.
  if (!asked.allowed) {
    const uint64_t agent = Scatter(n / 2) % agents_;
    asked.question.resource.id = DocumentIn((agent + 1) % departments(), n);
  }
  return asked;
}

}  // namespace mandate
