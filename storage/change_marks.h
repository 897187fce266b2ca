// change_marks.h: when what a read looked at was last written, to within a hash: what makes caches exact.
//
//   ChangeMarks marks(1 << 20, opened_at);
//   marks.Note(row, revision);                            // the committing thread, before the revision is published
//   ChangeMarks::Slot slot = marks.OfSubjects(document, viewer);
//   if (marks.Holds(slot, read_at, asked_at)) ...     // what was read at the one is what stands at the other
//
// Threads     One thread notes, any may ask. Whoever took a snapshot sees every mark of its revision and of those
//             before.
// Costs       8 bytes a slot. Two things of one slot are taken for one: then something is read again for nothing.
#ifndef MANDATE_STORAGE_CHANGE_MARKS_H_
#define MANDATE_STORAGE_CHANGE_MARKS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "storage/revision.h"
#include "storage/snapshot.h"

namespace mandate {

class ChangeMarks {
 public:
  using Slot = uint32_t;

  // `slots` is made a power of two, at least 1. Of what was written up to `since` nothing is known: a span that reaches
  // below never holds.
  ChangeMarks(size_t slots, Revision since);

  // What a read rests on: one relationship, the subjects of a relation of an object, what a subject stands on.
  Slot OfTuple(const ObjectKey& resource, NameId relation, const SubjectKey& subject) const;
  Slot OfSubjects(const ObjectKey& resource, NameId relation) const;
  Slot OfResources(const SubjectKey& subject, NameId resource_type, NameId relation) const;

  // The relationship is written at `at`, or maybe: too many marks only cost time.
  void Note(const TupleRow& row, Revision at);
  // So is anything.
  void NoteEverything(Revision at);

  // True if what a read of the slot saw at one revision is what it sees at the other.
  bool Holds(Slot slot, Revision one, Revision other) const {
    const uint64_t earlier = std::min(one, other).value();
    return Load(slots_.get()[slot]) <= earlier && Load(everything_) <= earlier;
  }

 private:
  static uint64_t Load(const uint64_t& mark) {
    return std::atomic_ref<uint64_t>(const_cast<uint64_t&>(mark)).load(std::memory_order_relaxed);
  }
  static void Raise(uint64_t* mark, Revision at);

  struct Free {
    void operator()(uint64_t* slots) const { std::free(slots); }
  };
  const size_t mask_;
  const std::unique_ptr<uint64_t, Free> slots_;  // Pages that nothing was noted on are not there.
  uint64_t everything_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_CHANGE_MARKS_H_
