#include "check/id_merge.h"

#include <algorithm>

namespace mandate {
namespace {

constexpr size_t kPieceRowsMax = 1024;
constexpr size_t kRowsOfAllPieces = 1 << 18;  // About 16 MiB.
constexpr uint64_t kIdBytes = 64;

}  // namespace

void IdMerge::AddIds(std::vector<Id> sorted) {
  Source& source = sources_.emplace_back(Source{nullptr, true});
  source.piece = std::move(sorted);
  source.ended = true;
  while (source.next < source.piece.size() && source.piece[source.next].id <= after_) {
    ++source.next;
  }
}

absl::StatusOr<std::optional<IdMerge::Id>> IdMerge::Next() {
  if (!started_) {
    if (absl::Status status = Start(); !status.ok()) return status;
  }
  std::optional<Id> found;
  const auto order = [this](size_t a, size_t b) { return IsBehind(a, b); };
  while (!heap_.empty()) {
    Source& source = sources_[heap_.front()];
    const Id& top = source.piece[source.next];
    if (found && found->id != top.id) break;
    if (!found) found = Id{top.id, false};
    found->sure |= top.sure;
    ++source.next;
    std::pop_heap(heap_.begin(), heap_.end(), order);
    const size_t index = heap_.back();
    heap_.pop_back();
    if (absl::Status status = Push(index); !status.ok()) return status;
  }
  return found;
}

absl::Status IdMerge::Start() {
  started_ = true;
  for (size_t i = 0; i < sources_.size(); ++i) {
    sources_[i].last = after_;
    if (absl::Status status = Push(i); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status IdMerge::Push(size_t index) {
  Source& source = sources_[index];
  if (source.next == source.piece.size() && !source.ended) {
    if (absl::Status status = Fill(source); !status.ok()) return status;
  }
  if (source.next == source.piece.size()) {
    source.piece = {};
    source.next = 0;
    return absl::OkStatus();
  }
  heap_.push_back(index);
  std::push_heap(heap_.begin(), heap_.end(), [this](size_t a, size_t b) { return IsBehind(a, b); });
  return absl::OkStatus();
}

absl::Status IdMerge::Fill(Source& source) {
  source.piece.clear();
  source.next = 0;
  auto cursor = source.open(source.last);
  for (; cursor->Valid() && source.piece.size() < source.rows; cursor->Next()) {
    if (absl::Status status = budget_.Charge(1, 0); !status.ok()) return status;
    const TupleRow& row = cursor->row();
    const std::string_view id = part_ == Part::kResource ? row.resource.id : row.subject.id;
    source.last = id;
    if (id == "*") continue;
    auto judged = conditions_.Judge(row.edge, &budget_);
    if (!judged.ok()) return judged.status();
    if (judged->state == EdgeState::kGone) continue;
    source.piece.push_back({std::string(id), source.sure && judged->state == EdgeState::kLive});
  }
  if (!cursor->status().ok()) return cursor->status();
  source.ended = !cursor->Valid();
  // Pieces grow, so that a page costs little and a long stream few seeks.
  const size_t share = std::max<size_t>(kRowsOfAllPieces / sources_.size(), 8);
  source.rows = std::min({source.rows * 2, share, kPieceRowsMax});
  return absl::OkStatus();
}

bool IdMerge::IsBehind(size_t a, size_t b) const {
  const Source& left = sources_[a];
  const Source& right = sources_[b];
  return left.piece[left.next].id > right.piece[right.next].id;
}

}  // namespace mandate
