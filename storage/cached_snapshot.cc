#include "storage/cached_snapshot.h"

#include <algorithm>
#include <tuple>

#include "storage/row_cursor.h"

namespace mandate {
namespace {

// Where a subject stands in the order of the store: objects before sets, then by type, relation and id.
auto Place(const SubjectKey& subject) {
  return std::make_tuple(subject.relation != NameId::kNone, subject.type, subject.relation, subject.id);
}

// Notes when the rows that it stood on expire.
class NotingCursor final : public TupleCursor {
 public:
  NotingCursor(std::unique_ptr<TupleCursor> rows, Reads* reads) : rows_(std::move(rows)), reads_(*reads) { Note(); }
  bool Valid() const override { return rows_->Valid(); }
  const TupleRow& row() const override { return rows_->row(); }
  void Next() override {
    rows_->Next();
    Note();
  }
  absl::Status status() const override { return rows_->status(); }

 private:
  void Note() {
    if (rows_->Valid()) reads_.Note(rows_->row().edge);
  }
  const std::unique_ptr<TupleCursor> rows_;
  Reads& reads_;
};

// A part of a list that is kept.
class ListCursor final : public TupleCursor {
 public:
  ListCursor(ReadCache::List list, size_t begin, size_t end, Reads* reads)
      : list_(std::move(list)), at_(list_->rows().data() + begin), end_(list_->rows().data() + end), reads_(reads) {
    Note();
  }
  bool Valid() const override { return at_ != end_; }
  const TupleRow& row() const override { return *at_; }
  void Next() override {
    ++at_;
    Note();
  }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  void Note() {
    if (at_ != end_ && reads_ != nullptr) reads_->Note(at_->edge);
  }
  const ReadCache::List list_;
  const TupleRow* at_;
  const TupleRow* const end_;
  Reads* const reads_;
};

// The rows of a list from the first on that `is_before` does not hold of, to before the first that `is_within` does
// not.
template <typename Before, typename Within>
std::pair<size_t, size_t> PartOf(const std::vector<TupleRow>& rows, const Before& is_before, const Within& is_within) {
  const auto begin = std::partition_point(rows.begin(), rows.end(), is_before);
  const auto end = std::partition_point(begin, rows.end(), is_within);
  return {begin - rows.begin(), end - rows.begin()};
}

}  // namespace

std::unique_ptr<TupleCursor> CachedSnapshot::Noted(std::unique_ptr<TupleCursor> cursor) const {
  if (reads_ == nullptr) return cursor;
  return std::make_unique<NotingCursor>(std::move(cursor), reads_);
}

absl::StatusOr<std::optional<Edge>> CachedSnapshot::Find(const ObjectKey& resource, NameId relation,
                                                         const SubjectKey& subject) const {
  Note(cache_.marks().OfTuple(resource, relation, subject));
  auto list = cache_.Subjects(base_, resource, relation);
  if (!list.ok()) return list.status();
  std::optional<Edge> edge;
  if (*list) {
    const auto& rows = (*list)->rows();
    const auto at = std::partition_point(rows.begin(), rows.end(), [wanted = Place(subject)](const TupleRow& row) {
      return Place(row.subject) < wanted;
    });
    if (at != rows.end() && Place(at->subject) == Place(subject)) edge = at->edge;
  } else {
    auto found = base_.Find(resource, relation, subject);
    if (!found.ok()) return found.status();
    edge = *std::move(found);
  }
  if (edge && reads_ != nullptr) reads_->Note(*edge);
  return edge;
}

std::unique_ptr<TupleCursor> CachedSnapshot::Subjects(const ObjectKey& resource, NameId relation,
                                                      SubjectsOf which) const {
  Note(cache_.marks().OfSubjects(resource, relation));
  auto list = cache_.Subjects(base_, resource, relation);
  if (!list.ok()) return std::make_unique<EmptyCursor>(list.status());
  if (!*list) return Noted(base_.Subjects(resource, relation, which));
  const auto is_direct = [](const TupleRow& row) { return row.subject.relation == NameId::kNone; };
  auto [begin, end] =
      PartOf((*list)->rows(), [&](const TupleRow& row) { return which == SubjectsOf::kSubjectSets && is_direct(row); },
             [&](const TupleRow& row) { return which != SubjectsOf::kDirect || is_direct(row); });
  return std::make_unique<ListCursor>(*std::move(list), begin, end, reads_);
}

std::unique_ptr<TupleCursor> CachedSnapshot::SubjectsOfType(const ObjectKey& resource, NameId relation,
                                                            NameId subject_type, NameId subject_relation,
                                                            std::string_view after) const {
  Note(cache_.marks().OfSubjects(resource, relation));
  auto list = cache_.Subjects(base_, resource, relation);
  if (!list.ok()) return std::make_unique<EmptyCursor>(list.status());
  if (!*list) return Noted(base_.SubjectsOfType(resource, relation, subject_type, subject_relation, after));
  const auto wanted = std::make_tuple(subject_relation != NameId::kNone, subject_type, subject_relation);
  const auto kind = [](const TupleRow& row) {
    return std::make_tuple(row.subject.relation != NameId::kNone, row.subject.type, row.subject.relation);
  };
  auto [begin, end] =
      PartOf((*list)->rows(),
             [&](const TupleRow& row) {
               return kind(row) < wanted || (kind(row) == wanted && !after.empty() && row.subject.id <= after);
             },
             [&](const TupleRow& row) { return kind(row) == wanted; });
  return std::make_unique<ListCursor>(*std::move(list), begin, end, reads_);
}

std::unique_ptr<TupleCursor> CachedSnapshot::Resources(const SubjectKey& subject, NameId resource_type, NameId relation,
                                                       std::string_view after) const {
  Note(cache_.marks().OfResources(subject, resource_type, relation));
  auto list = cache_.Resources(base_, subject, resource_type, relation);
  if (!list.ok()) return std::make_unique<EmptyCursor>(list.status());
  if (!*list) return Noted(base_.Resources(subject, resource_type, relation, after));
  auto [begin, end] =
      PartOf((*list)->rows(), [&](const TupleRow& row) { return !after.empty() && row.resource.id <= after; },
             [](const TupleRow&) { return true; });
  return std::make_unique<ListCursor>(*std::move(list), begin, end, reads_);
}

std::unique_ptr<TupleCursor> CachedSnapshot::Read(const TupleFilter& filter, const std::optional<Relationship>& after,
                                                  const std::function<bool()>& is_cancelled) const {
  GiveUp();
  return base_.Read(filter, after, is_cancelled);
}

absl::StatusOr<std::optional<std::string>> CachedSnapshot::Fact(std::string_view key) const {
  GiveUp();
  return base_.Fact(key);
}

std::unique_ptr<FactCursor> CachedSnapshot::Facts(std::string_view prefix) const {
  GiveUp();
  return base_.Facts(prefix);
}

const LedgerHead& CachedSnapshot::ledger_head() const {
  GiveUp();
  return base_.ledger_head();
}

std::unique_ptr<LedgerCursor> CachedSnapshot::Ledger(const std::vector<std::string>& terms, uint64_t after) const {
  GiveUp();
  return base_.Ledger(terms, after);
}

std::shared_ptr<const Snapshot> CachedSnapshot::With(absl::Span<const Relationship> relationships) const {
  GiveUp();
  return base_.With(relationships);
}

}  // namespace mandate
