// A world in which sessions mostly may act, under random rules: so that it is the rules that decide.
#include <set>

#include "schema/compiler.h"
#include "schema/text.h"
#include "test/random_world.h"

namespace mandate {
namespace {

constexpr std::string_view kEnds = "[expiration:2027-01-01T00:00:00Z]";

class RuledWorldMaker {
 public:
  explicit RuledWorldMaker(uint64_t seed) : dice_(seed ^ 0x2545f4914f6cdd1d) {}

  RandomWorld Make() {
    MakeSchema();
    world_.now = absl::FromCivil(absl::CivilHour(2026, 6, 1, 12), absl::UTCTimeZone());
    world_.writes.push_back({world_.now - absl::Hours(1), {}});
    PutData();
    PutTask("errand:a1", "user:a", "bot:b", "");
    PutTask("errand:a2", "bot:b", "helper:h", "errand:a1");
    if (dice_.Percent(50)) PutTask("chore:a3", "user:a", "helper:h", "");
    if (dice_.Percent(50)) PutTask("errand:b1", "user:b", "bot:b", "");
    Put(Cat("user:a#acts_on_behalf_of@bot:b", kEnds));
    Put(Cat("user:a#acts_on_behalf_of@helper:h", kEnds));
    Put(Cat("user:b#acts_on_behalf_of@bot:b", kEnds));
    Put(Cat("bot:b#acts_on_behalf_of@helper:h", kEnds));
    PutSession("run:1", "bot:b", "errand:a1");
    PutSession("run:2", "bot:b", "errand:a1");
    PutSession("run:3", "helper:h", "errand:a2");
    if (tasks_.contains("chore:a3")) PutSession("run:4", "helper:h", "chore:a3");
    if (tasks_.contains("errand:b1")) PutSession("run:5", "bot:b", "errand:b1");
    world_.objects.assign(objects_.begin(), objects_.end());
    return std::move(world_);
  }

 private:
  using Block = SchemaDraft::Block;

  // What is added must leave the schema whole; an expression or a rule that does not fit is drawn again.
  void MakeSchema() {
    SchemaDraft& draft = world_.draft;
    draft.uses = {"use delegation", "use expiration"};
    const std::string flagged = dice_.Percent(30) ? " | user with flagged" : "";
    if (!flagged.empty()) draft.blocks.push_back({"caveat flagged(on bool)", {"on"}});
    const std::string lent = "bot with expiration | helper with expiration";
    draft.blocks.push_back({"definition user", {Cat("relation acts_on_behalf_of: ", lent)}});
    draft.blocks.push_back({"definition team", {"relation member: user"}});
    draft.blocks.push_back({"definition folder", {"relation viewer: user | team#member", "permission view = viewer"}});
    Block document{"definition document",
                   {"relation parent: folder", "relation owner: user", "relation banned: user",
                    Cat("relation viewer: user | team#member", flagged), Cat("relation secret: user | user:*", flagged),
                    "permission edit = owner"}};
    document.lines.push_back(Cat("permission view = ", dice_.Percent(30) ? "(" : "", "viewer + ",
                                 dice_.Percent(70) ? "edit + " : "", "parent->view", ""));
    std::string& view = document.lines.back();
    if (view.find('(') != view.npos) view += ") - banned";
    draft.blocks.push_back(document);
    draft.blocks.push_back({"definition mailbox",
                            {"relation owner: user", "relation clerk: user", "permission draft = send + clerk",
                             "permission send = owner"}});
    draft.blocks.push_back({"agent bot", {"relation acts_on_behalf_of: helper with expiration"}});
    draft.blocks.push_back({"agent helper", {}});
    if (dice_.Percent(30)) {
      draft.blocks.back().lines.push_back("relation boundary: document:*#view | document:*#edit | mailbox:*#send");
      has_boundary_ = true;
    }
    const std::vector<std::string> task = {"relation delegator: user | bot", Cat("relation delegated_for_task: ", lent),
                                           "relation parent_task: errand",
                                           "relation scope: document:*#view | document:*#edit | document#view | "
                                           "mailbox:*#send | mailbox:*#draft | folder#view"};
    draft.blocks.push_back({"task errand", task});
    AddRules(1 + dice_.Below(4));
    draft.blocks.push_back({"task chore", task});
    AddRules(dice_.Below(3));
    draft.blocks.push_back({"session run", {Cat("relation agent: ", lent), "relation task: errand | chore"}});
    const CompileResult compiled = CompileSchema(draft.Text());
    if (!compiled.ok()) {
      std::fprintf(stderr, "%s", RenderDiagnostics("ruled", draft.Text(), compiled.diagnostics).c_str());
      std::abort();
    }
    world_.schema = compiled.schema;
  }

  void AddRules(size_t count) {
    std::set<std::string> drawn;
    while (drawn.size() < count) drawn.insert(Rule());
    for (const std::string& rule : drawn) world_.draft.blocks.back().lines.push_back(rule);
  }

  std::string Rule() {
    const std::vector<std::string> done = {"document#view", "document#edit", "document#viewer", "mailbox#send",
                                           "mailbox#draft"};
    const std::vector<std::string> document_marks = {"secret", "owner", "banned"};
    const std::vector<std::string> mailbox_marks = {"clerk", "owner"};
    const std::string& what = dice_.Pick(done);
    const bool is_document = what.starts_with("document");
    const std::string mark = dice_.Pick(is_document ? document_marks : mailbox_marks);
    const std::string when = dice_.Percent(50) ? Cat(" when ", mark) : "";
    switch (dice_.Below(4)) {
      case 0: return Cat("limit ", what, " to ", 1 + dice_.Below(3), " per ", dice_.Percent(50) ? "task" : "session");
      case 1: return Cat("after ", what, when, " forbid ", dice_.Pick(done));
      case 2: return Cat("contain ", what, when, " at ", dice_.Pick(done));
      default:
        return Cat("require approval for ", what, " by ", is_document ? "owner" : dice_.Pick(mailbox_marks),
                   dice_.Percent(30) ? " other than principal" : "");
    }
  }

  void PutData() {
    const bool flagged = world_.schema->FindCaveat("flagged").has_value();
    for (const std::string id : {"d1", "d2", "d3"}) {
      const std::string document = Cat("document:", id);
      Maybe(70, Cat(document, "#owner@user:a"));
      Maybe(40, Cat(document, "#owner@user:b"));
      Maybe(50, Cat(document, "#viewer@user:a"));
      Maybe(40, Cat(document, "#viewer@user:b"));
      Maybe(30, Cat(document, "#viewer@team:t#member"));
      Maybe(20, Cat(document, "#parent@folder:f"));
      Maybe(20, Cat(document, "#banned@user:a"));
      Maybe(15, Cat(document, "#secret@user:*"));
      if (!flagged) Maybe(40, Cat(document, "#secret@user:a"));
      if (flagged) Maybe(50, Cat(document, "#secret@user:a[flagged", dice_.Percent(30) ? ":{\"on\":true}" : "", "]"));
    }
    for (const std::string id : {"m1", "m2"}) {
      Maybe(80, Cat("mailbox:", id, "#owner@user:a"));
      Maybe(40, Cat("mailbox:", id, "#owner@user:b"));
      Maybe(40, Cat("mailbox:", id, "#clerk@user:", dice_.Percent(50) ? "a" : "b"));
    }
    Maybe(50, "folder:f#viewer@user:b");
    Maybe(50, "team:t#member@user:b");
    Maybe(50, "team:t#member@user:a");
    Put("document:d1#banned@user:nobody");
    Put("mailbox:m1#clerk@user:nobody");
    if (!has_boundary_) return;
    for (const std::string item : {"document:*#view", "document:*#edit", "mailbox:*#send"}) {
      Maybe(85, Cat("helper:h#boundary@", item));
    }
  }

  void PutTask(const std::string& task, const std::string& delegator, const std::string& agent,
               const std::string& parent) {
    tasks_.insert(task);
    Put(Cat(task, "#delegator@", delegator));
    Put(Cat(task, "#delegated_for_task@", agent, kEnds));
    if (!parent.empty()) Put(Cat(task, "#parent_task@", parent));
    for (const std::string item : {"document:*#view", "document:*#edit", "mailbox:*#send", "mailbox:*#draft"}) {
      Maybe(90, Cat(task, "#scope@", item));
    }
    Maybe(20, Cat(task, "#scope@folder:f#view"));
  }

  void PutSession(const std::string& session, const std::string& agent, const std::string& task) {
    Put(Cat(session, "#agent@", agent, kEnds));
    Put(Cat(session, "#task@", task));
  }

  void Maybe(size_t percent, const std::string& text) {
    if (dice_.Percent(percent)) Put(text);
  }

  void Put(const std::string& text) {
    const auto parsed = ParseRelationship(text);
    if (!parsed.ok()) std::abort();
    world_.writes[0].changes.push_back({ChangeOp::kTouch, *parsed});
    objects_.insert(parsed->resource);
    if (!parsed->subject.IsWildcard()) objects_.insert({parsed->subject.type, parsed->subject.id});
  }

  Dice dice_;
  RandomWorld world_;
  std::set<ObjectRef> objects_;
  std::set<std::string> tasks_;
  bool has_boundary_ = false;
};

}  // namespace

RandomWorld MakeRuledWorld(uint64_t seed) { return RuledWorldMaker(seed).Make(); }

}  // namespace mandate
