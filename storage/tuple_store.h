// tuple_store.h: the write side of storage. Relationships in, revisions out.
//
//   auto store = OpenRocksStore("./mandate-data", {});
//   WriteRequest request;
//   request.changes.push_back({ChangeOp::kTouch, *ParseRelationship("document:plan#viewer@user:alice")});
//   absl::StatusOr<Revision> revision = (*store)->Write(request);
//
// Threads     Safe to share. Writers are ordered inside and share one durable commit (group commit); readers never
//             wait for writers.
// Ownership   The store outlives every Snapshot taken from it.
// Errors      FAILED_PRECONDITION (PRECONDITION_FAILED) when a precondition does not hold; ALREADY_EXISTS
//             (ALREADY_EXISTS) for a CREATE of what is stored, expired or not; ABORTED (SCHEMA_CHANGED) when the
//             schema is not the expected one (retry); INVALID_ARGUMENT for an empty write or one that names a
//             relationship twice; OUT_OF_RANGE (REVISION_UNKNOWN, REVISION_COLLECTED) for a revision ahead of the
//             newest or behind the window; RESOURCE_EXHAUSTED (DISK_FULL), UNAVAILABLE or DATA_LOSS from the disk.
//             After a failed disk write the store refuses further writes and goes on answering reads.
// Units       Times are absl::Time; sizes end in _bytes; a Revision has no unit.
#ifndef MANDATE_STORAGE_TUPLE_STORE_H_
#define MANDATE_STORAGE_TUPLE_STORE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "schema/relationship.h"
#include "storage/backup.h"
#include "storage/revision.h"
#include "storage/snapshot.h"

namespace mandate {

enum class ChangeOp : uint8_t {
  kCreate,  // Must not be stored, expired or not.
  kTouch,   // Stored afterwards with these attributes, whether it was before or not.
  kDelete,  // Not stored afterwards; a no-op when it was not. Caveat and expiry are not looked at.
};

struct TupleChange {
  ChangeOp op = ChangeOp::kTouch;
  Relationship relationship;
};

struct Precondition {
  enum class Kind : uint8_t { kMustMatch, kMustNotMatch };
  Kind kind = Kind::kMustMatch;
  TupleFilter filter;  // Only relationships that are unexpired at the commit count.
};

// One change together with what was stored before it.
struct PendingChange {
  const TupleChange* change;
  std::optional<Edge> before;
};

// A write on its way in, as a guard sees it: nobody else writes meanwhile.
class PendingWrite {
 public:
  virtual ~PendingWrite() = default;
  virtual Revision revision() const = 0;  // The one it will get.
  virtual absl::Time now() const = 0;     // The moment of the commit.
  virtual const Snapshot& before() const = 0;
  virtual const Snapshot& after() const = 0;  // As if committed.
  virtual absl::Span<const PendingChange> changes() const = 0;
  virtual bool more_match() const = 0;  // delete_matching left some, for delete_at_most.

  // Facts: small durable values beside the relationships (an id that was used, a scope that is sealed). They commit
  // with the write, are not versioned, and outlive every retention. Keys are the caller's, up to 8 KiB. They are read
  // from after().
  virtual void SetFact(std::string_view key, std::string value) = 0;
  virtual void DeleteFact(std::string_view key) = 0;

  // The ledger (ledger.h). A record gets the number that NextSequence() said before. A retired record keeps its digest
  // and hash alone; once the oldest ones are all retired, they go altogether.
  virtual uint64_t NextSequence() const = 0;
  virtual void AppendToLedger(LedgerAppend record) = 0;
  virtual absl::Status RetireFromLedger(uint64_t sequence) = 0;
};

// The relationships of a large write, on their way in: kept sorted on disk, so that memory stays flat however many they
// are, then built into tables that the store takes whole. Let go, what is not written leaves nothing behind.
//
// Threads     One thread.
// Errors      Add: INVALID_ARGUMENT for a part that is empty or holds a NUL byte, or a name that nothing stored has;
//             RESOURCE_EXHAUSTED (DISK_FULL), UNAVAILABLE.
class BulkLoad {
 public:
  virtual ~BulkLoad() = default;
  // `position` is where the caller has it; errors call it `changes[position]`.
  virtual absl::Status Add(const Relationship& relationship, uint64_t position) = 0;
  virtual uint64_t size() const = 0;
  // The relationship that a Write of the load was refused for, if it was one.
  virtual const std::optional<Relationship>& refused() const = 0;
};

struct WriteRequest {
  std::vector<TupleChange> changes;
  std::vector<uint64_t> positions;  // Of `changes` in the caller's list, for errors; empty: their index.
  // Of NewLoad, of the same store: written together with `changes`, each as the load's op says. Alone with these,
  // `guard`, `expected_schema` and `metadata`. The guard sees none of it, neither as changes nor in after(), and may be
  // asked more than once, before the store knows that nobody else writes: it must rest on relationships, and on facts
  // that are only written together with some. It must not append to the ledger. Other writes wait for it while its
  // tables are built a second time, which they are if one came in between. REQUIRES: outlives the call.
  BulkLoad* load = nullptr;
  // Deletes whatever matches one of these at the commit, expired or not; the guard sees each as a change. Not together
  // with `changes`.
  std::vector<TupleFilter> delete_matching;
  uint64_t delete_at_most = 0;  // 0: all that match.
  // Deletes up to so many relationships that have expired at the commit, the oldest first. Alone.
  uint64_t sweep_at_most = 0;
  std::vector<Precondition> preconditions;
  std::optional<std::string> schema_text;   // Replaces the schema in the same revision.
  std::vector<std::string> schema_names;    // Names to give ids with it: types, relations, caveats.
  std::optional<Revision> expected_schema;  // The schema revision that `changes` were validated against.
  // Judges the write on what would be stored after it. An error refuses the write whole. Runs on another writer's
  // thread, maybe, and must not write to the store.
  std::function<absl::Status(PendingWrite&)> guard;
  // The guard writes facts and ledger records alone, so there is no new revision: the result is the newest one, at
  // which the guard judged. REQUIRES: no changes, no schema, no names, not `at`, and a guard.
  bool records_only = false;
  std::string metadata;        // Kept with the commit in the changelog; up to 64 KiB, any form.
  std::optional<Revision> at;  // Apply at exactly this revision, above the newest (a follower).
};

// What a commit did to one relationship: kTouch or kDelete, as it took effect; of a deletion the identity alone.
struct CommittedChange : TupleChange {
  bool expired = false;  // A deletion by expiry.
};

// One committed revision, as the changelog keeps it. A load comes as several records of one revision.
struct ChangeRecord {
  Revision revision;
  uint32_t part = 0;       // Of the revision, from 0.
  bool continues = false;  // There are more parts.
  absl::Time committed_at;
  std::vector<CommittedChange> changes;
  bool schema_changed = false;
  std::string metadata;
};

// Behind which record of the changelog to go on: behind all of a revision, or behind one of its parts.
struct ChangePlace {
  ChangePlace(Revision revision, uint32_t part = ~uint32_t{0}) : revision(revision), part(part) {}
  Revision revision;
  uint32_t part;
};

struct StoreStats {
  Revision head;
  Revision oldest;  // The oldest revision that can be asked.
  uint64_t live_relationships_estimate = 0;
  uint64_t disk_bytes = 0;
  // In memory: writes that are not in tables yet, blocks read, and what stays of every open table (index and filters).
  uint64_t write_buffer_bytes = 0;
  uint64_t block_cache_bytes = 0;
  uint64_t table_reader_bytes = 0;
};

class TupleStore {
 public:
  virtual ~TupleStore() = default;

  // Applies the request whole or not at all; durable when it returns. A write whose changes all turn out to be
  // no-ops still gets a revision.
  virtual absl::StatusOr<Revision> Write(const WriteRequest& request) = 0;

  // Begins one. `op` is kCreate or kTouch. RESOURCE_EXHAUSTED (TOO_MANY_LOADS) while 8 are under way.
  virtual absl::StatusOr<std::unique_ptr<BulkLoad>> NewLoad(ChangeOp op) = 0;

  // The newest snapshot. Costs a reference count.
  virtual std::shared_ptr<const Snapshot> Head() const = 0;

  // The snapshot at `revision`, which must lie in the retention window.
  virtual absl::StatusOr<std::shared_ptr<const Snapshot>> At(Revision revision) const = 0;

  // Up to `records_max` records of what was committed after `after`, oldest first.
  virtual absl::StatusOr<std::vector<ChangeRecord>> Changes(ChangePlace after, size_t records_max) const = 0;

  // Deletes relationships that have expired, up to `count_max` of them in one commit; returns how many. What they stood
  // for was gone at their expiry; this is when the changelog says so.
  virtual absl::StatusOr<uint64_t> SweepExpired(size_t count_max) = 0;

  // When the next stored relationship expires, or the first that has and was not swept; the infinite future: none.
  virtual absl::StatusOr<absl::Time> NextExpiry() const = 0;

  // Lets go of versions that left the retention window; bounded work per call. The server calls it now and then; nothing
  // is lost when nobody does.
  struct Collected {
    uint64_t versions = 0;  // That went.
    bool more = false;      // There may be more to let go of, at the next call.
  };
  virtual absl::StatusOr<Collected> Collect() = 0;

  // Waits until the newest revision is above `revision`, or the ledger's newest record above `sequence`, or until
  // `timeout` has passed. Woken by the commit itself.
  virtual void WaitBeyond(Revision revision, uint64_t sequence, absl::Duration timeout) const = 0;

  // DATA_LOSS (DIRECTORY_LOST) once a write or a sweep found that the directory was deleted, moved or replaced under
  // the store: what is acknowledged from then on would be gone at the next start, and what was already may be. Costs an
  // atomic read.
  virtual absl::Status Health() const = 0;

  // OUT_OF_RANGE (REVISION_LOST) for a revision that a restored backup skipped (backup.h): what it stood for is gone.
  virtual absl::Status CheckNotLost(Revision revision) const = 0;

  // Adds a backup of this moment to those in `directory` (backup.h); writes and questions go on. UNAVAILABLE while
  // another is being made or deleted there; FAILED_PRECONDITION for a store in memory, or for backups of another
  // database.
  virtual absl::StatusOr<BackupInfo> Backup(const std::string& directory) = 0;

  // Rewrites all tables: what was deleted or superseded and left the window gives back its place now. Others go on.
  virtual absl::Status Compact() = 0;

  // 16 random bytes that this database got when it was made, in hex.
  virtual const std::string& database_id() const = 0;
  virtual absl::StatusOr<StoreStats> Stats() const = 0;
};

struct StoreOptions {
  absl::Duration retention = absl::Hours(24);  // How far back a snapshot can be asked for.
  uint64_t block_cache_bytes = 256 << 20;
  uint64_t write_buffer_bytes = 128 << 20;  // Of all families together; when it is full, the fullest is written out.
  uint64_t read_cache_bytes = 64 << 20;     // Lists in memory (read_cache.h), and a quarter for marks; 0: none.
  bool in_memory = false;                   // For tests and validation: nothing touches the disk.
  std::function<absl::Time()> clock = &absl::Now;  // Expiry at commit, ages of revisions.
};

// Opens the database in `directory`, making it when the directory is missing or empty. FAILED_PRECONDITION when it is
// something else than a Mandate database, or of a newer format; UNAVAILABLE when another process holds it; DATA_LOSS
// when a file is damaged; RESOURCE_EXHAUSTED when the disk is full; PERMISSION_DENIED. Nothing is changed then.
absl::StatusOr<std::unique_ptr<TupleStore>> OpenRocksStore(const std::string& directory, const StoreOptions& options);

}  // namespace mandate

#endif  // MANDATE_STORAGE_TUPLE_STORE_H_
