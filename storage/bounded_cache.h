// bounded_cache.h: values by key, in bounded memory; what was not asked for the longest goes first.
//
//   BoundedCache<RowList> lists(64 << 20);
//   lists.Put(key, std::make_unique<RowList>(...), bytes);
//   if (auto kept = lists.Get(key)) Use(*kept);            // It stays while `kept` does, whatever goes meanwhile.
//
// Threads     Safe to share; what is in a value that may change, the value guards.
// Ownership   A Kept keeps its value alive; the cache outlives every Kept.
// Units       Bytes, as the caller states them; a value of more than the capacity goes with its last Kept.
#ifndef MANDATE_STORAGE_BOUNDED_CACHE_H_
#define MANDATE_STORAGE_BOUNDED_CACHE_H_

#include <memory>
#include <string_view>
#include <utility>

#include "rocksdb/cache.h"

namespace mandate {

template <typename Value>
class BoundedCache {
 public:
  explicit BoundedCache(size_t capacity_bytes)
      : cache_(rocksdb::NewLRUCache(capacity_bytes, capacity_bytes < kSmallBytes ? 0 : 4)) {}

  class Kept {
   public:
    Kept() = default;
    Kept(rocksdb::Cache* cache, rocksdb::Cache::Handle* handle) : cache_(cache), handle_(handle) {}
    Kept(Kept&& other) noexcept : cache_(other.cache_), handle_(std::exchange(other.handle_, nullptr)) {}
    Kept& operator=(Kept&& other) noexcept {
      std::swap(cache_, other.cache_);
      std::swap(handle_, other.handle_);
      return *this;
    }
    ~Kept() {
      if (handle_ != nullptr) cache_->Release(handle_);
    }
    explicit operator bool() const { return handle_ != nullptr; }
    Value& operator*() const { return *static_cast<Value*>(cache_->Value(handle_)); }
    Value* operator->() const { return &**this; }

   private:
    rocksdb::Cache* cache_ = nullptr;
    rocksdb::Cache::Handle* handle_ = nullptr;
  };

  Kept Get(std::string_view key) const {
    return Kept(cache_.get(), cache_->Lookup(rocksdb::Slice(key.data(), key.size())));
  }

  // Takes the place of what stood under the key; the Kept is of this very value.
  Kept Put(std::string_view key, std::unique_ptr<Value> value, size_t bytes) {
    const auto destroy = [](const rocksdb::Slice&, void* old) { delete static_cast<Value*>(old); };
    rocksdb::Cache::Handle* handle = nullptr;
    const rocksdb::Status inserted =
        cache_->Insert(rocksdb::Slice(key.data(), key.size()), value.get(), bytes + key.size(), destroy, &handle);
    if (!inserted.ok()) return Kept();  // Not without a strict limit.
    value.release();
    return Kept(cache_.get(), handle);
  }

  size_t bytes() const { return cache_->GetUsage(); }

 private:
  static constexpr size_t kSmallBytes = 8 << 20;  // Below, one shard: a part of it would hold next to nothing.
  const std::shared_ptr<rocksdb::Cache> cache_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_BOUNDED_CACHE_H_
