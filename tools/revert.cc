#include "tools/revert.h"

#include <memory>
#include <vector>

#include "check/delegation_rules.h"
#include "check/schema_rules.h"
#include "schema/compiler.h"
#include "schema/text.h"
#include "storage/key_codec.h"

namespace mandate {
namespace {

constexpr size_t kChangesAtOnce = 10'000;

// A walk through all relationships of a snapshot, in the order of their keys.
class Walk {
 public:
  explicit Walk(const Snapshot& snapshot) : snapshot_(snapshot), cursor_(snapshot.Read({}, std::nullopt)) { SetKey(); }

  bool valid() const { return cursor_->Valid(); }
  const std::string& key() const { return key_; }
  const Edge& edge() const { return cursor_->row().edge; }
  Relationship relationship() const { return ToRelationship(cursor_->row(), snapshot_.names()); }
  absl::Status status() const { return cursor_->status(); }
  void Next() {
    cursor_->Next();
    SetKey();
  }

 private:
  void SetKey() {
    if (valid()) key_ = ForwardKey(cursor_->row().resource, cursor_->row().relation, cursor_->row().subject);
  }
  const Snapshot& snapshot_;
  const std::unique_ptr<TupleCursor> cursor_;
  std::string key_;
};

bool SameAttributes(const Edge& a, const Edge& b) {
  return a.caveat == b.caveat && a.caveat_context == b.caveat_context && a.expires_at == b.expires_at;
}

class Revert {
 public:
  Revert(TupleStore* store, std::shared_ptr<const Snapshot> past, const std::vector<std::string>& drops)
      : store_(*store), past_(std::move(past)), head_(store->Head()), drops_(drops) {}

  absl::StatusOr<Reverted> Run() {
    if (absl::Status status = LoadSchemas(); !status.ok()) return status;
    Walk was(*past_), is(*head_);
    while (was.valid() || is.valid()) {
      const int order = !is.valid() ? -1 : !was.valid() ? 1 : was.key().compare(is.key());
      if (order > 0) {
        ++reverted_.deleted;
        request_.changes.push_back({ChangeOp::kDelete, is.relationship()});
      } else if (order < 0 || !SameAttributes(was.edge(), is.edge())) {
        BringBack(was.relationship(), /*gone=*/order < 0);
      }
      if (order <= 0) was.Next();
      if (order >= 0) is.Next();
      if (request_.changes.size() < kChangesAtOnce) continue;
      if (absl::Status status = Write(); !status.ok()) return status;
    }
    if (!was.status().ok()) return was.status();
    if (!is.status().ok()) return is.status();
    if (past_->SchemaRevision() != head_->SchemaRevision() && schema_ != nullptr) {
      request_.schema_text = past_->Schema()->text;
      request_.guard = [this](PendingWrite& write) { return AdmitSchema(*schema_, change_, write.after()); };
      reverted_.schema = true;
    }
    if (absl::Status status = Write(); !status.ok()) return status;
    reverted_.revision = store_.Head()->revision();
    return reverted_;
  }

 private:
  // The schema is set back as if it were written: what holds agents back does not go unsaid.
  absl::Status LoadSchemas() {
    if (past_->SchemaRevision() == Revision()) return absl::OkStatus();
    auto then = SchemaOf(*past_);
    if (!then.ok()) return then.status();
    schema_ = *std::move(then);
    auto now = SchemaOf(*head_);
    if (!now.ok()) return now.status();
    change_ = CompareForStorage(**now, *schema_);
    return AdmitWidening(change_, drops_);
  }

  static absl::StatusOr<std::shared_ptr<const Schema>> SchemaOf(const Snapshot& snapshot) {
    auto record = snapshot.Schema();
    if (!record.ok()) return record.status();
    std::shared_ptr<const Schema> schema = CompileSchema(record->text).schema;
    if (schema != nullptr) return schema;
    return absl::DataLossError(Cat("the schema of revision ", snapshot.SchemaRevision().value(), " does not compile"));
  }

  void BringBack(Relationship relationship, bool gone) {
    // Also where it is there with other attributes: a longer time, another caveat may be what was taken.
    if (schema_ == nullptr || ConcernsDelegation(*schema_, relationship)) {
      if (gone || schema_ != nullptr) ++reverted_.not_revived;
      return;
    }
    ++reverted_.written;
    request_.changes.push_back({ChangeOp::kTouch, std::move(relationship)});
  }

  absl::Status Write() {
    if (request_.changes.empty() && !request_.schema_text) return absl::OkStatus();
    absl::Status status = store_.Write(request_).status();
    request_ = WriteRequest();
    return status;
  }

  TupleStore& store_;
  const std::shared_ptr<const Snapshot> past_;
  const std::shared_ptr<const Snapshot> head_;
  const std::vector<std::string>& drops_;
  SchemaChange change_;
  std::shared_ptr<const Schema> schema_;  // Of the past; null: there was none.
  WriteRequest request_;
  Reverted reverted_;
};

}  // namespace

absl::StatusOr<Reverted> RevertTo(TupleStore* store, Revision revision, const std::vector<std::string>& drops) {
  auto past = store->At(revision);
  if (!past.ok()) return past.status();
  return Revert(store, *std::move(past), drops).Run();
}

}  // namespace mandate
