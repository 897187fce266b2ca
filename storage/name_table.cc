#include "storage/name_table.h"

#include "schema/text.h"

namespace mandate {

std::optional<NameId> NameTable::Find(std::string_view name) const {
  const auto found = ids_.find(AbslView(name));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

NameId NameTableBuilder::Intern(std::string_view name) {
  if (name.empty()) return NameId::kNone;
  if (const std::optional<NameId> known = Find(name)) return *known;
  if (!copy_) copy_ = std::make_shared<NameTable>(*base_);
  const auto id = static_cast<NameId>(copy_->names_.size());
  copy_->names_.emplace_back(name);
  copy_->ids_.emplace(name, id);
  added_.push_back(id);
  return id;
}

}  // namespace mandate
