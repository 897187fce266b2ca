// index_prefix.h: the part of an index key that a scan usually fixes, for RocksDB's bloom filters.
//
//   forward    F resource_type resource_id relation kind     "the subject sets of doc:a#viewer"
//   reverse    R subject resource_type relation              "the documents that alice may view"
//
// Most such ranges are empty, and a filter says so without a seek.
//
// Threads     Safe to share.
#ifndef MANDATE_STORAGE_INDEX_PREFIX_H_
#define MANDATE_STORAGE_INDEX_PREFIX_H_

#include <memory>
#include <optional>
#include <string_view>

#include "rocksdb/slice_transform.h"

namespace mandate {

// How many bytes of `key` are its prefix; nullopt when it has none: too short, or not an index key.
std::optional<size_t> IndexPrefixBytes(std::string_view key);

// Whether all keys from `begin` to before `end` have one prefix, that of `begin`.
bool WithinOnePrefix(std::string_view begin, std::string_view end);

// The same for RocksDB. Its name is stored in the tables: another rule needs another name.
std::shared_ptr<const rocksdb::SliceTransform> NewIndexPrefixTransform();

}  // namespace mandate

#endif  // MANDATE_STORAGE_INDEX_PREFIX_H_
