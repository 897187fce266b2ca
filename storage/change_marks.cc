// Why a mark makes what was kept exact. Let something have been read at revision R, and be asked for at revision S.
// Each commit C that may change what the read saw raises the mark of its slot to at least C before C is published, and
// only ever raises it. Whoever asks holds a snapshot of S, and got it behind the lock under which S was published, so
// it sees the marks of every commit up to S. If the mark is at most min(R, S), no commit in between, from min(R, S)
// exclusive to max(R, S) inclusive, touched it:
//
//   R <= S   a commit C with R < C <= S would have raised the mark to C > R, and S sees that.
//   S < R    a commit C with S < C <= R was published before R was, so whoever read at R saw its mark; what was kept
//            came here from that reader through a lock, so it is seen here too, C > S.
//
// A commit of an earlier process raised marks that are gone. It was at or below the revision that this one opened at,
// and the mark of everything begins there: so it raised that.
//
// Loads are relaxed, since those two orders come from the locks; a load that also sees a later mark only misses. A
// commit that is refused may leave marks of a revision that another commit then gets: that only misses as well.
#include "storage/change_marks.h"

#include <bit>
#include <new>

#include "absl/hash/hash.h"
#include "schema/text.h"

namespace mandate {
namespace {

uint64_t* Zeroed(size_t count) {
  void* memory = std::calloc(count, sizeof(uint64_t));
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<uint64_t*>(memory);
}

// Kinds of reads, so that the same parts in another role are another slot.
enum Kind : uint8_t { kTuple, kSubjects, kResources };

}  // namespace

ChangeMarks::ChangeMarks(size_t slots, Revision since)
    : mask_(std::bit_ceil(std::max<size_t>(slots, 1)) - 1), slots_(Zeroed(mask_ + 1)), everything_(since.value()) {}

ChangeMarks::Slot ChangeMarks::OfTuple(const ObjectKey& resource, NameId relation, const SubjectKey& subject) const {
  return static_cast<Slot>(mask_ & absl::HashOf(kTuple, resource.type, AbslView(resource.id), relation, subject.type,
                                                AbslView(subject.id), subject.relation));
}

ChangeMarks::Slot ChangeMarks::OfSubjects(const ObjectKey& resource, NameId relation) const {
  return static_cast<Slot>(mask_ & absl::HashOf(kSubjects, resource.type, AbslView(resource.id), relation));
}

ChangeMarks::Slot ChangeMarks::OfResources(const SubjectKey& subject, NameId resource_type, NameId relation) const {
  return static_cast<Slot>(
      mask_ & absl::HashOf(kResources, subject.type, AbslView(subject.id), subject.relation, resource_type, relation));
}

void ChangeMarks::Raise(uint64_t* mark, Revision at) {
  if (Load(*mark) < at.value()) std::atomic_ref<uint64_t>(*mark).store(at.value(), std::memory_order_relaxed);
}

void ChangeMarks::Note(const TupleRow& row, Revision at) {
  Raise(slots_.get() + OfTuple(row.resource, row.relation, row.subject), at);
  Raise(slots_.get() + OfSubjects(row.resource, row.relation), at);
  Raise(slots_.get() + OfResources(row.subject, row.resource.type, row.relation), at);
}

void ChangeMarks::NoteEverything(Revision at) { Raise(&everything_, at); }

}  // namespace mandate
