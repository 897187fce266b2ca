#include "storage/read_cache.h"

#include <algorithm>
#include <utility>

namespace mandate {
namespace {

constexpr size_t kAskedSlots = 1 << 16;
constexpr size_t kAllocations = 3 * 16;  // What the allocator adds to a list, its rows and its ids.

void AppendName(NameId name, std::string* key) {
  const auto value = static_cast<uint32_t>(name);
  key->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

absl::Status RowList::Read(TupleCursor* cursor) {
  // The ids are gathered first, and the rows pointed at them once those stay where they are.
  struct Place {
    size_t begin, size;
  };
  std::string ids;
  std::vector<std::pair<Place, Place>> places;  // Of the ids of each row's resource and subject.
  // The end that all rows have in common is kept once.
  const auto keep = [&ids](std::string_view id, const Place* first) {
    if (first != nullptr && id == std::string_view(ids).substr(first->begin, first->size)) return *first;
    ids.append(id);
    return Place{ids.size() - id.size(), id.size()};
  };
  size_t contexts_bytes = 0;
  for (; cursor->Valid(); cursor->Next()) {
    if (rows_.size() == kRowsMax) {
      rows_ = {};
      too_long_ = true;
      return absl::OkStatus();
    }
    const TupleRow& row = cursor->row();
    const bool is_first = places.empty();
    places.push_back({keep(row.resource.id, is_first ? nullptr : &places.front().first),
                      keep(row.subject.id, is_first ? nullptr : &places.front().second)});
    rows_.push_back(row);
    contexts_bytes += row.edge.caveat_context.size();
  }
  if (!cursor->status().ok()) return cursor->status();
  rows_.shrink_to_fit();
  ids_ = std::make_unique<char[]>(ids.size());
  std::copy(ids.begin(), ids.end(), ids_.get());
  for (size_t i = 0; i < rows_.size(); ++i) {
    rows_[i].resource.id = {ids_.get() + places[i].first.begin, places[i].first.size};
    rows_[i].subject.id = {ids_.get() + places[i].second.begin, places[i].second.size};
  }
  bytes_ = sizeof(RowList) + rows_.capacity() * sizeof(TupleRow) + ids.size() + contexts_bytes + kAllocations;
  return absl::OkStatus();
}

ReadCache::ReadCache(size_t bytes, Revision since)
    : marks_(bytes / 4 / sizeof(uint64_t), since), lists_(bytes), asked_(new std::atomic<uint8_t>[kAskedSlots]()) {}

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
    if (list->too_long()) return List();
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
  if (absl::Status status = list->Read(open().get()); !status.ok()) return status;
  const size_t list_bytes = list->bytes();
  List kept = lists_.Put(key, std::move(list), list_bytes);
  if (kept && kept->too_long()) return List();
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
