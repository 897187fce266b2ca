// tuple_snapshot.h: the Snapshot over any StateView.
//
// Threads     Safe to share.
// Ownership   Shares its view and names.
// Errors      As Snapshot.
#ifndef MANDATE_STORAGE_TUPLE_SNAPSHOT_H_
#define MANDATE_STORAGE_TUPLE_SNAPSHOT_H_

#include <memory>

#include "storage/names.h"
#include "storage/snapshot.h"
#include "storage/state_view.h"

namespace mandate {

class TupleSnapshot : public Snapshot {
 public:
  // `cache`: of the store whose committed state this is, if it has one.
  TupleSnapshot(std::shared_ptr<const StateView> view, std::shared_ptr<const NameTable> names, Revision revision,
                Revision schema_revision, LedgerHead ledger_head, std::shared_ptr<ReadCache> cache = nullptr)
      : view_(std::move(view)),
        names_(std::move(names)),
        revision_(revision),
        schema_revision_(schema_revision),
        ledger_head_(std::move(ledger_head)),
        cache_(std::move(cache)) {}

  const std::shared_ptr<const StateView>& view() const { return view_; }
  const std::shared_ptr<const NameTable>& shared_names() const { return names_; }

  Revision revision() const override { return revision_; }
  const NameTable& names() const override { return *names_; }
  absl::StatusOr<SchemaRecord> Schema() const override;
  Revision SchemaRevision() const override { return schema_revision_; }
  const std::shared_ptr<ReadCache>& read_cache() const override { return cache_; }

  absl::StatusOr<std::optional<Edge>> Find(const ObjectKey& resource, NameId relation,
                                           const SubjectKey& subject) const override;
  std::unique_ptr<TupleCursor> Subjects(const ObjectKey& resource, NameId relation, SubjectsOf which) const override;
  std::unique_ptr<TupleCursor> SubjectsOfType(const ObjectKey& resource, NameId relation, NameId subject_type,
                                              NameId subject_relation, std::string_view after) const override;
  std::unique_ptr<TupleCursor> Resources(const SubjectKey& subject, NameId resource_type, NameId relation,
                                         std::string_view after) const override;
  std::unique_ptr<TupleCursor> Read(const TupleFilter& filter, const std::optional<Relationship>& after,
                                    const std::function<bool()>& is_cancelled = nullptr) const override;
  absl::StatusOr<std::optional<std::string>> Fact(std::string_view key) const override;
  std::unique_ptr<FactCursor> Facts(std::string_view prefix) const override;
  const LedgerHead& ledger_head() const override { return ledger_head_; }
  std::unique_ptr<LedgerCursor> Ledger(const std::vector<std::string>& terms, uint64_t after) const override;
  std::shared_ptr<const Snapshot> With(absl::Span<const Relationship> relationships) const override;

 private:
  std::unique_ptr<TupleCursor> RowsUnder(std::string prefix, std::string begin) const;

  const std::shared_ptr<const StateView> view_;
  const std::shared_ptr<const NameTable> names_;
  const Revision revision_;
  const Revision schema_revision_;
  const LedgerHead ledger_head_;
  const std::shared_ptr<ReadCache> cache_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_TUPLE_SNAPSHOT_H_
