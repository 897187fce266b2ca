// Names are drawn first, then caveats, subject types and expressions over them. All that can be wrong
// with the result is a permission that subtracts itself on the same object, or is only another name of
// itself; then the permissions are drawn again.
#include "test/random_schema.h"

#include <algorithm>
#include <iostream>

#include "schema/compiler.h"
#include "schema/text.h"
#include "test/random_caveats.h"

namespace mandate {
namespace {

const std::vector<std::string> kTypes = {"team", "folder", "document", "org/unit"};
const std::vector<std::string> kWalkable = {"parent", "owner"};
const std::vector<std::string> kRelations = {"viewer", "member", "banned"};
const std::vector<std::string> kPermissions = {"view", "edit", "reach", "admit"};

struct Type {
  std::string name;
  std::string keyword = "definition";
  bool is_principal = false;
  std::vector<std::string> relations;
  std::vector<std::string> permissions;
  std::vector<std::string> Members() const {
    std::vector<std::string> all = relations;
    all.insert(all.end(), permissions.begin(), permissions.end());
    return all;
  }
};

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) out += Cat(out.empty() ? "" : separator, part);
  return out;
}

bool IsWalkable(const std::string& relation) {
  return std::find(kWalkable.begin(), kWalkable.end(), relation) != kWalkable.end();
}

class SchemaMaker {
 public:
  SchemaMaker(Dice& dice, bool with_delegation, size_t types_percent)
      : dice_(dice), with_delegation_(with_delegation), types_percent_(types_percent) {}

  SchemaDraft Make() {
    MakeNames();
    SchemaDraft draft;
    if (dice_.Percent(75)) draft.blocks = MakeRandomCaveats(dice_);
    for (const SchemaDraft::Block& block : draft.blocks) caveats_.push_back(CaveatNameOf(block));
    draft.uses = {"use expiration", "use self"};
    if (with_delegation_) draft.uses.push_back("use delegation");
    const size_t first_type = draft.blocks.size();
    for (const Type& type : types_) {
      SchemaDraft::Block block{Cat(type.keyword, " ", type.name), {}};
      for (const std::string& relation : type.relations) {
        block.lines.push_back(Cat("relation ", relation, ": ", SubjectTypes(relation)));
      }
      AddReserved(type, block);
      draft.blocks.push_back(block);
    }
    for (;;) {
      SchemaDraft whole = draft;
      for (size_t i = 0; i < types_.size(); ++i) {
        for (const std::string& permission : types_[i].permissions) {
          whole.blocks[first_type + i].lines.push_back(
              Cat("permission ", permission, " = ", MakeExpression(types_[i], 3)));
        }
      }
      const CompileResult result = CompileSchema(whole.Text());
      if (result.ok()) {
        if (with_delegation_ && dice_.Percent(30)) AddRules(whole);
        return whole;
      }
      for (const Diagnostic& d : result.diagnostics) {
        if (d.severity == Severity::kWarning || d.message.find("subtracts itself") != std::string::npos ||
            d.message.find("is only another name of itself") != std::string::npos)
          continue;
        std::cerr << "the generator made a schema that does not compile\n"
                  << RenderDiagnostics("schema", whole.Text(), result.diagnostics);
        std::abort();
      }
    }
  }

 private:
  void MakeNames() {
    types_.push_back({"user", "definition", with_delegation_, {}, {}});
    if (with_delegation_ && dice_.Percent(40)) types_.push_back({"service", "definition", true, {}, {}});
    for (const std::string& name : kTypes) {
      if (name == "document" || dice_.Percent(types_percent_)) {
        types_.push_back({name, "definition", with_delegation_ && dice_.Percent(15), {}, {}});
      }
    }
    for (Type& type : types_) {
      const bool is_subject = type.name == "user" || type.name == "service";
      MakeMembers(type, is_subject ? 12 : 100);
    }
    if (!with_delegation_) return;
    types_.push_back({"assistant", "agent", false, {}, {}});
    if (dice_.Percent(50)) types_.push_back({"helper", "agent", false, {}, {}});
    types_.push_back({"errand", "task", false, {}, {}});
    types_.push_back({"run", "session", false, {}, {}});
    for (Type& type : types_) {
      if (type.keyword != "definition") MakeMembers(type, 15);
    }
  }

  void MakeMembers(Type& type, size_t percent) {
    const auto take = [&](const std::vector<std::string>& names, size_t chance, std::vector<std::string>& into) {
      for (const std::string& name : names) {
        if (dice_.Percent(chance * percent / 100)) into.push_back(name);
      }
    };
    take(kWalkable, 65, type.relations);
    take(kRelations, 60, type.relations);
    take(kPermissions, 60, type.permissions);
    if (percent == 100 && type.relations.empty()) type.relations.push_back("viewer");
  }

  std::vector<const Type*> Ordinary() const {
    std::vector<const Type*> found;
    for (const Type& type : types_) {
      if (type.keyword == "definition") found.push_back(&type);
    }
    return found;
  }

  // With what a relationship of this form carries.
  std::string Maybe(const std::string& form) {
    const bool expires = dice_.Percent(30);
    if (!caveats_.empty() && dice_.Percent(45)) {
      return Cat(form, " with ", dice_.Pick(caveats_), expires ? " and expiration" : "");
    }
    return expires ? form + " with expiration" : form;
  }

  std::string SubjectTypes(const std::string& relation) {
    std::vector<std::string> forms;
    const auto add = [&](const std::string& form) {
      if (std::find(forms.begin(), forms.end(), form) == forms.end()) forms.push_back(form);
    };
    const bool walkable = IsWalkable(relation);
    for (const Type* type : Ordinary()) {
      const bool is_user = type->name == "user";
      if (dice_.Percent(is_user ? (walkable ? 30 : 85) : walkable ? 60 : 12)) add(Maybe(type->name));
      if (dice_.Percent(is_user ? 20 : 5)) add(Maybe(type->name));
      if (!walkable && dice_.Percent(is_user ? 25 : 6)) add(Maybe(type->name + ":*"));
      if (!walkable && is_user && dice_.Percent(8)) add(Maybe(type->name + ":*"));
      for (const std::string& member : type->Members()) {
        if (dice_.Percent(walkable ? 5 : 18)) add(Maybe(Cat(type->name, "#", member)));
      }
    }
    if (forms.empty()) add("user");
    return Join(forms, " | ");
  }

  // --- Delegation.

  void AddReserved(const Type& type, SchemaDraft::Block& block) {
    const auto add = [&](std::string_view relation, const std::string& forms) {
      block.lines.push_back(Cat("relation ", relation, ": ", forms));
    };
    const bool is_agent = type.keyword == "agent";
    if (type.is_principal || (is_agent && dice_.Percent(90))) add("acts_on_behalf_of", Agents());
    if (is_agent && dice_.Percent(50)) add("boundary", Items());
    if (type.keyword == "task") {
      std::vector<std::string> delegators;
      for (const Type& each : types_) {
        if (each.is_principal || each.keyword == "agent") delegators.push_back(each.name);
      }
      add("delegator", Join(delegators, " | "));
      add("delegated_for_task", Agents());
      add("parent_task", "errand");
      add("scope", Items());
    }
    if (type.keyword == "session") {
      add("agent", Agents());
      add("task", "errand");
    }
  }

  std::string Agents() {
    std::vector<std::string> forms;
    for (const Type& type : types_) {
      if (type.keyword != "agent") continue;
      const bool has_caveat = !caveats_.empty() && dice_.Percent(35);
      if (has_caveat) {
        forms.push_back(Cat(type.name, " with ", dice_.Pick(caveats_), " and expiration"));
      }
      if (!has_caveat || dice_.Percent(70)) forms.push_back(type.name + " with expiration");
    }
    return Join(forms, " | ");
  }

  std::string Items() {
    std::vector<std::string> forms;
    for (const Type* type : Ordinary()) {
      for (const std::string& member : type->Members()) {
        if (dice_.Percent(45)) forms.push_back(Maybe(Cat(type->name, "#", member)));
        if (dice_.Percent(55)) forms.push_back(Maybe(Cat(type->name, ":*#", member)));
      }
    }
    if (forms.empty()) {
      for (const Type* type : Ordinary()) {
        if (type->name == "document") forms.push_back(Cat("document:*#", type->Members()[0]));
      }
    }
    return Join(forms, " | ");
  }

  // Rules over time, those that make sense of some that are drawn.
  void AddRules(SchemaDraft& whole) {
    SchemaDraft::Block* task = nullptr;
    for (SchemaDraft::Block& block : whole.blocks) {
      if (block.header == "task errand") task = &block;
    }
    for (int i = 0; i < 3; ++i) {
      task->lines.push_back(Rule());
      if (!CompileSchema(whole.Text()).ok()) task->lines.pop_back();
    }
  }

  std::string Rule() {
    const auto type = [&]() -> const Type& {
      for (;;) {
        const Type& drawn = *dice_.Pick(Ordinary());
        if (!drawn.Members().empty()) return drawn;
      }
    };
    const auto member = [&](const Type& of) { return dice_.Pick(of.Members()); };
    const Type& done = type();
    const Type& next = dice_.Percent(50) ? done : type();
    const std::string what = Cat(done.name, "#", member(done));
    const std::string governed = Cat(next.name, "#", member(next));
    const std::string when = dice_.Percent(40) ? Cat(" when ", member(done)) : "";
    switch (dice_.Below(4)) {
      case 0: return Cat("limit ", what, " to 2 per ", dice_.Percent(50) ? "task" : "session");
      case 1: return Cat("after ", what, when, " forbid ", governed);
      case 2: return Cat("contain ", what, when, " at ", governed);
      default:
        return Cat("require approval for ", what, " by ", member(done),
                   dice_.Percent(30) ? " other than principal" : "");
    }
  }

  // --- Expressions.

  std::string MakeExpression(const Type& type, size_t depth) {
    if (depth == 0 || dice_.Percent(45)) return MakeLeaf(type);
    const size_t roll = dice_.Below(100);
    const bool is_exclusion = roll < exclusions_;
    const std::string_view op = is_exclusion ? " - " : roll < exclusions_ + 18 ? " & " : " + ";
    std::vector<std::string> operands;
    const size_t count = 2 + dice_.Below(2);
    for (size_t i = 0; i < count; ++i) operands.push_back(MakeExpression(type, depth - 1));
    // What is taken away on the way up is how data come to depend on their own absence.
    const std::vector<std::string> walkable = WalkableOf(type);
    if (is_exclusion && !walkable.empty() && dice_.Percent(exclusions_)) {
      operands.back() = Cat(dice_.Pick(walkable), "->", dice_.Pick(kPermissions));
    }
    return Cat("(", Join(operands, op), ")");
  }

  static std::vector<std::string> WalkableOf(const Type& type) {
    std::vector<std::string> walkable;
    for (const std::string& relation : type.relations) {
      if (IsWalkable(relation)) walkable.push_back(relation);
    }
    return walkable;
  }

  std::string MakeLeaf(const Type& type) {
    const std::vector<std::string> walkable = WalkableOf(type);
    const size_t roll = dice_.Below(100);
    if (roll < 3) return "nil";
    if (roll < 10) return "self";
    if (roll < 40 && !walkable.empty()) return MakeArrow(dice_.Pick(walkable));
    if (roll < 60 && !type.permissions.empty()) return dice_.Pick(type.permissions);
    if (!type.relations.empty()) return dice_.Pick(type.relations);
    return "self";
  }

  std::string MakeArrow(const std::string& first) {
    std::string text = first;
    const size_t steps = dice_.Percent(75) ? 1 : dice_.Percent(75) ? 2 : 3;
    for (size_t i = 0; i < steps; ++i) {
      const std::string& name = i + 1 < steps       ? dice_.Pick(kWalkable)
                                : dice_.Percent(60) ? dice_.Pick(kPermissions)
                                : dice_.Percent(70) ? dice_.Pick(kRelations)
                                                    : dice_.Pick(kWalkable);
      const size_t form = dice_.Below(100);
      text += form < 55 ? Cat("->", name) : form < 70 ? Cat(".any(", name, ")") : Cat(".all(", name, ")");
    }
    return text;
  }

  Dice& dice_;
  const bool with_delegation_;
  const size_t types_percent_;
  const size_t exclusions_ = dice_.Percent(25) ? 45 : 12;  // Of 100 operators.
  std::vector<std::string> caveats_;
  std::vector<Type> types_;
};

}  // namespace

SchemaDraft MakeRandomSchema(Dice& dice, bool with_delegation, size_t types_percent) {
  return SchemaMaker(dice, with_delegation, types_percent).Make();
}

}  // namespace mandate
