// bulk.h: many relationships in and out, as both APIs list, export and import them.
//
//   auto after = RelationshipAt(position);                                // where a cursor was
//   ForEachLive(*snapshot, filter, *after, now, [&](const TupleRow& row, Relationship relationship) {
//     return Send(relationship, PositionOf(relationship));                // false ends it
//   });
//
// Threads     Free functions and values; safe anywhere.
// Errors      Those of snapshot.h; INTERNAL for a position that PositionOf did not make; RESOURCE_EXHAUSTED
//             (IMPORT_TOO_LARGE).
#ifndef MANDATE_SERVICE_BULK_H_
#define MANDATE_SERVICE_BULK_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/snapshot.h"

namespace mandate {

// The identity of the relationship that was last sent, and back; empty: none was.
std::string PositionOf(const Relationship& relationship);
absl::StatusOr<std::optional<Relationship>> RelationshipAt(const std::string& position);

// Everything that matches and has not expired, in the store's order, behind `after`.
using LiveSink = std::function<bool(const TupleRow& row, const Relationship& relationship)>;
absl::Status ForEachLive(const Snapshot& snapshot, const TupleFilter& filter,
                         const std::optional<Relationship>& after, absl::Time now, const LiveSink& sink);

// The database calls what is written `changes[i].relationship`; the caller calls it `updates[i].relationship`, or
// `relationships[i]`. The same error in the caller's words: `before` and `after` stand around the index.
absl::Status InWordsOfCaller(const absl::Status& status, std::string_view before, std::string_view after);

// What one import may bring: it is held in memory and committed as one revision.
inline constexpr uint64_t kImportMax = 5'000'000;
inline constexpr uint64_t kImportBytesMax = 1ull << 30;
absl::Status AdmitImport(uint64_t relationships, uint64_t bytes);

}  // namespace mandate

#endif  // MANDATE_SERVICE_BULK_H_
