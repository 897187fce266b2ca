#include "storage/tuple_snapshot.h"

#include "storage/key_codec.h"
#include "storage/ledger_cursor.h"
#include "storage/overlay.h"
#include "storage/read_plan.h"
#include "storage/row_cursor.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

// The first key that can follow `prefix` with the id `after`, which ends a key; empty for no id.
std::string Behind(KeyBuilder prefix, std::string_view after) {
  if (after.empty()) return {};
  std::string key = prefix.Id(after).Take();
  key.push_back('\0');
  return key;
}

}  // namespace

absl::StatusOr<SchemaRecord> TupleSnapshot::Schema() const {
  if (schema_revision_ == Revision()) return SchemaRecord{};
  const std::string key = SchemaKey(schema_revision_);
  rocksdb::PinnableSlice text;
  const absl::StatusOr<bool> found = view_->Get(Family::kMeta, key, &text);
  if (!found.ok()) return found.status();
  if (!*found) return DoesNotDecode("schema (it is missing)", Family::kMeta, key);
  return SchemaRecord{text.ToString(), schema_revision_};
}

absl::StatusOr<std::optional<Edge>> TupleSnapshot::Find(const ObjectKey& resource, NameId relation,
                                                        const SubjectKey& subject) const {
  const std::string key = ForwardKey(resource, relation, subject);
  rocksdb::PinnableSlice value;
  const absl::StatusOr<bool> found = view_->Get(Family::kLive, key, &value);
  if (!found.ok()) return found.status();
  if (!*found) return std::nullopt;
  std::optional<Edge> edge(std::in_place);
  if (!DecodeEdge({value.data(), value.size()}, names_->size(), &*edge)) {
    return DoesNotDecode("relationship", Family::kLive, key);
  }
  return edge;
}

std::unique_ptr<TupleCursor> TupleSnapshot::Subjects(const ObjectKey& resource, NameId relation,
                                                     SubjectsOf which) const {
  KeyBuilder prefix(Index::kForward);
  prefix.Name(resource.type).Id(resource.id).Name(relation);
  if (which == SubjectsOf::kDirect) prefix.Kind(SubjectKind::kDirect);
  if (which == SubjectsOf::kSubjectSets) prefix.Kind(SubjectKind::kSubjectSet);
  return RowsUnder(prefix.Take(), "");
}

std::unique_ptr<TupleCursor> TupleSnapshot::SubjectsOfType(const ObjectKey& resource, NameId relation,
                                                           NameId subject_type, NameId subject_relation,
                                                           std::string_view after) const {
  KeyBuilder prefix(Index::kForward);
  prefix.Name(resource.type).Id(resource.id).Name(relation);
  if (subject_relation == NameId::kNone) {
    prefix.Kind(SubjectKind::kDirect).Name(subject_type);
  } else {
    prefix.Kind(SubjectKind::kSubjectSet).Name(subject_type).Name(subject_relation);
  }
  std::string begin = Behind(prefix, after);
  return RowsUnder(prefix.Take(), std::move(begin));
}

std::unique_ptr<TupleCursor> TupleSnapshot::Resources(const SubjectKey& subject, NameId resource_type, NameId relation,
                                                      std::string_view after) const {
  KeyBuilder prefix(Index::kReverse);
  prefix.Name(subject.type).Name(subject.relation).Id(subject.id);
  prefix.Name(resource_type).Name(relation);
  std::string begin = Behind(prefix, after);
  return RowsUnder(prefix.Take(), std::move(begin));
}

std::unique_ptr<TupleCursor> TupleSnapshot::Read(const TupleFilter& filter, const std::optional<Relationship>& after,
                                                 const std::function<bool()>& is_cancelled) const {
  auto plan = ReadPlan::Make(filter, after, *names_);
  if (!plan.ok()) return std::make_unique<EmptyCursor>(plan.status());
  if (!*plan) return std::make_unique<EmptyCursor>(absl::OkStatus());
  auto scan = view_->NewScan(Family::kLive, (*plan)->begin(), (*plan)->end());
  auto rows = std::make_unique<RowCursor>(std::move(scan), names_->size());
  return std::make_unique<FilteredCursor>(std::move(rows), *std::move(*plan), is_cancelled);
}

absl::StatusOr<std::optional<std::string>> TupleSnapshot::Fact(std::string_view key) const {
  rocksdb::PinnableSlice value;
  const absl::StatusOr<bool> found = view_->Get(Family::kMeta, FactKey(key), &value);
  if (!found.ok()) return found.status();
  if (!*found) return std::nullopt;
  return value.ToString();
}

std::unique_ptr<FactCursor> TupleSnapshot::Facts(std::string_view prefix) const {
  return NewFactCursor(*view_, prefix);
}

std::unique_ptr<LedgerCursor> TupleSnapshot::Ledger(const std::vector<std::string>& terms, uint64_t after) const {
  return NewLedgerCursor(*view_, terms, after);
}

std::shared_ptr<const Snapshot> TupleSnapshot::With(absl::Span<const Relationship> relationships) const {
  struct Layered : StateView {
    explicit Layered(std::shared_ptr<const StateView> base) : kept(std::move(base)), view(kept.get(), {&layer}) {}
    absl::StatusOr<bool> Get(Family family, std::string_view key, rocksdb::PinnableSlice* value) const override {
      return view.Get(family, key, value);
    }
    std::unique_ptr<Scan> NewScan(Family family, std::string begin, std::string end) const override {
      return view.NewScan(family, std::move(begin), std::move(end));
    }
    const std::shared_ptr<const StateView> kept;
    Overlay layer;
    const OverlayView view;
  };
  auto layered = std::make_shared<Layered>(view_);
  for (const Relationship& relationship : relationships) {
    const auto name = [this](std::string_view text) {
      return text.empty() ? NameId::kNone : names_->Find(text).value_or(NameId::kNone);
    };
    TupleRow row{{name(relationship.resource.type), relationship.resource.id},
                 name(relationship.relation),
                 {name(relationship.subject.type), relationship.subject.id, name(relationship.subject.relation)}};
    row.edge.expires_at = relationship.expires_at;
    row.edge.caveat = name(relationship.caveat);
    row.edge.caveat_context = relationship.caveat_context;
    std::string edge;
    AppendEdge(row.edge, &edge);
    layered->layer.Put(Family::kLive, ForwardKey(row.resource, row.relation, row.subject), edge);
    layered->layer.Put(Family::kLive, ReverseKey(row.resource, row.relation, row.subject), std::move(edge));
  }
  return std::make_shared<TupleSnapshot>(std::move(layered), names_, revision_, schema_revision_, ledger_head_);
}

// From `begin` on, or from the first row if that is empty.
std::unique_ptr<TupleCursor> TupleSnapshot::RowsUnder(std::string prefix, std::string begin) const {
  std::string end = PrefixEnd(prefix);
  if (begin.empty()) begin = std::move(prefix);
  return std::make_unique<RowCursor>(view_->NewScan(Family::kLive, std::move(begin), std::move(end)), names_->size());
}

Relationship ToRelationship(const TupleRow& row, const NameTable& names) {
  Relationship relationship;
  relationship.resource = {std::string(names.Name(row.resource.type)), std::string(row.resource.id)};
  relationship.relation = names.Name(row.relation);
  relationship.subject = {std::string(names.Name(row.subject.type)), std::string(row.subject.id),
                          std::string(names.Name(row.subject.relation))};
  relationship.caveat = names.Name(row.edge.caveat);
  relationship.caveat_context = row.edge.caveat_context;
  relationship.expires_at = row.edge.expires_at;
  return relationship;
}

}  // namespace mandate
