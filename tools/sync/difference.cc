#include "tools/sync/difference.h"

#include <cstdlib>

#include "schema/text.h"
#include "tools/sync/relationship_record.h"

namespace mandate {
namespace {

constexpr char kObject = 'o';

// What the changes of a batch may take, as records: far below what the server takes in one message.
constexpr size_t kBatchBytesMax = 2 << 20;

// One side of the comparison: the record it stands at.
class Side {
 public:
  explicit Side(RecordSorter* sorter) : sorter_(sorter) {}
  absl::Status Next() {
    auto more = sorter_->Next();
    if (!more.ok()) return more.status();
    valid_ = *more;
    record_ = valid_ ? sorter_->record() : "";
    return absl::OkStatus();
  }
  bool valid() const { return valid_; }
  const std::string& record() const { return record_; }
  std::string_view identity() const { return IdentityOf(record_); }

  // Goes on behind everything of that identity, and says whether there was more than one record of it.
  absl::StatusOr<bool> Pass(const std::string& identity) {
    bool several = false;
    for (bool first = true; valid_ && this->identity() == identity; first = false) {
      several = several || !first;
      if (absl::Status status = Next(); !status.ok()) return status;
    }
    return several;
  }

 private:
  RecordSorter* const sorter_;
  bool valid_ = false;
  std::string record_;
};

Precondition PreconditionFor(StoredDifferenceKind kind, const Relationship& r) {
  return {kind == StoredDifferenceKind::kAdded ? Precondition::Kind::kMustNotMatch : Precondition::Kind::kMustMatch,
          TupleFilter{.resource_type = r.resource.type,
                      .resource_id = r.resource.id,
                      .relation = r.relation,
                      .subject_type = r.subject.type,
                      .subject_id = r.subject.id,
                      .subject_relation = r.subject.relation}};
}

void Count(StoredDifferenceKind kind, DifferenceCounts* counts) {
  switch (kind) {
    case StoredDifferenceKind::kAdded: ++counts->added; return;
    case StoredDifferenceKind::kChanged: ++counts->changed; return;
    case StoredDifferenceKind::kRemoved: ++counts->removed; return;
  }
}

}  // namespace

absl::Status StoredDifference::Compute(RecordSorter* source, RecordSorter* stored, Refusals* refusals) {
  Side wanted(source), present(stored);
  absl::Status status = wanted.Next();
  status.Update(present.Next());
  while (status.ok() && (wanted.valid() || present.valid())) {
    const bool is_wanted = wanted.valid() && (!present.valid() || wanted.identity() <= present.identity());
    const bool is_present = present.valid() && (!wanted.valid() || present.identity() <= wanted.identity());
    const std::string of_source = is_wanted ? wanted.record() : "";
    const std::string of_store = is_present ? present.record() : "";
    const std::string identity(IdentityOf(is_wanted ? of_source : of_store));
    const auto several = wanted.Pass(identity);
    if (!several.ok()) return several.status();
    if (auto passed = present.Pass(identity); !passed.ok()) return passed.status();
    counts_.stored += is_present;
    if (*several) {
      refusals->Add(Cat(ToText(RelationshipOf(of_source)),
                        ": the source gives it more than once, with different caveats or expiries"));
      counts_.unchanged += is_present;
    } else if (!is_present) {
      status = Note(StoredDifferenceKind::kAdded, of_source);
    } else if (!is_wanted) {
      status = Note(StoredDifferenceKind::kRemoved, of_store);
    } else if (of_source != of_store) {
      status = Note(StoredDifferenceKind::kChanged, of_source);
    } else {
      ++counts_.unchanged;
    }
  }
  return status.ok() ? EndObject() : status;
}

absl::Status StoredDifference::Note(StoredDifferenceKind kind, std::string_view record) {
  if (object_ != ObjectOf(record)) {
    if (absl::Status status = EndObject(); !status.ok()) return status;
    object_ = ObjectOf(record);
  }
  Count(kind, &counts_);
  RecordFile& file = kind == StoredDifferenceKind::kRemoved ? removals_ : additions_;
  return file.Append(Cat(static_cast<char>(kind), record));
}

absl::Status StoredDifference::EndObject() {
  const uint64_t count = additions_.count() + removals_.count();
  if (count == 0) return absl::OkStatus();
  absl::Status status = changes_.Append(Cat(kObject, count));
  for (RecordFile* file : {&additions_, &removals_}) {
    status.Update(file->Rewind());
    std::string_view record;
    absl::StatusOr<bool> more = false;
    while (status.ok() && (more = file->Next(&record)).ok() && *more) status.Update(changes_.Append(record));
    status.Update(more.status());
    file->Clear();
  }
  return status;
}

absl::Status StoredDifference::ForEach(
    const std::function<absl::Status(StoredDifferenceKind, const Relationship&)>& visit) {
  return ForEachBatch(1, [&](const DifferenceBatch& batch) {
    const StoredDifferenceKind kind = batch.counts.added     ? StoredDifferenceKind::kAdded
                                      : batch.counts.changed ? StoredDifferenceKind::kChanged
                                                             : StoredDifferenceKind::kRemoved;
    return visit(kind, batch.changes[0].relationship);
  });
}

absl::Status StoredDifference::ForEachBatch(size_t changes_max,
                                            const std::function<absl::Status(const DifferenceBatch&)>& visit) {
  if (absl::Status status = changes_.Rewind(); !status.ok()) return status;
  DifferenceBatch batch;
  size_t bytes = 0;
  const auto end_batch = [&] {
    absl::Status status = batch.changes.empty() ? absl::OkStatus() : visit(batch);
    batch = {};
    bytes = 0;
    return status;
  };
  std::string_view record;
  absl::StatusOr<bool> more = false;
  while ((more = changes_.Next(&record)).ok() && *more) {
    if (record.front() == kObject) {
      const uint64_t count = std::strtoull(std::string(record.substr(1)).c_str(), nullptr, 10);
      if (batch.changes.size() + count <= changes_max) continue;
      if (absl::Status status = end_batch(); !status.ok()) return status;
      continue;
    }
    const auto kind = static_cast<StoredDifferenceKind>(record.front());
    Relationship relationship = RelationshipOf(record.substr(1));
    batch.preconditions.push_back(PreconditionFor(kind, relationship));
    batch.changes.push_back(
        {kind == StoredDifferenceKind::kRemoved ? ChangeOp::kDelete : ChangeOp::kTouch, std::move(relationship)});
    Count(kind, &batch.counts);
    bytes += record.size();
    if (batch.changes.size() < changes_max && bytes < kBatchBytesMax) continue;
    if (absl::Status status = end_batch(); !status.ok()) return status;
  }
  return more.ok() ? end_batch() : more.status();
}

}  // namespace mandate
