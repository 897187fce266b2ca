#include "bench/world.h"

#include <algorithm>

#include "bench/drive_world.h"
#include "schema/text.h"

namespace mandate {
namespace {

// So many of them at this scale, at least one.
uint64_t Scaled(uint64_t count, double scale) {
  return std::max<uint64_t>(1, static_cast<uint64_t>(static_cast<double>(count) * scale));
}

WorldQuestion Ask(std::string_view type, std::string id, std::string user, bool allowed) {
  WorldQuestion asked;
  asked.question.resource = {std::string(type), std::move(id)};
  asked.question.permission = "view";
  asked.question.subject = {"user", std::move(user), ""};
  asked.allowed = allowed;
  return asked;
}

std::string Stranger(uint64_t n) { return Cat("stranger", n % 1000); }

class DirectWorld final : public World {
 public:
  explicit DirectWorld(double scale) : documents_(Scaled(10'000'000, scale)) {}
  std::string schema() const override {
    return "definition user {}\ndefinition document {\n\trelation viewer: user\n\tpermission view = viewer\n}\n";
  }
  void Generate(const Sink& add) const override {
    for (uint64_t i = 0; i < documents_; ++i) add(Row("document", Cat("d", i), "viewer", "user", Viewer(i)));
  }
  WorldQuestion Question(uint64_t n) const override {
    const uint64_t document = Scatter(n) % documents_;
    const bool allowed = n % 2 == 0;
    return Ask("document", Cat("d", document), allowed ? Viewer(document) : Stranger(n), allowed);
  }
  Relationship Extra(uint64_t n) const override { return Row("document", Cat("extra", n), "viewer", "user", "guest"); }
  CheckQuestion ExtraQuestion(uint64_t n) const override {
    return Ask("document", Cat("extra", n), "guest", true).question;
  }

 private:
  std::string Viewer(uint64_t document) const {
    return Cat("u", Scatter(document ^ 0x5bd1e995) % (documents_ / 10 + 1));
  }
  const uint64_t documents_;
};

class RbacWorld final : public World {
 public:
  explicit RbacWorld(double scale) : organizations_(Scaled(10'000, scale)) {}
  std::string schema() const override {
    return R"(definition user {}
definition role { relation member: user }
definition organization {
	relation admin: user
	permission manage = admin
}
definition project {
	relation organization: organization
	relation viewer: role#member
	relation editor: role#member
	permission edit = editor + organization->manage
	permission view = viewer + edit
}
)";
  }
  void Generate(const Sink& add) const override {
    for (uint64_t org = 0; org < organizations_; ++org) {
      const std::string id = Cat("o", org);
      for (int i = 0; i < 4; ++i) add(Row("organization", id, "admin", "user", Cat(id, "-a", i)));
      for (uint64_t role = 0; role < kRoles; ++role) {
        for (uint64_t i = 0; i < kMembers; ++i)
          add(Row("role", Role(org, role), "member", "user", Member(org, role, i)));
      }
      for (uint64_t project = 0; project < kProjects; ++project) {
        const std::string at = Project(org, project);
        add(Row("project", at, "organization", "organization", id));
        add(Row("project", at, "viewer", "role", Role(org, ViewerRole(project)), "member"));
        add(Row("project", at, "editor", "role", Role(org, EditorRole(project)), "member"));
      }
    }
  }
  WorldQuestion Question(uint64_t n) const override {
    const uint64_t random = Scatter(n);
    const uint64_t org = random % organizations_, project = random / organizations_ % kProjects;
    const bool allowed = n % 2 == 0;
    uint64_t role = n % 4 == 0 ? ViewerRole(project) : EditorRole(project);
    if (!allowed) role = (ViewerRole(project) + 2) % kRoles;  // Neither of the two.
    return Ask("project", Project(org, project), Member(org, role, random / 7 % kMembers), allowed);
  }
  Relationship Extra(uint64_t n) const override {
    return Row("project", Cat("extra", n), "viewer", "role", Role(n % organizations_, 0), "member");
  }
  CheckQuestion ExtraQuestion(uint64_t n) const override {
    return Ask("project", Cat("extra", n), Member(n % organizations_, 0, 0), true).question;
  }

 private:
  static constexpr uint64_t kRoles = 20, kMembers = 10, kProjects = 99;
  static uint64_t ViewerRole(uint64_t project) { return project % kRoles; }
  static uint64_t EditorRole(uint64_t project) { return (project + 1) % kRoles; }
  static std::string Role(uint64_t org, uint64_t role) { return Cat("o", org, "-r", role); }
  static std::string Project(uint64_t org, uint64_t project) { return Cat("o", org, "-p", project); }
  static std::string Member(uint64_t org, uint64_t role, uint64_t i) { return Cat("o", org, "-r", role, "-m", i); }
  const uint64_t organizations_;
};

class DeepWorld final : public World {
 public:
  DeepWorld(uint64_t depth, uint64_t chains) : depth_(depth), chains_(chains) {}
  std::string schema() const override {
    return R"(definition user {}
definition folder {
	relation parent: folder
	relation viewer: user
	permission view = viewer + parent->view
}
definition document {
	relation parent: folder
	permission view = parent->view
}
)";
  }
  void Generate(const Sink& add) const override {
    for (uint64_t chain = 0; chain < chains_; ++chain) {
      add(Row("folder", Cat("c", chain, "-0"), "viewer", "user", Cat("u", chain)));
      for (uint64_t i = 1; i < depth_; ++i) {
        add(Row("folder", Cat("c", chain, "-", i), "parent", "folder", Cat("c", chain, "-", i - 1)));
      }
      add(Row("document", Cat("d", chain), "parent", "folder", Cat("c", chain, "-", depth_ - 1)));
    }
  }
  WorldQuestion Question(uint64_t n) const override {
    const uint64_t chain = Scatter(n) % chains_;
    const bool allowed = n % 2 == 0;
    return Ask("document", Cat("d", chain), allowed ? Cat("u", chain) : Stranger(n), allowed);
  }
  Relationship Extra(uint64_t n) const override {
    return Row("document", Cat("extra", n), "parent", "folder", Cat("c", n % chains_, "-0"));
  }
  CheckQuestion ExtraQuestion(uint64_t n) const override {
    return Ask("document", Cat("extra", n), Cat("u", n % chains_), true).question;
  }

 private:
  const uint64_t depth_;
  const uint64_t chains_;
};

class WideWorld final : public World {
 public:
  explicit WideWorld(double scale)
      : people_(Scaled(1'000'000, scale)), viewers_(Scaled(9'000, scale)), groups_(Scaled(300, scale)) {}
  std::string schema() const override {
    return R"(definition user {}
definition group { relation member: user | group#member }
definition document {
	relation viewer: user | group#member
	permission view = viewer
}
)";
  }
  void Generate(const Sink& add) const override {
    for (uint64_t d = 0; d < kDocuments; ++d) {
      for (uint64_t i = 0; i < viewers_; ++i) add(Row("document", Cat("direct", d), "viewer", "user", Viewer(d, i)));
      for (uint64_t g = 0; g < 10; ++g) {
        add(Row("document", Cat("nested", d), "viewer", "group", Cat("g", d, "-", g), "member"));
        for (uint64_t i = 0; i < groups_; ++i) {
          const std::string inner = Cat("g", d, "-", g, "-", i);
          add(Row("group", Cat("g", d, "-", g), "member", "group", inner, "member"));
          for (uint64_t k = 0; k < kInner; ++k) add(Row("group", inner, "member", "user", Inner(d, g, i, k)));
        }
      }
    }
    for (uint64_t i = 0; i < people_; ++i) add(Row("group", "everybody", "member", "user", Cat("p", i)));
    add(Row("document", "open", "viewer", "group", "everybody", "member"));
  }
  WorldQuestion Question(uint64_t n) const override {
    const uint64_t random = Scatter(n), d = random % kDocuments;
    const bool allowed = n % 2 == 0;
    std::string who = Stranger(n);
    switch (n / 2 % 3) {
      case 0:
        if (allowed) who = Viewer(d, random / 7 % viewers_);
        return Ask("document", Cat("direct", d), who, allowed);
      case 1:
        if (allowed) who = Inner(d, random / 7 % 10, random / 77 % groups_, random / 99 % kInner);
        return Ask("document", Cat("nested", d), who, allowed);
      default:
        if (allowed) who = Cat("p", random % people_);
        return Ask("document", "open", who, allowed);
    }
  }
  Relationship Extra(uint64_t n) const override {
    return Row("document", Cat("extra", n), "viewer", "group", "everybody", "member");
  }
  CheckQuestion ExtraQuestion(uint64_t n) const override {
    return Ask("document", Cat("extra", n), "p0", true).question;
  }

 private:
  static constexpr uint64_t kDocuments = 20, kInner = 8;
  static std::string Viewer(uint64_t d, uint64_t i) { return Cat("v", d, "-", i); }
  static std::string Inner(uint64_t d, uint64_t g, uint64_t i, uint64_t k) {
    return Cat("m", d, "-", g, "-", i, "-", k);
  }
  const uint64_t people_;
  const uint64_t viewers_;
  const uint64_t groups_;  // In each of the ten groups.
};

class TeamsWorld final : public World {
 public:
  explicit TeamsWorld(double scale) : areas_(Scaled(200, scale)) {}
  std::string schema() const override {
    return R"(definition user {}
definition team {
	relation area: area
	relation member: user
	permission access = member + area->manage
}
definition area {
	relation lead: user
	permission manage = lead
}
definition repository {
	relation owner: team
	permission view = owner->access
}
)";
  }
  void Generate(const Sink& add) const override {
    for (uint64_t area = 0; area < areas_; ++area) {
      add(Row("area", Cat("a", area), "lead", "user", Cat("lead", area)));
      for (uint64_t team = 0; team < kTeams; ++team) {
        const std::string id = Cat("a", area, "-t", team);
        add(Row("team", id, "area", "area", Cat("a", area)));
        for (uint64_t i = 0; i < kUsers; ++i) add(Row("team", id, "member", "user", Cat(id, "-u", i)));
        add(Row("repository", Cat("repo-", id), "owner", "team", id));
      }
    }
  }
  WorldQuestion Question(uint64_t n) const override {
    const uint64_t random = Scatter(n), area = random % areas_, team = random / 1009 % kTeams;
    const bool allowed = n % 2 == 0;
    std::string who = n % 10 == 0 ? Cat("lead", area) : Cat("a", area, "-t", team, "-u", random / 7 % kUsers);
    if (!allowed) who = Cat("a", area, "-t", (team + 1) % kTeams, "-u", random / 7 % kUsers);
    return Ask("repository", Cat("repo-a", area, "-t", team), who, allowed);
  }
  Relationship Extra(uint64_t n) const override {
    return Row("repository", Cat("extra", n), "owner", "team", Cat("a", n % areas_, "-t0"));
  }
  CheckQuestion ExtraQuestion(uint64_t n) const override {
    return Ask("repository", Cat("extra", n), Cat("a", n % areas_, "-t0-u0"), true).question;
  }

 private:
  static constexpr uint64_t kTeams = 50, kUsers = 10;
  const uint64_t areas_;
};

class ExclusionWorld final : public World {
 public:
  explicit ExclusionWorld(double scale) : organizations_(Scaled(1'000, scale)) {}
  std::string schema() const override {
    return R"(definition user {}
definition organization {
	relation reader: user
	relation banned: user
	permission active = reader - banned
}
definition document {
	relation organization: organization
	relation viewer: user
	permission view = viewer & organization->active
}
)";
  }
  void Generate(const Sink& add) const override {
    for (uint64_t org = 0; org < organizations_; ++org) {
      const std::string id = Cat("o", org);
      for (uint64_t i = 0; i < kReaders; ++i) {
        add(Row("organization", id, "reader", "user", Reader(org, i)));
        if (IsBanned(i)) add(Row("organization", id, "banned", "user", Reader(org, i)));
      }
      for (uint64_t d = 0; d < kDocuments; ++d) {
        add(Row("document", Cat(id, "-d", d), "organization", "organization", id));
        for (uint64_t k = 0; k < kViewers; ++k)
          add(Row("document", Cat(id, "-d", d), "viewer", "user", Reader(org, Viewer(d, k))));
      }
    }
  }
  WorldQuestion Question(uint64_t n) const override {
    const uint64_t random = Scatter(n), org = random % organizations_, d = random / 1009 % kDocuments;
    const bool allowed = n % 2 == 0;
    // Of those denied every other one is a viewer who is banned, and the rest are readers who are no viewers.
    uint64_t reader = 0;
    for (uint64_t k = 0; k < kViewers; ++k) {
      reader = Viewer(d, (random / 7 + k) % kViewers);
      if (IsBanned(reader) != allowed) break;
    }
    if (!allowed && n % 4 == 1) reader = Viewer(d, 0) + kViewers * kStep;
    return Ask("document", Cat("o", org, "-d", d), Reader(org, reader % kReaders), allowed);
  }
  Relationship Extra(uint64_t n) const override {
    return Row("document", Cat("o", n % organizations_, "-d0"), "viewer", "user",
               Reader(n % organizations_, kSparedReader));
  }
  CheckQuestion ExtraQuestion(uint64_t n) const override {
    return Ask("document", Cat("o", n % organizations_, "-d0"), Reader(n % organizations_, kSparedReader), true)
        .question;
  }

 private:
  static constexpr uint64_t kReaders = 200, kDocuments = 250, kViewers = 4, kStep = 5;
  static constexpr uint64_t kSparedReader = 26;  // Not banned, and in no Question about the first document.
  static bool IsBanned(uint64_t reader) { return reader / kStep % 4 == 0; }
  // Four in a row of fifths, one of them banned.
  static uint64_t Viewer(uint64_t d, uint64_t k) { return (d % kStep + d / kStep % 36 * kStep + k * kStep) % kReaders; }
  static std::string Reader(uint64_t org, uint64_t i) { return Cat("o", org, "-u", i); }
  const uint64_t organizations_;
};

}  // namespace

uint64_t Scatter(uint64_t n) {  // splitmix64
  n += 0x9e3779b97f4a7c15;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
  n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
  return (n ^ (n >> 31)) >> 1;
}

Relationship Row(std::string_view type, std::string id, std::string_view relation, std::string_view subject_type,
                 std::string subject_id, std::string_view subject_relation) {
  return {.resource = {std::string(type), std::move(id)},
          .relation = std::string(relation),
          .subject = {std::string(subject_type), std::move(subject_id), std::string(subject_relation)}};
}

const std::vector<std::string>& WorldNames() {
  static const std::vector<std::string> names = {"direct", "rbac",  "drive",     "deep30", "deep1000",
                                                 "wide",   "teams", "exclusion", "agents"};
  return names;
}

absl::StatusOr<std::unique_ptr<World>> MakeWorld(std::string_view name, double scale) {
  if (!(scale > 0 && scale <= 10))
    return absl::InvalidArgumentError(Cat("a scale is above 0 and at most 10, not ", scale));
  std::unique_ptr<World> world;
  if (name == "direct") world = std::make_unique<DirectWorld>(scale);
  if (name == "rbac") world = std::make_unique<RbacWorld>(scale);
  if (name == "drive") world = std::make_unique<DriveWorld>(DriveWorldSize::Scaled(scale));
  if (name == "deep30") world = std::make_unique<DeepWorld>(30, Scaled(10'000, scale));
  if (name == "deep1000") world = std::make_unique<DeepWorld>(1'000, Scaled(500, scale));
  if (name == "wide") world = std::make_unique<WideWorld>(scale);
  if (name == "teams") world = std::make_unique<TeamsWorld>(scale);
  if (name == "exclusion") world = std::make_unique<ExclusionWorld>(scale);
  if (name == "agents") world = std::make_unique<AgentsWorld>(DriveWorldSize::Scaled(scale), Scaled(10'000, scale));
  if (world != nullptr) return world;
  std::string names;
  for (const std::string& each : WorldNames()) names += Cat(names.empty() ? "" : ", ", each);
  return absl::NotFoundError(Cat("there is no world ", Quote(name), "; there are ", names));
}

}  // namespace mandate
