// id_merge.h: the ids of many sorted sources as one sorted stream, each id once.
//
//   IdMerge merge(&conditions, &budget, after);
//   merge.AddSource(open, /*sure=*/true);
//   while (true) {
//     auto id = merge.Next();
//     if (!id.ok()) return id.status();
//     if (!id->has_value()) break;
//   }
//
// A source is read in pieces, with no cursor kept open in between, so thousands of sources cost their pieces alone.
//
// Threads     One thread.
// Errors      Those of the cursors, and of the budget.
#ifndef MANDATE_CHECK_ID_MERGE_H_
#define MANDATE_CHECK_ID_MERGE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/conditions.h"
#include "storage/snapshot.h"

namespace mandate {

class IdMerge {
 public:
  struct Id {
    std::string id;
    bool sure = false;  // Some source says that nothing is left to be checked.
  };
  // Opens a source's rows behind an id (empty: from the start).
  using Open = std::function<std::unique_ptr<TupleCursor>(std::string_view after)>;
  // Which part of a row is the id.
  enum class Part : uint8_t { kResource, kSubject };

  // Only ids behind `after`. REQUIRES: both outlive it.
  IdMerge(Conditions* conditions, Budget* budget, Part part, std::string after)
      : conditions_(*conditions), budget_(*budget), part_(part), after_(std::move(after)) {}

  // `sure`: a row that holds unconditionally needs no check.
  void AddSource(Open open, bool sure) { sources_.push_back({std::move(open), sure}); }
  // Ids that are known already.
  void AddIds(std::vector<Id> sorted);

  // Nothing at the end.
  absl::StatusOr<std::optional<Id>> Next();

 private:
  struct Source {
    Open open;
    bool sure;
    std::vector<Id> piece = {};
    size_t next = 0;  // In `piece`.
    size_t rows = 8;  // How many the next piece has.
    bool ended = false;
    std::string last = {};  // The id behind which to read on.
  };

  absl::Status Start();
  absl::Status Fill(Source& source);
  // Puts the source's next id into the heap, if it has one.
  absl::Status Push(size_t source);
  bool IsBehind(size_t a, size_t b) const;

  Conditions& conditions_;
  Budget& budget_;
  const Part part_;
  const std::string after_;
  std::vector<Source> sources_;
  std::vector<size_t> heap_;  // Sources, the one with the smallest id on top.
  bool started_ = false;
};

}  // namespace mandate

#endif  // MANDATE_CHECK_ID_MERGE_H_
