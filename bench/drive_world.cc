#include "bench/drive_world.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "schema/text.h"

namespace mandate {
namespace {

constexpr char kSchema[] = R"(
use delegation
use expiration

definition user {
	relation acts_on_behalf_of: assistant with expiration
}
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
agent assistant {
	relation boundary: document:*#view
}
task errand {
	relation delegator: user
	relation delegated_for_task: assistant with expiration
	relation scope: folder#view
}
session run {
	relation agent: assistant with expiration
	relation task: errand
}
)";

constexpr int kDepth = 5;
constexpr size_t kBatch = 10'000;
// Sessions and their tasks are made for the first so many people of each department.
constexpr uint64_t kDelegatingPeople = 100;

[[noreturn]] void Die(const absl::Status& status) {
  std::cerr << "the world could not be made: " << status << "\n";
  std::abort();
}

}  // namespace

DriveWorld::DriveWorld(const DriveWorldSize& size) : size_(size) {
  directory_ = (std::filesystem::temp_directory_path() / "mandate-bench-XXXXXX").string();
  if (mkdtemp(directory_.data()) == nullptr) Die(absl::InternalError("no temporary directory"));
  auto database = Database::Open({.directory = directory_ + "/db"});
  if (!database.ok()) Die(database.status());
  database_ = *std::move(database);
  auto schema = database_->WriteSchema(kSchema, {}, DryRun::kNo, nullptr);
  if (!schema.ok()) Die(schema.status());
  Write();
}

DriveWorld::~DriveWorld() {
  database_.reset();
  std::filesystem::remove_all(directory_);
}

void DriveWorld::Write() {
  std::vector<TupleChange> changes;
  auto flush = [&] {
    if (changes.empty()) return;
    relationships_ += changes.size();
    auto written = database_->Write(std::move(changes), {});
    if (!written.ok()) Die(written.status());
    changes.clear();
  };
  const absl::Time far = absl::FromCivil(absl::CivilYear(2099), absl::UTCTimeZone());
  auto add = [&](std::string type, std::string id, std::string relation, SubjectRef subject,
                 absl::Time expires_at = absl::InfiniteFuture()) {
    changes.push_back({ChangeOp::kTouch,
                       {.resource = {std::move(type), std::move(id)},
                        .relation = std::move(relation),
                        .subject = std::move(subject),
                        .expires_at = expires_at}});
  };
  auto full = [&] {
    if (changes.size() >= kBatch) flush();
  };
  const int departments = size_.top_folders;
  const int groups = size_.people / size_.people_in_group;
  // Departments hold teams, teams hold groups, groups hold people; each by number.
  for (int group = 0; group < groups; ++group, full()) {
    const int team = group / 10;
    add("group", Cat("team", team), "member", {"group", Cat("group", group), "member"});
    if (group % 10 == 0) {
      add("group", Cat("department", team % departments), "member", {"group", Cat("team", team), "member"});
    }
    for (int i = 0; i < size_.people_in_group; ++i) {
      add("group", Cat("group", group), "member",
          {"user", Cat("person", group * size_.people_in_group + i), ""});
    }
  }
  std::vector<std::string> level;
  for (int top = 0; top < size_.top_folders; ++top) {
    level.push_back(Cat("f", top));
    add("folder", level.back(), "viewer", {"group", Cat("department", top), "member"});
  }
  for (int depth = 1; depth < kDepth; ++depth) {
    std::vector<std::string> next;
    for (const std::string& parent : level) {
      for (int i = 0; i < size_.folders_in_folder; ++i, full()) {
        next.push_back(Cat(parent, "-", i));
        add("folder", next.back(), "parent", {"folder", parent, ""});
        // Some folders are shared with one team besides.
        if (i == 0) add("folder", next.back(), "viewer", {"group", Cat("team", next.size() % 200), "member"});
      }
    }
    level = std::move(next);
  }
  for (const std::string& folder : level) {
    for (int i = 0; i < size_.documents_in_leaf; ++i, full()) {
      const std::string document = Cat(folder, "-d", i);
      add("document", document, "parent", {"folder", folder, ""});
      if (i % 5 == 0) add("document", document, "viewer", {"user", Cat("person", i), ""});
      if (i % 7 == 0) add("document", document, "owner", {"user", Cat("person", 1000 + i), ""});
    }
  }
  for (uint64_t department = 0; department < static_cast<uint64_t>(departments); ++department) {
    for (uint64_t n = 0; n < kDelegatingPeople; ++n, full()) {
      const std::string id = Cat(department, "-", n);
      const std::string bot = Cat("bot", id);
      add("assistant", bot, "boundary", {"document", "*", "view"});
      add("user", Person(department, n), "acts_on_behalf_of", {"assistant", bot, ""}, far);
      add("errand", id, "delegator", {"user", Person(department, n), ""});
      add("errand", id, "delegated_for_task", {"assistant", bot, ""}, far);
      add("errand", id, "scope", {"folder", Cat("f", department), "view"});
      add("run", id, "agent", {"assistant", bot, ""}, far);
      add("run", id, "task", {"errand", id, ""});
    }
  }
  flush();
}

std::string DriveWorld::Document(uint64_t n) const {
  // Spread over the whole drive by a multiplicative hash.
  n *= 0x9e3779b97f4a7c15ull;
  std::string id = Cat("f", n % size_.top_folders);
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
  const std::string document = Document(n);
  const std::string number = document.substr(document.rfind('d') + 1);
  return {{"document", document}, "view", {"user", "person" + number, ""}};
}

CheckQuestion DriveWorld::ThroughFolders(uint64_t n) const {
  const std::string document = Document(n);
  const uint64_t department = static_cast<uint64_t>(std::atoi(document.c_str() + 1));
  return {{"document", document}, "view", {"user", Person(department, n), ""}};
}

CheckQuestion DriveWorld::OtherDepartment(uint64_t n) const {
  CheckQuestion question = ThroughFolders(n);
  // Nobody is in no group, so that no side door opens.
  question.subject.id = Cat("stranger", n);
  return question;
}

CheckQuestion DriveWorld::BySession(uint64_t n) const {
  CheckQuestion question = ThroughFolders(n);
  const std::string department = Cat(std::atoi(question.resource.id.c_str() + 1));
  question.subject = {"run", Cat(department, "-", n % kDelegatingPeople), ""};
  return question;
}

}  // namespace mandate
