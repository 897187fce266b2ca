#include "service/bulk.h"

#include "absl/strings/str_replace.h"
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

absl::Status InWordsOfCaller(const absl::Status& status, std::string_view before,
                             std::string_view after) {
  constexpr std::string_view kBefore = "changes[";
  constexpr std::string_view kAfter = "].relationship";
  std::string field = FieldOf(status);
  const size_t close = field.find(kAfter);
  if (!field.starts_with(kBefore) || close == field.npos) return status;
  field = Cat(before, field.substr(kBefore.size(), close - kBefore.size()), after,
              field.substr(close + kAfter.size()));
  const std::string reason = ReasonOf(status);
  absl::Status said = status;
  if (reason == "DUPLICATE_UPDATE") {  // Names two places in its text.
    const std::string text = absl::StrReplaceAll(
        status.message(), {{AbslView(kBefore), AbslView(before)}});
    said = WithReason(absl::Status(status.code(), text), reason);
  }
  return WithField(said, field);
}

absl::Status AdmitImport(uint64_t relationships, uint64_t bytes) {
  if (relationships <= kImportMax && bytes <= kImportBytesMax) return absl::OkStatus();
  return WithReason(absl::ResourceExhaustedError(Cat("one import takes at most ", kImportMax,
                                                     " relationships and 1 GiB; split it where a part can "
                                                     "stand alone")),
                    "IMPORT_TOO_LARGE");
}

}  // namespace mandate
