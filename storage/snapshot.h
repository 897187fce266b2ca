// snapshot.h: the read side of storage: every relationship as of one revision.
//
//   auto snapshot = store->Head();
//   ObjectKey plan{document, "plan"};
//   auto cursor = snapshot->Subjects(plan, viewer, SubjectsOf::kDirect);
//   for (; cursor->Valid(); cursor->Next()) Use(cursor->row());
//   RETURN_IF_ERROR(cursor->status());
//
// Rows are returned whether expired or not: what "now" is, the caller says.
//
// Threads     A Snapshot may be shared by threads; a cursor belongs to one thread.
// Ownership   A Snapshot keeps what it needs of the store alive for reading; the store outlives it. A row's
//             string_views live until the cursor's next move.
// Errors      DATA_LOSS if a stored key or value does not decode; UNAVAILABLE if the disk fails. A cursor that
//             failed is not Valid() and says why in status(): look at it, an error is never "no rows".
#ifndef MANDATE_STORAGE_SNAPSHOT_H_
#define MANDATE_STORAGE_SNAPSHOT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "schema/relationship.h"
#include "storage/ledger.h"
#include "storage/names.h"
#include "storage/revision.h"

namespace mandate {

struct ObjectKey {
  NameId type = NameId::kNone;
  std::string_view id;
};

struct SubjectKey {
  NameId type = NameId::kNone;
  std::string_view id;              // `*` for a wildcard
  NameId relation = NameId::kNone;  // kNone: the object itself
};

// What is stored with a relationship besides its identity.
struct Edge {
  Revision written;  // The write that gave it its present attributes.
  Revision born;     // Its age: the write since which it has stood without a break. A TOUCH that
                     // changes nothing but the expiry of an unexpired relationship keeps it.
  absl::Time expires_at = absl::InfiniteFuture();
  NameId caveat = NameId::kNone;
  std::string caveat_context;  // A JSON object, or empty.

  bool LiveAt(absl::Time now) const { return now < expires_at; }
};

struct TupleRow {
  ObjectKey resource;
  NameId relation = NameId::kNone;
  SubjectKey subject;
  Edge edge;
};

class TupleCursor {
 public:
  virtual ~TupleCursor() = default;
  virtual bool Valid() const = 0;
  virtual const TupleRow& row() const = 0;  // REQUIRES: Valid()
  virtual void Next() = 0;                  // REQUIRES: Valid()
  virtual absl::Status status() const = 0;
};

// Narrows a read; every field that is set must match. Empty strings match everything.
struct TupleFilter {
  std::string resource_type;
  std::string resource_id;
  std::string resource_id_prefix;  // Not together with resource_id.
  std::string relation;
  std::string subject_type;
  std::string subject_id;
  std::optional<std::string> subject_relation;  // Set and empty: only subjects without a relation.
  bool Matches(const Relationship& relationship) const;
};

struct SchemaRecord {
  std::string text;   // Empty when no schema was ever written.
  Revision revision;  // Of the write that brought it.
};

// A small durable value beside the relationships (tuple_store.h).
class FactCursor {
 public:
  virtual ~FactCursor() = default;
  virtual bool Valid() const = 0;
  virtual std::string_view key() const = 0;    // REQUIRES: Valid(); lives until the next move
  virtual std::string_view value() const = 0;  // REQUIRES: Valid(); lives until the next move
  virtual void Next() = 0;                     // REQUIRES: Valid()
  virtual absl::Status status() const = 0;
};

enum class SubjectsOf {
  kDirect,       // objects and wildcards
  kSubjectSets,  // `team:core#member`
  kAll,          // direct ones first
};

class ReadCache;

class Snapshot {
 public:
  virtual ~Snapshot() = default;

  virtual Revision revision() const = 0;
  virtual const NameTable& names() const = 0;
  virtual absl::StatusOr<SchemaRecord> Schema() const = 0;
  virtual Revision SchemaRevision() const = 0;  // Cheap: no read.
  // What CachedSnapshot (cached_snapshot.h) reads this snapshot through. Null: it is no committed state, or the store
  // keeps nothing.
  virtual const std::shared_ptr<ReadCache>& read_cache() const {
    static const std::shared_ptr<ReadCache> kNone;
    return kNone;
  }

  // The one relationship of that identity. One get, however many subjects the relation has.
  virtual absl::StatusOr<std::optional<Edge>> Find(const ObjectKey& resource, NameId relation,
                                                   const SubjectKey& subject) const = 0;

  // The subjects of `resource#relation`, by type, then id.
  virtual std::unique_ptr<TupleCursor> Subjects(const ObjectKey& resource, NameId relation, SubjectsOf which) const = 0;

  // The same, of one subject type (and for subject sets one relation) alone, by id; a range of its own, so the others
  // are not read. Only ids behind `after`, unless that is empty.
  virtual std::unique_ptr<TupleCursor> SubjectsOfType(const ObjectKey& resource, NameId relation, NameId subject_type,
                                                      NameId subject_relation, std::string_view after) const = 0;

  // The objects of `resource_type` on whose `relation` exactly this subject stands, by id; only those behind `after`,
  // unless that is empty. From the reverse index.
  virtual std::unique_ptr<TupleCursor> Resources(const SubjectKey& subject, NameId resource_type, NameId relation,
                                                 std::string_view after) const = 0;

  // Everything that matches, in a stable order; `after` (a relationship's identity) resumes behind that one. Walks
  // the index that narrows most: forward by resource type (and id, and relation), reverse by subject, else all. What
  // matches may lie far apart: `is_cancelled` (null: never) is asked on the way, and ends it with CANCELLED.
  virtual std::unique_ptr<TupleCursor> Read(const TupleFilter& filter, const std::optional<Relationship>& after,
                                            const std::function<bool()>& is_cancelled = nullptr) const = 0;

  // Facts and the ledger have no past: whatever the revision, they are as of when the snapshot was taken.
  virtual absl::StatusOr<std::optional<std::string>> Fact(std::string_view key) const = 0;
  virtual std::unique_ptr<FactCursor> Facts(std::string_view prefix) const = 0;
  virtual const LedgerHead& ledger_head() const = 0;
  // The records behind the number `after` that carry every one of `terms` (none: all), oldest first.
  virtual std::unique_ptr<LedgerCursor> Ledger(const std::vector<std::string>& terms, uint64_t after) const = 0;

  // This snapshot with `relationships` on top, as if they were stored; one of the identity of a stored one takes its
  // place. Their edges say that no revision wrote them. REQUIRES: each is there once, its form is valid, and its names
  // are known (names()): the schema in force holds them.
  virtual std::shared_ptr<const Snapshot> With(absl::Span<const Relationship> relationships) const = 0;
};

// A row as a value, in names.
Relationship ToRelationship(const TupleRow& row, const NameTable& names);

}  // namespace mandate

#endif  // MANDATE_STORAGE_SNAPSHOT_H_
