#include "tools/sync/record_sorter.h"

#include <algorithm>

namespace mandate {
namespace {

// So many files are open at a time; more runs are merged into one.
constexpr size_t kRunsMax = 64;

// std::*_heap keep the greatest in front.
constexpr auto kLater = [](const auto& a, const auto& b) { return a->record > b->record; };

}  // namespace

absl::Status RecordSorter::Add(std::string_view record) {
  if (!places_.empty() && bytes_.size() + record.size() + places_.size() * sizeof(Place) > memory_bytes_) {
    if (absl::Status status = Spill(); !status.ok()) return status;
  }
  places_.push_back({static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(record.size())});
  bytes_ += record;
  return absl::OkStatus();
}

void RecordSorter::SortMemory() {
  const std::string_view bytes = bytes_;
  std::sort(places_.begin(), places_.end(), [bytes](const Place& a, const Place& b) {
    return bytes.substr(a.begin, a.size) < bytes.substr(b.begin, b.size);
  });
}

absl::Status RecordSorter::Spill() {
  SortMemory();
  auto run = std::make_unique<Run>();
  for (const Place& place : places_) {
    absl::Status status = run->file.Append(std::string_view(bytes_).substr(place.begin, place.size));
    if (!status.ok()) return status;
  }
  runs_.push_back(std::move(run));
  bytes_.clear();
  places_.clear();
  return runs_.size() < kRunsMax ? absl::OkStatus() : MergeRuns();
}

absl::Status RecordSorter::MergeRuns() {
  if (absl::Status status = Begin(); !status.ok()) return status;
  auto merged = std::make_unique<Run>();
  absl::StatusOr<bool> more = false;
  while ((more = NextMerged()).ok() && *more) {
    if (absl::Status status = merged->file.Append(record_); !status.ok()) return status;
  }
  if (!more.ok()) return more.status();
  runs_.push_back(std::move(merged));
  return absl::OkStatus();
}

// Opens all runs for reading.
absl::Status RecordSorter::Begin() {
  any_ = false;
  for (auto& run : runs_) {
    if (absl::Status status = run->file.Rewind(); !status.ok()) return status;
    if (absl::Status status = Advance(std::move(run)); !status.ok()) return status;
  }
  runs_.clear();
  return absl::OkStatus();
}

// Puts the run back into the heap with its next record, or lets go of it.
absl::Status RecordSorter::Advance(std::unique_ptr<Run> run) {
  auto more = run->file.Next(&run->record);
  if (!more.ok() || !*more) return more.status();
  heap_.push_back(std::move(run));
  std::push_heap(heap_.begin(), heap_.end(), kLater);
  return absl::OkStatus();
}

absl::Status RecordSorter::Sort() {
  at_ = 0;
  if (runs_.empty()) {
    SortMemory();
    return absl::OkStatus();
  }
  if (!places_.empty()) {
    if (absl::Status status = Spill(); !status.ok()) return status;
  }
  bytes_ = {};
  places_ = {};
  return Begin();
}

absl::StatusOr<bool> RecordSorter::NextMerged() {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), kLater);
    std::unique_ptr<Run> run = std::move(heap_.back());
    heap_.pop_back();
    const bool is_new = !any_ || run->record != last_;
    if (is_new) last_ = run->record;
    any_ = true;
    if (absl::Status status = Advance(std::move(run)); !status.ok()) return status;
    if (!is_new) continue;
    record_ = last_;
    return true;
  }
  return false;
}

absl::StatusOr<bool> RecordSorter::Next() {
  if (places_.empty()) return NextMerged();
  const std::string_view bytes = bytes_;
  while (at_ < places_.size()) {
    const Place& place = places_[at_++];
    const std::string_view next = bytes.substr(place.begin, place.size);
    if (any_ && next == record_) continue;
    any_ = true;
    record_ = next;
    return true;
  }
  return false;
}

}  // namespace mandate
