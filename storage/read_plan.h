// read_plan.h: which range of which index answers a filtered read, and which of its rows match.
//
//   resource type and id    forward, as far into the key as the filter's parts go without a gap
//   subject type and id     reverse; without a subject relation, hopping from relation to relation
//   resource type           forward, of the type (and id prefix)
//   subject type            reverse, of the type (and relation)
//   neither                 forward, everything
//
// Threads     A value; safe anywhere.
// Errors      INVALID_ARGUMENT for a filter that contradicts itself or an `after` that was never
//             stored.
#ifndef MANDATE_STORAGE_READ_PLAN_H_
#define MANDATE_STORAGE_READ_PLAN_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/key_codec.h"
#include "storage/names.h"
#include "storage/snapshot.h"

namespace mandate {

class ReadPlan {
 public:
  // Nullopt when nothing can match: a name in the filter was never used by a write.
  static absl::StatusOr<std::optional<ReadPlan>> Make(const TupleFilter& filter,
                                                      const std::optional<Relationship>& after, const NameTable& names);

  const std::string& begin() const { return begin_; }
  const std::string& end() const { return end_; }

  bool Matches(const TupleRow& row) const;

  // Where the next match can be at the earliest, given a row that does not match; empty: the row
  // behind it.
  std::string NextCandidate(const TupleRow& row) const;

 private:
  bool Resolve(const TupleFilter& filter, const NameTable& names);
  std::string ForwardPrefix() const;
  std::string ReversePrefix() const;

  Index index_ = Index::kForward;
  std::string begin_;
  std::string end_;
  // The filter in ids; empty strings and absent names match everything.
  std::optional<NameId> resource_type_;
  std::string resource_id_;
  std::string resource_id_prefix_;
  std::optional<NameId> relation_;
  std::optional<NameId> subject_type_;
  std::string subject_id_;
  std::optional<NameId> subject_relation_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_READ_PLAN_H_
