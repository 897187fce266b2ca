#include "check/plan.h"

#include <utility>

namespace mandate {
namespace {

uint64_t MemberKey(TypeId type, NameId name) { return static_cast<uint64_t>(type) << 32 | static_cast<uint64_t>(name); }

}  // namespace

Plan::Plan(std::shared_ptr<const Schema> schema, const NameTable& names, Revision schema_revision)
    : schema_(std::move(schema)),
      schema_revision_(schema_revision),
      reachability_(*schema_),
      sets_(*schema_),
      reach_(schema_->definitions().size() + schema_->members().size()) {
  types_.assign(names.size() + 1, TypeId::kNone);
  for (const Definition& definition : schema_->definitions()) {
    const NameId name = names.Find(definition.name).value_or(NameId::kNone);
    const auto type = static_cast<TypeId>(type_names_.size());
    type_names_.push_back(name);
    if (name != NameId::kNone) types_[static_cast<size_t>(name)] = type;
  }
  for (const Member& member : schema_->members()) {
    const NameId name = names.Find(member.name).value_or(NameId::kNone);
    const auto id = static_cast<MemberId>(member_names_.size());
    member_names_.push_back(name);
    if (name != NameId::kNone) members_.emplace(MemberKey(member.type, name), id);
  }
  for (size_t i = 0; i < schema_->caveats().size(); ++i) {
    const auto name = names.Find(schema_->caveats()[i].name);
    if (name.has_value()) caveats_.emplace(*name, static_cast<CaveatId>(i));
  }
}

Plan::~Plan() {
  for (auto& reach : reach_) delete reach.load(std::memory_order_relaxed);
}

MemberId Plan::MemberOf(TypeId type, NameId name) const {
  auto it = members_.find(MemberKey(type, name));
  return it == members_.end() ? MemberId::kNone : it->second;
}

const Caveat* Plan::FindCaveat(NameId name) const {
  auto it = caveats_.find(name);
  return it == caveats_.end() ? nullptr : &schema_->caveat(it->second);
}

const Reach& Plan::ReachOf(TypeId type, MemberId relation) const {
  const size_t slot = relation == MemberId::kNone ? static_cast<size_t>(type)
                                                  : schema_->definitions().size() + static_cast<size_t>(relation);
  if (const Reach* reach = reach_[slot].load(std::memory_order_acquire)) return *reach;
  auto computed = std::make_unique<Reach>(reachability_.Of(type, relation));
  const Reach* expected = nullptr;
  if (reach_[slot].compare_exchange_strong(expected, computed.get(), std::memory_order_acq_rel)) {
    return *computed.release();
  }
  return *expected;
}

}  // namespace mandate
