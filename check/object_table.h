// object_table.h: the objects that one question meets, each once, under a small integer.
//
// Threads     One thread.
// Ownership   Keeps the ids; references to objects hold until the next Intern, their ids as long as the table.
#ifndef MANDATE_CHECK_OBJECT_TABLE_H_
#define MANDATE_CHECK_OBJECT_TABLE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "schema/schema.h"
#include "storage/snapshot.h"

namespace mandate {

class ObjectTable {
 public:
  using Index = uint32_t;
  struct Object {
    TypeId type;
    NameId name;  // Of the type.
    std::string_view id;
    ObjectKey key() const { return {name, id}; }
  };

  Index Intern(TypeId type, NameId name, std::string_view id) {
    auto it = indices_.find({type, id});
    if (it != indices_.end()) return it->second;
    const std::string& kept = ids_.emplace_back(id);
    const auto index = static_cast<Index>(objects_.size());
    objects_.push_back({type, name, kept});
    indices_.emplace(std::pair<TypeId, std::string_view>{type, kept}, index);
    return index;
  }
  const Object& operator[](Index index) const { return objects_[index]; }

 private:
  std::deque<std::string> ids_;
  std::vector<Object> objects_;
  absl::flat_hash_map<std::pair<TypeId, std::string_view>, Index> indices_;
};

}  // namespace mandate

#endif  // MANDATE_CHECK_OBJECT_TABLE_H_
