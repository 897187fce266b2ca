// Two kinds of record meet in one sorter:
//
//   refers_to 00 value 00 "d" place 00 [type 00 id]           an entry has this value, and is that object, or left out
//   refers_to 00 value 00 "r" reference 00 group 00 place     the group of that number refers to it, in that attribute
//
// They sort by what they have in common, definitions first; so one pass sees, for every value, whose it is and then who
// refers to it. A group is a number until its entry has ended: its id may stand behind its members.
//
// Values of one entry that the mapping looks at, besides its references, are kept until its end, within a limit.
#include "tools/sync/entry_mapper.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "absl/strings/ascii.h"
#include "schema/text.h"
#include "tools/sync/distinguished_name.h"

namespace mandate {
namespace {

constexpr size_t kKeptBytesMax = 4 << 20;

// More definitions of one value than this are not needed to see that there are too many.
constexpr size_t kDefinitionsMax = 8;

const std::string kNul(1, '\0');

// Takes the text up to the next NUL, or all, off the front.
std::string_view TakePart(std::string_view* record) {
  const size_t end = record->find('\0');
  const std::string_view part = record->substr(0, end);
  record->remove_prefix(end == record->npos ? record->size() : end + 1);
  return part;
}

size_t Number(std::string_view text) { return std::strtoull(std::string(text).c_str(), nullptr, 10); }

}  // namespace

EntryMapper::EntryMapper(const Mapping* mapping, std::string identity, Refusals* refusals, Emit emit)
    : mapping_(*mapping), identity_(std::move(identity)), refusals_(*refusals), flattener_(std::move(emit)) {
  std::set<Reference> references;
  for (const EntryRule& rule : mapping_.entries) {
    wanted_[rule.id.attribute] = true;
    for (const auto& conditions : {rule.when, rule.unless}) {
      for (const EntryCondition& condition : conditions) wanted_[condition.attribute] = true;
    }
    for (const MemberRule& member : rule.members) {
      wanted_[member.refers_to] = true;
      for (const std::string& attribute : member.attributes) {
        wanted_.emplace(attribute, false);
        references.insert({attribute, member.refers_to});
      }
    }
  }
  wanted_[identity_] = true;
  references_.assign(references.begin(), references.end());
}

bool EntryMapper::Wants(std::string_view attribute) const { return wanted_.find(attribute) != wanted_.end(); }

std::string EntryMapper::Place(std::string_view place) const {
  const size_t colon = place.find(':');
  return Cat(files_[Number(place.substr(0, colon))], place.substr(colon));
}

std::string EntryMapper::Here() const { return Cat(files_.size() - 1, ":", line_); }

absl::StatusOr<std::string> EntryMapper::KeyOf(const std::string& refers_to, std::string_view value) const {
  if (refers_to != "dn") return Cat(refers_to, kNul, value, kNul);
  auto name = NormalizeDn(value);
  if (!name.ok()) return name;
  return Cat(refers_to, kNul, *name, kNul);
}

void EntryMapper::Begin(uint64_t line) {
  line_ = line;
  kept_.clear();
  kept_bytes_ = 0;
  has_references_ = false;
}

absl::Status EntryMapper::Attribute(std::string_view name, std::string_view value) {
  const auto wanted = wanted_.find(name);
  if (wanted == wanted_.end()) return absl::OkStatus();
  for (size_t i = 0; i < references_.size(); ++i) {
    if (references_[i].attribute != name || value.empty()) continue;
    auto key = KeyOf(references_[i].refers_to, value);
    if (!key.ok()) {
      refusals_.Add(Cat(Place(Here()), ": `", name, "`: ", key.status().message()));
      continue;
    }
    has_references_ = true;
    absl::Status status = meetings_.Add(Cat(*key, "r", i, kNul, groups_.size(), kNul, Here()));
    if (!status.ok()) return status;
  }
  if (!wanted->second) return absl::OkStatus();
  kept_bytes_ += value.size();
  if (kept_bytes_ > kKeptBytesMax) {
    return InvalidArgument(
        Cat(line_, ": the entry has more than ", kKeptBytesMax, " bytes in the attributes that its rules look at"));
  }
  kept_[std::string(name)].emplace_back(value);
  return absl::OkStatus();
}

bool EntryMapper::Holds(const EntryCondition& condition) const {
  const auto values = kept_.find(condition.attribute);
  if (values == kept_.end()) return false;
  return condition.values.empty() ||
         std::any_of(values->second.begin(), values->second.end(), [&](const std::string& value) {
           return std::find(condition.values.begin(), condition.values.end(), absl::AsciiStrToLower(value)) !=
                  condition.values.end();
         });
}

const EntryRule* EntryMapper::RuleOf() const {
  const auto holds = [this](const EntryCondition& condition) { return Holds(condition); };
  for (const EntryRule& rule : mapping_.entries) {
    if (!std::all_of(rule.when.begin(), rule.when.end(), holds)) continue;
    return std::any_of(rule.unless.begin(), rule.unless.end(), holds) ? nullptr : &rule;
  }
  return nullptr;
}

absl::StatusOr<ObjectRef> EntryMapper::ObjectFor(const EntryRule& rule) const {
  const auto values = kept_.find(rule.id.attribute);
  if (values == kept_.end())
    return InvalidArgument(Cat("the entry has no `", rule.id.attribute, "`, which is to be its id"));
  if (values->second.size() > 1) {
    return InvalidArgument(
        Cat("the entry has ", values->second.size(), " values of `", rule.id.attribute, "`, which is to be its id"));
  }
  ObjectRef object{rule.type, rule.id.Of(values->second[0])};
  absl::Status status = ValidateObjectId(object.id, Wildcard::kRefused);
  if (status.ok()) return object;
  return InvalidArgument(
      Cat(status.message(), "; the mapping can `replace` characters, or write the id in `base64url`"));
}

absl::Status EntryMapper::End() {
  const EntryRule* rule = RuleOf();
  ObjectRef object;
  if (rule != nullptr) {
    auto made = ObjectFor(*rule);
    if (made.ok()) {
      object = *std::move(made);
      absl::Status status = objects_.Add(Cat(ToText(object), kNul, Here()));
      if (!status.ok()) return status;
    } else {
      refusals_.Add(Cat(Place(Here()), ": ", made.status().message()));
    }
  }
  if (has_references_) groups_.push_back({object, rule});
  return Define(object);
}

absl::Status EntryMapper::Define(const ObjectRef& object) {
  std::set<std::string> attributes{identity_};
  for (const Reference& reference : references_) attributes.insert(reference.refers_to);
  for (const std::string& attribute : attributes) {
    const auto values = kept_.find(attribute);
    if (values == kept_.end() && attribute == identity_) {
      return InvalidArgument(Cat(line_, ": the entry has no `", identity_, "`"));
    }
    if (values == kept_.end()) continue;
    for (const std::string& value : values->second) {
      auto key = KeyOf(attribute, value);
      if (!key.ok()) return InvalidArgument(Cat(line_, ": `", attribute, "`: ", key.status().message()));
      std::string record = Cat(*key, "d", Here(), kNul);
      if (!object.type.empty()) record += Cat(object.type, kNul, object.id);
      if (absl::Status status = meetings_.Add(record); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status EntryMapper::Finish() {
  absl::Status status = MeetReferences();
  if (status.ok()) status = MeetObjects();
  return status.ok() ? flattener_.Finish() : status;
}

absl::Status EntryMapper::MeetObjects() {
  if (absl::Status status = objects_.Sort(); !status.ok()) return status;
  std::string last, last_place;
  absl::StatusOr<bool> more = false;
  while ((more = objects_.Next()).ok() && *more) {
    std::string_view record = objects_.record();
    const std::string object(TakePart(&record));
    if (object == last) {
      return InvalidArgument(Cat(Place(record), ": the entry becomes ", Quote(object), ", as does the one at ",
                                 Place(last_place), "; the mapping has to tell them apart"));
    }
    last = object;
    last_place = record;
  }
  return more.status();
}

absl::Status EntryMapper::MeetReferences() {
  if (absl::Status status = meetings_.Sort(); !status.ok()) return status;
  std::string refers_to, value;
  std::vector<Definition> definitions;
  absl::StatusOr<bool> more = false;
  while ((more = meetings_.Next()).ok() && *more) {
    std::string_view record = meetings_.record();
    const std::string_view next_refers_to = TakePart(&record);
    const std::string_view next_value = TakePart(&record);
    if (next_refers_to != refers_to || next_value != value) {
      refers_to = next_refers_to;
      value = next_value;
      definitions.clear();
    }
    const bool defines = record.front() == 'd';
    record.remove_prefix(1);
    absl::Status status;
    if (defines) {
      Definition definition{{}, std::string(TakePart(&record))};
      definition.object.type = TakePart(&record);
      definition.object.id = record;
      if (definitions.size() < kDefinitionsMax) definitions.push_back(std::move(definition));
      status = CheckTwice(refers_to, value, definitions);
    } else {
      const size_t reference = Number(TakePart(&record));
      const size_t group = Number(TakePart(&record));
      status = Resolve(value, definitions, reference, group, record);
    }
    if (!status.ok()) return status;
  }
  return more.status();
}

absl::Status EntryMapper::CheckTwice(const std::string& refers_to, const std::string& value,
                                     const std::vector<Definition>& of) const {
  if (refers_to != identity_ || of.size() < 2) return absl::OkStatus();
  return InvalidArgument(Cat(Place(of[1].place), ": the ", identity_, " ", Quote(value), " stands at ",
                             Place(of[0].place), " already; an entry that stands twice contradicts itself"));
}

absl::Status EntryMapper::Resolve(const std::string& value, const std::vector<Definition>& of, size_t reference,
                                  size_t group, std::string_view place) {
  const ObjectRef& object = groups_[group].object;
  const EntryRule* const rule = groups_[group].rule;
  if (rule == nullptr || object.type.empty()) return absl::OkStatus();  // A group that is left out.
  const Reference& by = references_[reference];
  const auto member = std::find_if(rule->members.begin(), rule->members.end(), [&](const MemberRule& each) {
    return each.refers_to == by.refers_to &&
           std::find(each.attributes.begin(), each.attributes.end(), by.attribute) != each.attributes.end();
  });
  if (member == rule->members.end()) return absl::OkStatus();
  const auto refuse = [&](std::string_view why) {
    refusals_.Add(Cat(Place(place), ": `", by.attribute, "` of ", ToText(object), ": ", Quote(value), " ", why));
    return absl::OkStatus();
  };
  if (of.empty()) {
    if (!member->leave_out_missing)
      return refuse("is no entry of the source; `missing: leave_out` passes over such members");
    ++left_out_;
    return absl::OkStatus();
  }
  std::set<ObjectRef> found;
  bool other_type = false;
  for (const Definition& definition : of) {
    if (definition.object.type.empty()) continue;
    if (member->as.count(definition.object.type) > 0) {
      found.insert(definition.object);
    } else {
      other_type = true;
    }
  }
  if (found.size() > 1) return refuse(Cat("means ", ToText(*found.begin()), " as well as ", ToText(*found.rbegin())));
  if (found.empty() && other_type) return refuse("is an entry of a type that `as` does not name");
  if (found.empty()) {
    ++left_out_;
    return absl::OkStatus();
  }
  const MemberTarget& target = member->as.at(found.begin()->type);
  if (target.flatten) return flattener_.Nest(object, *found.begin());
  return flattener_.Add({.resource = object,
                         .relation = target.relation,
                         .subject = {found.begin()->type, found.begin()->id, target.subject_relation}});
}

}  // namespace mandate
