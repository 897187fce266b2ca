#include "storage/value_codec.h"

namespace mandate {
namespace {

// Flags of an edge.
constexpr uint8_t kHasExpiry = 1;
constexpr uint8_t kHasCaveat = 2;
constexpr uint8_t kHasContext = 4;

// Flags of a commit and of a change in it.
constexpr uint8_t kSchemaChanged = 1;
constexpr uint8_t kHasMetadata = 2;
constexpr uint8_t kPartsFollow = 4;
constexpr uint8_t kLastPart = 1;
constexpr uint8_t kIsDelete = 1;
constexpr uint8_t kEndedVersion = 2;
constexpr uint8_t kExpired = 4;

constexpr std::string_view kMagic = "mandate";
constexpr size_t kDatabaseIdBytes = 16;

void PutTime(absl::Time time, std::string* out) { PutFixed64(static_cast<uint64_t>(absl::ToUnixMicros(time)), out); }

bool ReadTime(ByteReader* reader, absl::Time* time) {
  uint64_t micros = 0;
  if (!reader->Fixed64(&micros)) return false;
  *time = absl::FromUnixMicros(static_cast<int64_t>(micros));
  return true;
}

}  // namespace

void AppendEdge(const Edge& edge, std::string* out) {
  PutVarint(edge.written.value(), out);
  PutVarint(edge.written.value() - edge.born.value(), out);
  uint8_t flags = 0;
  if (edge.expires_at != absl::InfiniteFuture()) flags |= kHasExpiry;
  if (edge.caveat != NameId::kNone) flags |= kHasCaveat;
  if (!edge.caveat_context.empty()) flags |= kHasContext;
  out->push_back(static_cast<char>(flags));
  if (flags & kHasExpiry) PutTime(edge.expires_at, out);
  if (flags & kHasCaveat) PutVarint(static_cast<uint32_t>(edge.caveat), out);
  if (flags & kHasContext) PutBytes(edge.caveat_context, out);
}

bool DecodeEdge(std::string_view value, size_t names_size, Edge* edge) {
  ByteReader reader(value);
  uint64_t written = 0, age = 0, caveat = 0;
  uint8_t flags = 0;
  if (!reader.Varint(&written) || !reader.Varint(&age) || age > written || !reader.Byte(&flags) ||
      (flags & ~(kHasExpiry | kHasCaveat | kHasContext)) != 0) {
    return false;
  }
  edge->written = Revision(written);
  edge->born = Revision(written - age);
  edge->expires_at = absl::InfiniteFuture();
  edge->caveat = NameId::kNone;
  edge->caveat_context.clear();
  if ((flags & kHasExpiry) && !ReadTime(&reader, &edge->expires_at)) return false;
  if (flags & kHasCaveat) {
    if (!reader.Varint(&caveat) || caveat == 0 || caveat > names_size) return false;
    edge->caveat = static_cast<NameId>(caveat);
  }
  if (flags & kHasContext) {
    std::string_view context;
    if (!reader.Bytes(&context) || context.empty()) return false;
    edge->caveat_context.assign(context);
  }
  return reader.empty();
}

bool DecodeWritten(std::string_view value, Revision* written) {
  uint64_t revision = 0;
  if (!ByteReader(value).Varint(&revision)) return false;
  *written = Revision(revision);
  return true;
}

CommitEncoder::CommitEncoder(const CommitHeader& header) {
  PutTime(header.committed_at, &value_);
  value_.push_back(static_cast<char>((header.schema_changed ? kSchemaChanged : 0) |
                                     (header.metadata.empty() ? 0 : kHasMetadata) |
                                     (header.parts_follow ? kPartsFollow : 0)));
  if (!header.metadata.empty()) PutBytes(header.metadata, &value_);
}

CommitEncoder::CommitEncoder(bool last_part) { value_.push_back(static_cast<char>(last_part ? kLastPart : 0)); }

void CommitEncoder::MarkLast() { value_[0] = static_cast<char>(kLastPart); }

void CommitEncoder::Add(const StoredChange& change) {
  uint8_t flags = 0;
  if (change.op == ChangeOp::kDelete) flags |= kIsDelete;
  if (change.ended_version) flags |= kEndedVersion;
  if (change.expired) flags |= kExpired;
  value_.push_back(static_cast<char>(flags));
  PutBytes(change.forward_key, &value_);
  if (change.op != ChangeOp::kDelete) PutBytes(change.edge, &value_);
}

bool CommitDecoder::Header(CommitHeader* header) {
  uint8_t flags = 0;
  if (!ReadTime(&reader_, &header->committed_at) || !reader_.Byte(&flags) ||
      (flags & ~(kSchemaChanged | kHasMetadata | kPartsFollow)) != 0) {
    return false;
  }
  header->schema_changed = flags & kSchemaChanged;
  header->parts_follow = flags & kPartsFollow;
  header->metadata = {};
  return (flags & kHasMetadata) == 0 || (reader_.Bytes(&header->metadata) && !header->metadata.empty());
}

bool CommitDecoder::PartHeader(bool* last) {
  uint8_t flags = 0;
  if (!reader_.Byte(&flags) || (flags & ~kLastPart) != 0) return false;
  *last = flags & kLastPart;
  return true;
}

bool CommitDecoder::Change(StoredChange* change) {
  uint8_t flags = 0;
  if (!reader_.Byte(&flags) || (flags & ~(kIsDelete | kEndedVersion | kExpired)) != 0 ||
      !reader_.Bytes(&change->forward_key)) {
    return false;
  }
  change->expired = flags & kExpired;
  if (change->expired && (flags & kIsDelete) == 0) return false;
  change->op = flags & kIsDelete ? ChangeOp::kDelete : ChangeOp::kTouch;
  change->ended_version = flags & kEndedVersion;
  change->edge = {};
  return change->op == ChangeOp::kDelete || reader_.Bytes(&change->edge);
}

std::string EncodeHead(const HeadRecord& head) {
  std::string value;
  PutVarint(head.head.value(), &value);
  PutVarint(head.schema.value(), &value);
  return value;
}

bool DecodeHead(std::string_view value, HeadRecord* head) {
  ByteReader reader(value);
  uint64_t newest = 0, schema = 0;
  if (!reader.Varint(&newest) || !reader.Varint(&schema) || !reader.empty() || schema > newest) {
    return false;
  }
  *head = {Revision(newest), Revision(schema)};
  return true;
}

std::string EncodeRevision(Revision revision) {
  std::string value;
  PutVarint(revision.value(), &value);
  return value;
}

bool DecodeRevision(std::string_view value, Revision* revision) {
  ByteReader reader(value);
  uint64_t number = 0;
  if (!reader.Varint(&number) || !reader.empty()) return false;
  *revision = Revision(number);
  return true;
}

std::string EncodeDatabase(const DatabaseRecord& database) {
  std::string value(kMagic);
  value.push_back(static_cast<char>(database.version));
  value.append(database.id);
  return value;
}

bool DecodeDatabase(std::string_view value, DatabaseRecord* database) {
  if (value.size() != kMagic.size() + 1 + kDatabaseIdBytes) return false;
  if (value.substr(0, kMagic.size()) != kMagic) return false;
  database->version = static_cast<uint8_t>(value[kMagic.size()]);
  database->id = value.substr(kMagic.size() + 1);
  return true;
}

std::string DatabaseKey() { return "D"; }
std::string HeadKey() { return "H"; }
std::string OldestKey() { return "O"; }

std::string NameKey(NameId id) {
  std::string key = "N";
  PutFixed32(static_cast<uint32_t>(id), &key);
  return key;
}

std::string SchemaKey(Revision revision) {
  std::string key = "S";
  PutFixed64(revision.value(), &key);
  return key;
}

std::string LostKey(Revision first) {
  std::string key = "G";
  PutFixed64(first.value(), &key);
  return key;
}

bool DecodeLostKey(std::string_view key, Revision* first) {
  uint64_t number = 0;
  if (key.empty() || key[0] != 'G') return false;
  ByteReader reader(key.substr(1));
  if (!reader.Fixed64(&number) || !reader.empty()) return false;
  *first = Revision(number);
  return true;
}

std::string FactKey(std::string_view key) { return "X" + std::string(key); }

std::string CommitKey(Revision revision, uint32_t part) {
  std::string key;
  PutFixed64(revision.value(), &key);
  if (part > 0) PutFixed32(part, &key);
  return key;
}

bool DecodeCommitKey(std::string_view key, Revision* revision, uint32_t* part) {
  ByteReader reader(key);
  uint64_t number = 0;
  if (!reader.Fixed64(&number)) return false;
  *revision = Revision(number);
  *part = 0;
  return reader.empty() || (reader.Fixed32(part) && *part > 0 && reader.empty());
}

// Moved so that the earliest time sorts first, those before 1970 too.
constexpr uint64_t kTimeSign = uint64_t{1} << 63;

std::string ExpiryKey(absl::Time expires_at, std::string_view forward_key) {
  std::string key = "T";
  PutFixed64(static_cast<uint64_t>(absl::ToUnixMicros(expires_at)) ^ kTimeSign, &key);
  key.append(forward_key);
  return key;
}

bool DecodeExpiryKey(std::string_view key, absl::Time* expires_at, std::string_view* forward_key) {
  if (key.empty() || key[0] != 'T') return false;
  ByteReader reader(key.substr(1));
  uint64_t micros = 0;
  if (!reader.Fixed64(&micros)) return false;
  *expires_at = absl::FromUnixMicros(static_cast<int64_t>(micros ^ kTimeSign));
  *forward_key = reader.rest();
  return !forward_key->empty();
}

}  // namespace mandate
