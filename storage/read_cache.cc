#include "storage/read_cache.h"

namespace mandate {
namespace {

constexpr size_t kAskedSlots = 1 << 16;

void AppendName(NameId name, std::string* key) {
  const auto value = static_cast<uint32_t>(name);
  key->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

std::string_view RowList::Keep(std::string_view text) {
  if (!texts_.empty() && texts_.back() == text) return texts_.back();
  bytes_ += sizeof(std::string) + text.size();
  return texts_.emplace_back(text);
}

void RowList::Add(const TupleRow& row) {
  TupleRow& kept = rows_.emplace_back(row);
  // The end that all rows have in common is kept once.
  const bool same_resource = rows_.size() > 1 && rows_.front().resource.id == row.resource.id;
  kept.resource.id = same_resource ? rows_.front().resource.id : Keep(row.resource.id);
  const bool same_subject = rows_.size() > 1 && rows_.front().subject.id == row.subject.id;
  kept.subject.id = same_subject ? rows_.front().subject.id : Keep(row.subject.id);
  bytes_ += sizeof(TupleRow) + row.edge.caveat_context.size();
}

ReadCache::ReadCache(size_t bytes)
    : marks_(bytes / 4 / sizeof(uint64_t)), lists_(bytes), asked_(new std::atomic<uint8_t>[kAskedSlots]()) {}

bool ReadCache::AskedBefore(ChangeMarks::Slot slot) {
  std::atomic<uint8_t>& last = asked_[slot % kAskedSlots];
  const auto tag = static_cast<uint8_t>(slot / kAskedSlots + 1);
  if (last.load(std::memory_order_relaxed) == tag) return true;
  last.store(tag, std::memory_order_relaxed);
  return false;
}

template <typename Open>
absl::StatusOr<ReadCache::List> ReadCache::Get(const Snapshot& snapshot, const std::string& key, ChangeMarks::Slot slot,
                                               const Open& open) {
  const Revision now = snapshot.revision();
  if (List list = lists_.Get(key)) {
    // Length is not looked at anew: a relation that was long once would be read over and over.
    if (list->too_long_) return List();
    const Revision then(list->holds_at_.load(std::memory_order_acquire));
    if (then == now) return list;
    if (marks_.Holds(slot, then, now)) {
      if (then < now) list->holds_at_.store(now.value(), std::memory_order_release);
      return list;
    }
  } else if (!AskedBefore(slot)) {
    return List();
  }
  auto list = std::make_unique<RowList>();
  list->holds_at_.store(now.value(), std::memory_order_relaxed);
  const std::unique_ptr<TupleCursor> cursor = open();
  for (; cursor->Valid() && !list->too_long_; cursor->Next()) {
    list->Add(cursor->row());
    list->too_long_ = list->rows_.size() > kRowsMax;
  }
  if (!cursor->status().ok()) return cursor->status();
  const bool too_long = list->too_long_;
  if (too_long) {
    list = std::make_unique<RowList>();
    list->too_long_ = true;
  }
  const size_t list_bytes = list->bytes();
  List kept = lists_.Put(key, std::move(list), list_bytes);
  if (too_long) return List();
  return kept;
}

absl::StatusOr<ReadCache::List> ReadCache::Subjects(const Snapshot& snapshot, const ObjectKey& resource,
                                                    NameId relation) {
  thread_local std::string key;
  key.assign(1, 's');
  AppendName(resource.type, &key);
  AppendName(relation, &key);
  key.append(resource.id);
  return Get(snapshot, key, marks_.OfSubjects(resource, relation),
             [&] { return snapshot.Subjects(resource, relation, SubjectsOf::kAll); });
}

absl::StatusOr<ReadCache::List> ReadCache::Resources(const Snapshot& snapshot, const SubjectKey& subject,
                                                     NameId resource_type, NameId relation) {
  thread_local std::string key;
  key.assign(1, 'r');
  AppendName(subject.type, &key);
  AppendName(subject.relation, &key);
  AppendName(resource_type, &key);
  AppendName(relation, &key);
  key.append(subject.id);
  return Get(snapshot, key, marks_.OfResources(subject, resource_type, relation),
             [&] { return snapshot.Resources(subject, resource_type, relation, ""); });
}

}  // namespace mandate
