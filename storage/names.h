// names.h: the database's own small integers for type, relation and caveat names.
//
// A name gets its NameId with the first write that uses it and keeps it for the life of the database, so keys are
// short and lists that were decoded under one schema stay right under the next.
//
// Threads     A NameTable is immutable; a write that brings names publishes a new one with its revision.
// Units       NameIds start at 1; 0 is "no relation".
#ifndef MANDATE_STORAGE_NAMES_H_
#define MANDATE_STORAGE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace mandate {

enum class NameId : uint32_t { kNone = 0 };

class NameTable {
 public:
  // The id of `name`; nullopt when no write has used it, so that nothing stored can have it.
  std::optional<NameId> Find(std::string_view name) const;

  // REQUIRES: `id` came from this table or an earlier one of the same database. kNone is the empty name.
  std::string_view Name(NameId id) const { return names_[static_cast<size_t>(id)]; }
  size_t size() const { return names_.size() - 1; }

 private:
  friend class NameTableBuilder;  // name_table.h
  std::vector<std::string> names_{""};
  absl::flat_hash_map<std::string, NameId> ids_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_NAMES_H_
