// bulk.h: many relationships in and out, as both APIs list, export and import them.
//
//   auto after = RelationshipAt(position);                                // where a cursor was
//   ForEachLive(*snapshot, filter, *after, now, is_cancelled, [&](const TupleRow& row, Relationship relationship) {
//     return Send(relationship, PositionOf(relationship));                // false ends it
//   });
//
// Threads     Free functions and values; safe anywhere.
// Errors      Those of snapshot.h; INTERNAL for a position that PositionOf did not make; RESOURCE_EXHAUSTED
//             (IMPORT_TOO_LARGE).
#ifndef MANDATE_SERVICE_DATABASE_BULK_H_
#define MANDATE_SERVICE_DATABASE_BULK_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/database/database.h"
#include "storage/snapshot.h"

namespace mandate {

// The identity of the relationship that was last sent, and back; empty: none was.
std::string PositionOf(const Relationship& relationship);
absl::StatusOr<std::optional<Relationship>> RelationshipAt(const std::string& position);

// Everything that matches and has not expired, in the store's order, behind `after`, until `is_cancelled`.
using LiveSink = std::function<bool(const TupleRow& row, const Relationship& relationship)>;
absl::Status ForEachLive(const Snapshot& snapshot, const TupleFilter& filter, const std::optional<Relationship>& after,
                         absl::Time now, const std::function<bool()>& is_cancelled, const LiveSink& sink);

// The database calls what is written `changes[i].relationship`; the caller calls it `updates[i].relationship`, or
// `relationships[i]`. The same error in the caller's words: `before` and `after` stand around the index.
absl::Status InWordsOfCaller(const absl::Status& status, std::string_view before, std::string_view after);

// What one import may bring: it lies on disk until it is committed as one revision.
inline constexpr uint64_t kImportMax = 100'000'000;
inline constexpr uint64_t kImportBytesMax = 32ull << 30;
// Of those, what the rules of delegation have to see together (check/delegation_rules.h): that is held in memory.
inline constexpr uint64_t kImportRuledMax = 1'000'000;

// Relationships that come in a stream and are written at one revision, or not at all. Few are an ordinary write; many
// are a load (tuple_store.h), with memory that stays flat.
//
//   RelationshipImport import(database, ChangeOp::kTouch);
//   while (...) import.Add(*std::move(relationship), bytes_on_the_wire);
//   absl::StatusOr<Revision> written = import.Commit();
//
// Errors: as Database::Write; RESOURCE_EXHAUSTED (IMPORT_TOO_LARGE, DISK_FULL, TOO_MANY_LOADS); ABORTED
// (SCHEMA_CHANGED) when the schema changed while a load came in.
class RelationshipImport {
 public:
  RelationshipImport(Database* database, ChangeOp op) : database_(*database), op_(op) {}

  absl::Status Add(Relationship relationship);
  absl::Status Admit(uint64_t bytes);  // A message of so many bytes is there.
  uint64_t size() const { return size_; }
  absl::StatusOr<Revision> Commit();  // REQUIRES: something was added.

  // The relationship that Add or Commit was refused for; null where the error names none.
  const Relationship* RefusedBy(const absl::Status& status) const;

 private:
  absl::Status BeginLoad();
  absl::Status AddToLoad(Relationship relationship, uint64_t position);

  Database& database_;
  const ChangeOp op_;
  uint64_t size_ = 0;
  uint64_t bytes_ = 0;
  std::vector<TupleChange> changes_;  // All, or what the rules of delegation look at.
  std::vector<uint64_t> positions_;   // Of these, once there is a load.
  std::unique_ptr<BulkLoad> load_;
  std::shared_ptr<const Plan> plan_;     // By which the load is judged.
  std::optional<Relationship> refused_;  // By Add.
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_DATABASE_BULK_H_
