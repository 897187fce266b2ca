// answer_cache.h: answers in memory, exact at every revision and moment.
//
//   AnswerCache cache(64 << 20);
//   AnswerKey(question, plan.schema_revision(), limits, &key);
//   if (auto answer = cache.Get(key, snapshot, now)) return *answer;
//   ...
//   cache.Put(key, snapshot, now, reads, answer);
//
// Threads     Safe to share.
// Ownership   Values.
// Units       Bytes.
#ifndef MANDATE_CHECK_ANSWER_CACHE_H_
#define MANDATE_CHECK_ANSWER_CACHE_H_

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/answer.h"
#include "check/question.h"
#include "storage/bounded_cache.h"
#include "storage/cached_snapshot.h"

namespace mandate {

// Sets the key to everything that the answer depends on besides what is stored and the moment; to nothing if it is not
// to be kept: with an explanation, or with relationships of the question's own.
void AnswerKey(const CheckQuestion& question, Revision schema_revision, size_t chain_agents_max, std::string* key);

class AnswerCache {
 public:
  explicit AnswerCache(size_t capacity_bytes) : answers_(capacity_bytes) {}

  // The answer that evaluating anew would give; nullopt if that is not known. REQUIRES: `key` is not empty, and the
  // snapshot has a read_cache(), of the same store each time.
  std::optional<Answer> Get(std::string_view key, const Snapshot& snapshot, absl::Time now) const;

  // REQUIRES: the same; `reads` has all that `answer` rests on, read from the snapshot at `now`. Keeps nothing that
  // rests on what has no marks.
  void Put(std::string_view key, const Snapshot& snapshot, absl::Time now, const Reads& reads, const Answer& answer);

  size_t bytes() const { return answers_.bytes(); }

 private:
  struct Entry {
    Answer answer;
    std::vector<ChangeMarks::Slot> slots;
    absl::Time from;                 // The moments at which it is so,
    absl::Time until;                // and not at that one.
    std::atomic<uint64_t> holds_at;  // A revision at which it is so.
  };
  BoundedCache<Entry> answers_;
};

}  // namespace mandate

#endif  // MANDATE_CHECK_ANSWER_CACHE_H_
