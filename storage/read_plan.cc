#include "storage/read_plan.h"

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// Sets `id` when `name` is given; false when it is given and unknown.
bool ResolveName(const std::string& name, const NameTable& names, std::optional<NameId>* id) {
  if (name.empty()) return true;
  *id = names.Find(name);
  return id->has_value();
}

// The key of `after` in `index`; empty when its names are unknown.
std::string KeyOf(const Relationship& after, Index index, const NameTable& names) {
  const auto resource_type = names.Find(after.resource.type);
  const auto relation = names.Find(after.relation);
  const auto subject_type = names.Find(after.subject.type);
  const auto subject_relation = after.subject.relation.empty() ? NameId::kNone : names.Find(after.subject.relation);
  if (!resource_type || !relation || !subject_type || !subject_relation) return "";
  TupleRow row;
  row.resource = {*resource_type, after.resource.id};
  row.relation = *relation;
  row.subject = {*subject_type, after.subject.id, *subject_relation};
  return IndexKey(index, row);
}

}  // namespace

absl::StatusOr<std::optional<ReadPlan>> ReadPlan::Make(const TupleFilter& filter,
                                                       const std::optional<Relationship>& after,
                                                       const NameTable& names) {
  if (!filter.resource_id.empty() && !filter.resource_id_prefix.empty()) {
    return WithField(absl::InvalidArgumentError("a filter has either a resource id or a prefix of "
                                                "one, not both"),
                     "resource_id_prefix");
  }
  ReadPlan plan;
  if (!plan.Resolve(filter, names)) return std::nullopt;
  const bool by_resource = plan.resource_type_ && !plan.resource_id_.empty();
  const bool by_subject = plan.subject_type_ && !plan.subject_id_.empty();
  if (!by_resource && (by_subject || (!plan.resource_type_ && plan.subject_type_))) {
    plan.index_ = Index::kReverse;
  }
  plan.begin_ = plan.index_ == Index::kForward ? plan.ForwardPrefix() : plan.ReversePrefix();
  plan.end_ = PrefixEnd(plan.begin_);
  if (after) {
    std::string behind = KeyOf(*after, plan.index_, names);
    if (behind.empty()) {
      return WithField(absl::InvalidArgumentError(Cat("a read cannot go on behind ", Quote(ToText(*after)),
                                                      ": its names were never stored; begin again without it")),
                       "after");
    }
    behind.push_back('\0');
    plan.begin_ = std::max(plan.begin_, behind);
  }
  return plan;
}

bool ReadPlan::Resolve(const TupleFilter& filter, const NameTable& names) {
  resource_id_ = filter.resource_id;
  resource_id_prefix_ = filter.resource_id_prefix;
  subject_id_ = filter.subject_id;
  if (filter.subject_relation && filter.subject_relation->empty()) {
    subject_relation_ = NameId::kNone;
  } else if (filter.subject_relation && !ResolveName(*filter.subject_relation, names, &subject_relation_)) {
    return false;
  }
  return ResolveName(filter.resource_type, names, &resource_type_) && ResolveName(filter.relation, names, &relation_) &&
         ResolveName(filter.subject_type, names, &subject_type_);
}

std::string ReadPlan::ForwardPrefix() const {
  KeyBuilder key(Index::kForward);
  if (!resource_type_) return key.Take();
  key.Name(*resource_type_);
  if (resource_id_.empty()) return key.IdPrefix(resource_id_prefix_).Take();
  key.Id(resource_id_);
  if (!relation_) return key.Take();
  key.Name(*relation_);
  if (!subject_relation_) return key.Take();
  const bool direct = *subject_relation_ == NameId::kNone;
  key.Kind(direct ? SubjectKind::kDirect : SubjectKind::kSubjectSet);
  if (!subject_type_) return key.Take();
  key.Name(*subject_type_);
  if (!direct) key.Name(*subject_relation_);
  if (!subject_id_.empty()) key.Id(subject_id_);
  return key.Take();
}

std::string ReadPlan::ReversePrefix() const {
  KeyBuilder key(Index::kReverse);
  key.Name(*subject_type_);
  if (!subject_relation_) return key.Take();
  key.Name(*subject_relation_);
  if (subject_id_.empty()) return key.Take();
  key.Id(subject_id_);
  if (!resource_type_) return key.Take();
  key.Name(*resource_type_);
  if (!relation_) return key.Take();
  key.Name(*relation_);
  return key.IdPrefix(resource_id_prefix_).Take();
}

bool ReadPlan::Matches(const TupleRow& row) const {
  return (!resource_type_ || row.resource.type == *resource_type_) &&
         (resource_id_.empty() || row.resource.id == resource_id_) &&
         StartsWith(row.resource.id, resource_id_prefix_) && (!relation_ || row.relation == *relation_) &&
         (!subject_type_ || row.subject.type == *subject_type_) &&
         (subject_id_.empty() || row.subject.id == subject_id_) &&
         (!subject_relation_ || row.subject.relation == *subject_relation_);
}

// By subject without its relation, the matches are a short run under each relation that the subject
// type was used with. Behind a run, or before one, the next begins at the subject's id under this
// relation or the one after it: two seeks for each relation in use, instead of a walk over every
// subject of the type.
std::string ReadPlan::NextCandidate(const TupleRow& row) const {
  if (index_ != Index::kReverse || subject_relation_ || subject_id_.empty()) return "";
  if (row.subject.id == subject_id_) return "";  // within the run: another part does not match
  NameId relation = row.subject.relation;
  if (row.subject.id > subject_id_) {
    relation = static_cast<NameId>(static_cast<uint32_t>(relation) + 1);
  }
  return KeyBuilder(Index::kReverse).Name(*subject_type_).Name(relation).Id(subject_id_).Take();
}

bool TupleFilter::Matches(const Relationship& relationship) const {
  const auto fits = [](const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  };
  return fits(resource_type, relationship.resource.type) && fits(resource_id, relationship.resource.id) &&
         StartsWith(relationship.resource.id, resource_id_prefix) && fits(relation, relationship.relation) &&
         fits(subject_type, relationship.subject.type) && fits(subject_id, relationship.subject.id) &&
         (!subject_relation || *subject_relation == relationship.subject.relation);
}

}  // namespace mandate
