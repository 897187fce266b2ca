// May a relationship exist under a schema?
#include "schema/caveat.h"
#include "schema/compiler.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

absl::Status Refuse(std::string_view field, std::string_view reason, std::string_view message) {
  return WithReason(WithField(InvalidArgument(message), field), reason);
}

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string close = ClosestName(name, candidates);
  return close.empty() ? std::string() : Cat("; did you mean ", Quote(close), "?");
}

// One relationship against one schema. Each step returns OK or the final refusal.
class Validator {
 public:
  Validator(const Schema& schema, const Relationship& relationship) : schema_(schema), r_(relationship) {}

  absl::Status Run(Intent intent) {
    if (absl::Status status = FindRelation(); !status.ok()) return status;
    if (absl::Status status = FindForms(); !status.ok()) return status;
    return intent == Intent::kDelete ? absl::OkStatus() : CheckTraits();
  }

 private:
  absl::Status FindType(std::string_view name, std::string_view field, TypeId& type) {
    const std::optional<TypeId> found = schema_.FindType(name);
    if (!found.has_value()) {
      std::vector<std::string> names;
      for (const Definition& definition : schema_.definitions()) names.push_back(definition.name);
      return Refuse(field, "UNKNOWN_DEFINITION",
                    Cat("definition ", Quote(name), " does not exist", DidYouMean(name, names)));
    }
    type = *found;
    return absl::OkStatus();
  }

  absl::Status FindMember(TypeId type, std::string_view name, std::string_view field, MemberId& member) {
    const std::optional<MemberId> found = schema_.FindMember(type, name);
    if (!found.has_value()) {
      std::vector<std::string> names;
      for (MemberId id : schema_.definition(type).members) names.push_back(schema_.member(id).name);
      return Refuse(field, "UNKNOWN_RELATION",
                    Cat("relation ", Quote(name), " is not defined on ", Quote(schema_.definition(type).name),
                        DidYouMean(name, names)));
    }
    member = *found;
    return absl::OkStatus();
  }

  absl::Status FindRelation() {
    TypeId type;
    if (absl::Status status = FindType(r_.resource.type, "resource.type", type); !status.ok()) return status;
    if (absl::Status status = FindMember(type, r_.relation, "relation", relation_); !status.ok()) return status;
    if (!schema_.member(relation_).is_permission) return absl::OkStatus();
    return Refuse("relation", "NOT_A_RELATION",
                  Cat(Quote(r_.relation), " of ", Quote(r_.resource.type),
                      " is a permission; relationships are written to relations"));
  }

  absl::Status FindForms() {
    TypeId type;
    MemberId subject_relation = MemberId::kNone;
    if (absl::Status status = FindType(r_.subject.type, "subject.type", type); !status.ok()) return status;
    if (!r_.subject.relation.empty()) {
      absl::Status status = FindMember(type, r_.subject.relation, "subject.relation", subject_relation);
      if (!status.ok()) return status;
    }
    for (const SubjectType& form : schema_.member(relation_).subject_types) {
      if (form.type == type && form.relation == subject_relation && form.wildcard == r_.subject.IsWildcard()) {
        forms_.push_back(form);
      }
    }
    if (!forms_.empty()) return absl::OkStatus();
    const SubjectType given{type, subject_relation, r_.subject.IsWildcard()};
    std::vector<std::string> allowed;
    std::string list;
    for (const SubjectType& form : schema_.member(relation_).subject_types) {
      const std::string text = Quote(ShowForm(schema_, form));
      if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) continue;
      allowed.push_back(text);
      list += Cat(list.empty() ? "" : ", ", text);
    }
    return Refuse("subject", "SUBJECT_TYPE_NOT_ALLOWED",
                  Cat(Quote(ShowForm(schema_, given)), " cannot be a subject of ", Place(), "; allowed: ", list));
  }

  absl::Status CheckTraits() {
    bool caveat_fits = false;
    bool caveat_may_be_left_out = false;
    const bool expires = r_.expires_at != absl::InfiniteFuture();
    for (const SubjectType& form : forms_) {
      const bool same_caveat = CaveatName(form) == r_.caveat;
      if (same_caveat && form.expiration == expires) return CheckContext(form.caveat);
      caveat_fits |= same_caveat;
      caveat_may_be_left_out |= form.caveat == CaveatId::kNone;
    }
    const std::string subject = Quote(ShowForm(schema_, forms_[0]));
    if (caveat_fits && expires) {
      return Refuse("expires_at", "EXPIRATION_NOT_ALLOWED",
                    Cat("a relationship of ", Place(), " with ", subject, " takes no expiration"));
    }
    if (caveat_fits) {
      return Refuse("expires_at", "EXPIRATION_REQUIRED",
                    Cat("a relationship of ", Place(), " with ", subject, " must have an expiration"));
    }
    std::string list;
    for (const SubjectType& form : forms_) {
      if (form.caveat != CaveatId::kNone) list += Cat(list.empty() ? "" : ", ", Quote(CaveatName(form)));
    }
    if (r_.caveat.empty()) {
      return Refuse("caveat", "CAVEAT_REQUIRED",
                    Cat("a relationship of ", Place(), " with ", subject, " must have a caveat: ", list));
    }
    return Refuse(
        "caveat", "CAVEAT_NOT_ALLOWED",
        Cat("a relationship of ", Place(), " with ", subject, " cannot have the caveat ", Quote(r_.caveat),
            list.empty() ? "; it takes none" : Cat("; allowed: ", list, caveat_may_be_left_out ? ", or none" : "")));
  }

  absl::Status CheckContext(CaveatId caveat) {
    if (caveat == CaveatId::kNone) return absl::OkStatus();
    absl::Status status = ValidateStoredContext(schema_.caveat(caveat), r_.caveat_context);
    return status.ok() ? status : WithField(std::move(status), "caveat_context");
  }

  std::string CaveatName(const SubjectType& form) const {
    return form.caveat == CaveatId::kNone ? std::string() : schema_.caveat(form.caveat).name;
  }

  std::string Place() const { return Quote(Cat(r_.resource.type, "#", r_.relation)); }

  const Schema& schema_;
  const Relationship& r_;
  MemberId relation_ = MemberId::kNone;
  std::vector<SubjectType> forms_;  // Those of the relation that fit the subject, whatever their caveat and expiry.
};

}  // namespace

absl::Status ValidateRelationship(const Schema& schema, const Relationship& relationship, Intent intent) {
  return Validator(schema, relationship).Run(intent);
}

}  // namespace mandate
