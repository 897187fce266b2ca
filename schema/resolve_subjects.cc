// What each relation may hold.
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "schema/resolver.h"
#include "schema/text.h"

namespace mandate {
namespace {

class SubjectResolver {
 public:
  explicit SubjectResolver(Resolution& r) : r_(r) {}

  void Run() {
    for (size_t i = 0; i < r_.members.size(); ++i) {
      const auto id = static_cast<MemberId>(i);
      seen_.clear();
      for (const syntax::SubjectType& source : r_.member_source(id).syntax->subject_types) Resolve(id, source);
    }
  }

 private:
  void Resolve(MemberId relation, const syntax::SubjectType& source) {
    SubjectType subject;
    MemberSource& member = r_.member_source(relation);
    const bool has_form = ResolveForm(relation, source, subject);
    const bool has_traits = ResolveTraits(source, subject);
    if (!has_form || !has_traits) {
      member.incomplete = true;
      return;
    }
    const bool fresh =
        seen_.emplace(subject.type, subject.relation, subject.wildcard, subject.caveat, subject.expiration).second;
    if (!fresh) {
      r_.sink.Error(source.span,
                    Cat("this subject type is listed twice in ", Quote(r_.schema().member(relation).name)));
      return;
    }
    r_.builder.AddSubjectType(relation, subject);
    member.subject_sources.push_back(&source);
  }

  bool ResolveForm(MemberId relation, const syntax::SubjectType& source, SubjectType& subject) {
    if (source.type.empty()) return false;  // Reported by the parser.
    const std::optional<TypeId> type = r_.schema().FindType(source.type.text);
    if (!type.has_value()) {
      if (!r_.MayDeclare(source.type.text)) r_.sink.Error(source.type.span, DescribeUnknownType(source.type.text));
      return false;
    }
    subject.type = *type;
    subject.wildcard = source.wildcard;
    if (source.relation.empty()) return true;
    const Reserved reserved = r_.schema().member(relation).reserved;
    if (source.wildcard && reserved != Reserved::kScope && reserved != Reserved::kBoundary) {
      r_.sink.SyntaxError(
          source.form,
          Cat("a wildcard has no relation: write ", Quote(Cat(source.type.text, ":*")), " or ",
              Quote(Cat(source.type.text, "#", source.relation.text)),
              r_.file.uses_delegation ? "; both together stand only in a task's `scope` and an agent's `boundary`"
                                      : ""));
      return false;
    }
    const std::optional<MemberId> member = r_.schema().FindMember(*type, source.relation.text);
    if (member.has_value()) {
      subject.relation = *member;
      return true;
    }
    if (!r_.type_source(*type).MayDeclare(source.relation.text)) {
      r_.sink.Error(source.relation.span,
                    Cat("relation or permission ", Quote(source.relation.text), " is not defined on ",
                        Quote(source.type.text), r_.SuggestMember(*type, source.relation.text)));
    }
    return false;
  }

  std::string DescribeUnknownType(const std::string& name) {
    if (r_.partials.contains(name)) return Cat(Quote(name), " is a partial, not a definition; it has no objects");
    if (r_.schema().FindCaveat(name).has_value()) {
      return Cat(Quote(name), " is a caveat, not a definition; write `TYPE with ", name, "`");
    }
    return Cat("definition ", Quote(name), " does not exist", r_.SuggestType(name));
  }

  bool ResolveTraits(const syntax::SubjectType& source, SubjectType& subject) {
    subject.expiration = source.expiration;
    if (source.caveat.empty()) return true;
    const std::string& name = source.caveat.text;
    const std::optional<CaveatId> caveat = r_.schema().FindCaveat(name);
    if (caveat.has_value()) {
      subject.caveat = *caveat;
      return true;
    }
    if (name == "expiration") {
      r_.sink.Error(source.caveat.span, "`with expiration` needs `use expiration` at the top of the schema");
    } else if (!r_.MayDeclare(name)) {
      r_.sink.Error(source.caveat.span, Cat("caveat ", Quote(name), " is not defined", r_.SuggestCaveat(name)));
    }
    return false;
  }

  Resolution& r_;
  // The subject types of the relation at hand.
  absl::flat_hash_set<std::tuple<TypeId, MemberId, bool, CaveatId, bool>> seen_;
};

}  // namespace

void ResolveSubjectTypes(Resolution& r) { SubjectResolver(r).Run(); }

}  // namespace mandate
