#include "service/bulk.h"

#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {

std::string PositionOf(const Relationship& relationship) {
  return ToText(Relationship{relationship.resource, relationship.relation, relationship.subject});
}

absl::StatusOr<std::optional<Relationship>> RelationshipAt(const std::string& position) {
  if (position.empty()) return std::optional<Relationship>();
  auto relationship = ParseRelationship(position);
  if (!relationship.ok()) return absl::InternalError("a cursor of ours holds no relationship");
  return std::optional<Relationship>(*std::move(relationship));
}

absl::Status ForEachLive(const Snapshot& snapshot, const TupleFilter& filter,
                         const std::optional<Relationship>& after, absl::Time now, const LiveSink& sink) {
  auto cursor = snapshot.Read(filter, after);
  for (; cursor->Valid(); cursor->Next()) {
    if (!cursor->row().edge.LiveAt(now)) continue;
    if (!sink(cursor->row(), ToRelationship(cursor->row(), snapshot.names()))) return absl::OkStatus();
  }
  return cursor->status();
}

absl::Status AdmitImport(uint64_t relationships, uint64_t bytes) {
  if (relationships <= kImportMax && bytes <= kImportBytesMax) return absl::OkStatus();
  return WithReason(absl::ResourceExhaustedError(Cat("one import takes at most ", kImportMax,
                                                     " relationships and 1 GiB; split it where a part can "
                                                     "stand alone")),
                    "IMPORT_TOO_LARGE");
}

}  // namespace mandate
