// name_table.h: making a new NameTable from an older one.
//
//   NameTableBuilder names(table);
//   NameId viewer = names.Intern("viewer");
//   for (NameId id : names.added()) Store(id, names.table()->Name(id));
//
// Threads     A builder belongs to one thread; the tables it gives out are immutable.
// Ownership   Tables are shared. The first new name copies the table: names are those of a schema,
//             so there are few of them and new ones are rare.
#ifndef MANDATE_STORAGE_NAME_TABLE_H_
#define MANDATE_STORAGE_NAME_TABLE_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/names.h"

namespace mandate {

class NameTableBuilder {
 public:
  explicit NameTableBuilder(std::shared_ptr<const NameTable> base) : base_(std::move(base)) {}

  // The id of `name`, a new one when it has none. The empty name is kNone.
  NameId Intern(std::string_view name);
  std::optional<NameId> Find(std::string_view name) const { return current().Find(name); }

  const std::vector<NameId>& added() const { return added_; }
  const NameTable& current() const { return copy_ ? *copy_ : *base_; }
  std::shared_ptr<const NameTable> table() const { return copy_ ? copy_ : base_; }

 private:
  std::shared_ptr<const NameTable> base_;
  std::shared_ptr<NameTable> copy_;  // Set once there is a new name.
  std::vector<NameId> added_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_NAME_TABLE_H_
