// value_codec.h: the values stored with relationships, in the changelog and in the meta family.
//
// FORMAT.md is the grammar.
//
// Threads     Free functions and values; safe anywhere.
// Errors      A decoder returns false when the bytes are not such a value; no input makes it read
//             outside them.
// Units       Times are microseconds since 1970; the infinite future is the absence of one.
#ifndef MANDATE_STORAGE_VALUE_CODEC_H_
#define MANDATE_STORAGE_VALUE_CODEC_H_

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "storage/bytes.h"
#include "storage/revision.h"
#include "storage/snapshot.h"
#include "storage/tuple_store.h"

namespace mandate {

inline constexpr uint8_t kFormatVersion = 1;

// REQUIRES: edge.born <= edge.written.
void AppendEdge(const Edge& edge, std::string* out);
bool DecodeEdge(std::string_view value, size_t names_size, Edge* edge);
bool DecodeWritten(std::string_view value, Revision* written);  // Only that part: cheap.

// What one commit did to one relationship.
struct StoredChange {
  ChangeOp op = ChangeOp::kTouch;  // kTouch or kDelete
  bool ended_version = false;      // The commit moved a version to the history.
  std::string_view forward_key;
  std::string_view edge;  // Encoded; empty for kDelete.
  bool expired = false;   // A deletion by expiry.
};

struct CommitHeader {
  absl::Time committed_at;
  bool schema_changed = false;
  bool parts_follow = false;  // Under keys of their own, at least one: the commit loaded tables.
  std::string_view metadata;
};

// One commit in the changelog, written change by change.
class CommitEncoder {
 public:
  explicit CommitEncoder(const CommitHeader& header);
  explicit CommitEncoder(bool last_part);  // A part of one.
  void Add(const StoredChange& change);
  void MarkLast();  // REQUIRES: it is a part.
  size_t bytes() const { return value_.size(); }
  std::string Take() { return std::move(value_); }

 private:
  std::string value_;
};

// REQUIRES: the value outlives the decoder.
class CommitDecoder {
 public:
  explicit CommitDecoder(std::string_view value) : reader_(value) {}
  bool Header(CommitHeader* header);  // First; of a part:
  bool PartHeader(bool* last);
  bool AtEnd() const { return reader_.empty(); }
  bool Change(StoredChange* change);  // REQUIRES: !AtEnd()

 private:
  ByteReader reader_;
};

// The newest revision, and the one of the newest schema (zero: none).
struct HeadRecord {
  Revision head;
  Revision schema;
};
std::string EncodeHead(const HeadRecord& head);
bool DecodeHead(std::string_view value, HeadRecord* head);

std::string EncodeRevision(Revision revision);
bool DecodeRevision(std::string_view value, Revision* revision);

// Who this database is. `id` is 16 bytes.
struct DatabaseRecord {
  uint8_t version = kFormatVersion;
  std::string id;
};
std::string EncodeDatabase(const DatabaseRecord& database);
bool DecodeDatabase(std::string_view value, DatabaseRecord* database);

// Keys of the meta family.
std::string DatabaseKey();
std::string HeadKey();
std::string OldestKey();
std::string NameKey(NameId id);
std::string SchemaKey(Revision revision);
std::string LostKey(Revision first);
bool DecodeLostKey(std::string_view key, Revision* first);
std::string FactKey(std::string_view key);
std::string ExpiryKey(absl::Time expires_at, std::string_view forward_key);
bool DecodeExpiryKey(std::string_view key, absl::Time* expires_at, std::string_view* forward_key);

// Keys of the changelog. Part 0 of a commit is its record, which has the header; a load has more, from 1.
std::string CommitKey(Revision revision, uint32_t part = 0);
bool DecodeCommitKey(std::string_view key, Revision* revision, uint32_t* part);

}  // namespace mandate

#endif  // MANDATE_STORAGE_VALUE_CODEC_H_
