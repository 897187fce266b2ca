// Names: definitions, partials and caveats share one space, the members of a definition another.
//
// A partial is put in where it is spread, member by member, before anything is resolved:
//
//   partial audited { relation auditor: user }
//   definition document { ...audited }      // definition document { relation auditor: user }
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/cel/cel.h"
#include "schema/comment.h"
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {
namespace {

using syntax::DefinitionKind;
using syntax::MemberKind;

// Members after partials are put in, counting each spread as one: nested partials multiply.
constexpr size_t kMembersMax = 1 << 20;

// Bodies with statements that could not be read, in one definition. With more of them, anything may
// be declared there.
constexpr size_t kUnreadBodiesMax = 16;

// Their text and documentation, again with partials put in: four times what a schema may have.
constexpr size_t kDeclaredBytesMax = 16 << 20;

Kind KindOf(DefinitionKind kind) {
  switch (kind) {
    case DefinitionKind::kAgent: return Kind::kAgent;
    case DefinitionKind::kTask: return Kind::kTask;
    case DefinitionKind::kSession: return Kind::kSession;
    default: return Kind::kDefinition;
  }
}

class Declarer {
 public:
  explicit Declarer(Resolution& r) : r_(r) {}

  void Run() {
    r_.builder.SetDelegation(r_.file.uses_delegation);
    r_.unread.insert(r_.file.unread.begin(), r_.file.unread.end());
    std::vector<const syntax::Definition*> definitions;
    for (const syntax::Item& item : r_.file.items) {
      if (const auto* definition = std::get_if<syntax::Definition>(&item)) {
        const bool fresh = ClaimName(definition->name);
        if (definition->kind != DefinitionKind::kPartial) {
          definitions.push_back(definition);
        } else if (fresh) {
          r_.partials[definition->name.text] = definition;
        }
      } else if (const auto* caveat = std::get_if<syntax::Caveat>(&item)) {
        ClaimName(caveat->name);
        DeclareCaveat(*caveat);
      } else if (const auto* import = std::get_if<syntax::Import>(&item)) {
        r_.sink.SyntaxError(import->span, "`import` is not supported: put the files together into one text first");
      }
    }
    CheckPartials();
    for (const syntax::Definition* definition : definitions) Declare(*definition);
    for (size_t i = 0; i < definitions.size() && !r_.too_large; ++i)
      DeclareMembers(static_cast<TypeId>(i), *definitions[i]);
  }

 private:
  bool ClaimName(const syntax::Name& name) {
    if (name.empty()) return false;
    if (names_.insert(name.text).second) return true;
    r_.sink.SyntaxError(name.span, Cat("the name ", Quote(name.text),
                                       " is already taken; definitions, partials and caveats share one set of names"));
    return false;
  }

  void DeclareCaveat(const syntax::Caveat& source) {
    Caveat caveat{source.name.text, syntax::DocText(source.comments), {}, source.body};
    for (const syntax::CaveatParameter& parameter : source.parameters) {
      caveat.parameters.push_back({parameter.name.text, parameter.type});
    }
    if (!source.broken) CompileCaveat(source, caveat);
    r_.builder.AddCaveat(std::move(caveat));
  }

  void CompileCaveat(const syntax::Caveat& source, Caveat& caveat) {
    std::vector<cel::Variable> variables;
    for (const syntax::CaveatParameter& parameter : source.parameters) {
      const absl::Status valid = cel::ValidateVariableName(parameter.name.text);
      const absl::StatusOr<cel::Type> type = cel::ParseType(parameter.type);
      if (!valid.ok()) r_.sink.SyntaxError(parameter.name.span, std::string(valid.message()));
      if (!type.ok()) r_.sink.SyntaxError(parameter.type_span, std::string(type.status().message()));
      if (!valid.ok() || !type.ok()) return;
      variables.push_back({parameter.name.text, *type});
    }
    if (r_.sink.full() || r_.caveat_budget.exceeded()) return;
    cel::CompileResult compiled = cel::Compile(source.body, variables, {.budget = &r_.caveat_budget});
    if (r_.caveat_budget.exceeded()) {
      r_.sink.Error(source.name.span,
                    "the caveats of this schema are too large, with this one; make their expressions shorter, or "
                    "patterns of `matches` simpler");
      return;
    }
    for (const cel::Diagnostic& d : compiled.diagnostics) {
      r_.sink.Error({source.body_span.offset + static_cast<uint32_t>(d.offset), static_cast<uint32_t>(d.length)},
                    d.message);
    }
    if (!compiled.ok()) return;
    const absl::flat_hash_set<std::string> unused(compiled.unused.begin(), compiled.unused.end());
    for (const syntax::CaveatParameter& parameter : source.parameters) {
      if (!unused.contains(parameter.name.text)) continue;
      r_.sink.Error(parameter.name.span, Cat("parameter ", Quote(parameter.name.text), " is not used by the caveat"));
    }
    caveat.program = std::move(compiled.program);
  }

  void Declare(const syntax::Definition& source) {
    r_.builder.AddDefinition(source.name.text, KindOf(source.kind), syntax::DocText(source.comments));
    r_.types.push_back({&source});
    NoteUnread(r_.types.back(), source);
  }

  void NoteUnread(TypeSource& type, const syntax::Definition& body) {
    type.incomplete |= body.incomplete;
    if (body.unread.empty()) return;
    auto& words = r_.unread_members[&body];
    if (words.empty()) words.insert(body.unread.begin(), body.unread.end());
    type.unread.push_back(&words);
    type.incomplete |= type.unread.size() > kUnreadBodiesMax;
  }

  // Every partial that is spread exists and none comes back to itself, whether it is used or not.
  // Depth first, each partial once.
  void CheckPartials() {
    absl::flat_hash_set<const syntax::Definition*> done;
    for (const syntax::Item& item : r_.file.items) {
      const auto* root = std::get_if<syntax::Definition>(&item);
      if (root == nullptr) continue;
      absl::flat_hash_set<const syntax::Definition*> open;
      std::vector<Place> stack;
      if (done.insert(root).second) stack.push_back({root, 0});
      open.insert(root);
      while (!stack.empty()) {
        const syntax::Member* member = Next(stack, open);
        if (member == nullptr || member->kind != MemberKind::kSpread) continue;
        const syntax::Definition* partial = FindPartial(member->name, /*report=*/true);
        if (partial == nullptr) continue;
        if (open.contains(partial)) {
          r_.sink.SyntaxError(member->name.span,
                              Cat("partial ", Quote(partial->name.text), " comes back to itself here"));
        } else if (done.insert(partial).second) {
          open.insert(partial);
          stack.push_back({partial, 0});
        }
      }
    }
  }

  struct Place {
    const syntax::Definition* body;
    size_t next;
  };

  // The next member of the innermost body; null when that body ends, which also closes it.
  static const syntax::Member* Next(std::vector<Place>& stack, absl::flat_hash_set<const syntax::Definition*>& open) {
    Place& place = stack.back();
    if (place.next < place.body->members.size()) return &place.body->members[place.next++];
    open.erase(place.body);
    stack.pop_back();
    return nullptr;
  }

  const syntax::Definition* FindPartial(const syntax::Name& name, bool report) {
    const auto found = r_.partials.find(name.text);
    if (found != r_.partials.end()) return found->second;
    if (report && !r_.MayDeclare(name.text)) {
      r_.sink.SyntaxError(name.span,
                          Cat("partial ", Quote(name.text), " is not defined", r_.SuggestPartial(name.text)));
    }
    return nullptr;
  }

  void DeclareMembers(TypeId type, const syntax::Definition& definition) {
    absl::flat_hash_set<const syntax::Definition*> open = {&definition};
    absl::flat_hash_set<const syntax::Definition*> seen;
    std::vector<Place> stack = {{&definition, 0}};
    while (!stack.empty()) {
      const syntax::Member* member = Next(stack, open);
      if (member == nullptr) continue;
      if (!Count(*member)) return;
      if (member->kind == MemberKind::kRule) {
        if (!member->broken) r_.rules.push_back({type, member});
        continue;
      }
      if (member->kind != MemberKind::kSpread) {
        DeclareMember(type, *member);
        continue;
      }
      const syntax::Definition* partial = FindPartial(member->name, /*report=*/false);
      if (partial == nullptr) r_.type_source(type).incomplete = true;
      if (partial == nullptr || open.contains(partial)) continue;
      if (!seen.insert(partial).second) {
        r_.sink.Error(member->name.span, Cat("partial ", Quote(partial->name.text), " is put into ",
                                             Quote(definition.name.text), " twice"));
        continue;
      }
      NoteUnread(r_.type_source(type), *partial);
      open.insert(partial);
      stack.push_back({partial, 0});
    }
  }

  // False, and an error for the first, once there is too much.
  bool Count(const syntax::Member& member) {
    ++member_count_;
    text_bytes_ += member.span.length;
    for (const syntax::Comment& comment : member.comments.before) text_bytes_ += comment.text.size();
    if (member_count_ <= kMembersMax && text_bytes_ <= kDeclaredBytesMax) return true;
    if (!r_.too_large) {
      r_.sink.Error(member.name.span, member_count_ > kMembersMax
                                          ? "with its partials put in, the schema has more than 1,048,576 members"
                                          : "with its partials put in, the schema is longer than 16 MiB");
    }
    r_.too_large = true;
    return false;
  }

  void DeclareMember(TypeId type, const syntax::Member& source) {
    const std::string& name = source.name.text;
    const bool is_permission = source.kind == MemberKind::kPermission;
    if (r_.schema().FindMember(type, name).has_value()) {
      r_.sink.Error(source.name.span, Cat(Quote(name), " is declared twice on ", Quote(r_.type_name(type)),
                                          "; relations and permissions share one set of names"));
    }
    Reserved reserved = Reserved::kNone;
    if (r_.file.uses_delegation) reserved = ReservedName(r_.schema().definition(type).kind, name);
    if (reserved != Reserved::kNone && is_permission) {
      r_.sink.Error(source.name.span, Cat(Quote(name), " is reserved on ",
                                          DescribeKind(r_.schema().definition(type).kind), ": it must be a relation"));
    }
    const MemberId id = r_.builder.AddMember(type, name, is_permission, reserved, syntax::DocText(source.comments));
    r_.members.push_back({&source, source.broken});
    const ExprId root = r_.schema().member(id).root;
    r_.expr_spans.resize(static_cast<size_t>(root) + 1, source.name.span);
  }

  Resolution& r_;
  absl::flat_hash_set<std::string> names_;
  size_t member_count_ = 0;
  size_t text_bytes_ = 0;
};

}  // namespace

void DeclareNames(Resolution& r) { Declarer(r).Run(); }

}  // namespace mandate
