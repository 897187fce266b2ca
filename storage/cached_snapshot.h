// cached_snapshot.h: a snapshot that reads from memory what it can, and says afterwards what an answer rests on.
//
//   CachedSnapshot cached(*snapshot, cache);
//   Reads reads(now);
//   cached.set_reads(&reads);
//   Answer answer = Ask(cached);
//   if (reads.complete()) ...   // the same question has this answer while reads.slots() hold and until
//                               reads.steady_until()
//
// Threads     One thread.
// Ownership   Snapshot, cache and reads outlive it.
// Errors      As Snapshot.
#ifndef MANDATE_STORAGE_CACHED_SNAPSHOT_H_
#define MANDATE_STORAGE_CACHED_SNAPSHOT_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "storage/read_cache.h"
#include "storage/snapshot.h"

namespace mandate {

// What was read of relationships, and when it becomes something else by the clock alone.
class Reads {
 public:
  static constexpr size_t kSlotsMax = 8192;

  explicit Reads(absl::Time now) : now_(now), steady_until_(absl::InfiniteFuture()) {}

  // False: something was read that no mark stands for, or too much.
  bool complete() const { return complete_; }
  const std::vector<ChangeMarks::Slot>& slots() const { return slots_; }
  // Until then no relationship that was read expires. Since time goes on, one that has expired stays so.
  absl::Time steady_until() const { return steady_until_; }

  void Note(ChangeMarks::Slot slot) {
    if (!slots_.empty() && slots_.back() == slot) return;
    slots_.push_back(slot);
    if (slots_.size() > kSlotsMax) GiveUp();
  }
  void Note(const Edge& edge) {
    if (edge.expires_at < steady_until_ && edge.LiveAt(now_)) steady_until_ = edge.expires_at;
  }
  void GiveUp() {
    complete_ = false;
    slots_.clear();
  }

 private:
  const absl::Time now_;
  absl::Time steady_until_;
  bool complete_ = true;
  std::vector<ChangeMarks::Slot> slots_;
};

class CachedSnapshot final : public Snapshot {
 public:
  CachedSnapshot(const Snapshot& base, ReadCache* cache) : base_(base), cache_(*cache) {}

  // Where reads are noted from here on; null: nowhere.
  void set_reads(Reads* reads) { reads_ = reads; }

  Revision revision() const override { return base_.revision(); }
  const NameTable& names() const override { return base_.names(); }
  absl::StatusOr<SchemaRecord> Schema() const override { return base_.Schema(); }
  Revision SchemaRevision() const override { return base_.SchemaRevision(); }

  absl::StatusOr<std::optional<Edge>> Find(const ObjectKey& resource, NameId relation,
                                           const SubjectKey& subject) const override;
  std::unique_ptr<TupleCursor> Subjects(const ObjectKey& resource, NameId relation, SubjectsOf which) const override;
  std::unique_ptr<TupleCursor> SubjectsOfType(const ObjectKey& resource, NameId relation, NameId subject_type,
                                              NameId subject_relation, std::string_view after) const override;
  std::unique_ptr<TupleCursor> Resources(const SubjectKey& subject, NameId resource_type, NameId relation,
                                         std::string_view after) const override;

  // These have no marks.
  std::unique_ptr<TupleCursor> Read(const TupleFilter& filter, const std::optional<Relationship>& after,
                                    const std::function<bool()>& is_cancelled = nullptr) const override;
  absl::StatusOr<std::optional<std::string>> Fact(std::string_view key) const override;
  std::unique_ptr<FactCursor> Facts(std::string_view prefix) const override;
  const LedgerHead& ledger_head() const override;
  std::unique_ptr<LedgerCursor> Ledger(const std::vector<std::string>& terms, uint64_t after) const override;
  // Of the base: not read from memory, and not noted.
  std::shared_ptr<const Snapshot> With(absl::Span<const Relationship> relationships) const override;

 private:
  void Note(ChangeMarks::Slot slot) const {
    if (reads_ != nullptr) reads_->Note(slot);
  }
  void GiveUp() const {
    if (reads_ != nullptr) reads_->GiveUp();
  }
  std::unique_ptr<TupleCursor> Noted(std::unique_ptr<TupleCursor> cursor) const;

  const Snapshot& base_;
  ReadCache& cache_;
  Reads* reads_ = nullptr;
};

// A snapshot, read from memory where its store keeps something there.
class ReadThrough {
 public:
  explicit ReadThrough(const Snapshot& base) : base_(base) {
    if (base.read_cache() != nullptr) cached_.emplace(base, base.read_cache().get());
  }
  const Snapshot& operator*() const { return cached_ ? *cached_ : base_; }

 private:
  const Snapshot& base_;
  std::optional<CachedSnapshot> cached_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_CACHED_SNAPSHOT_H_
