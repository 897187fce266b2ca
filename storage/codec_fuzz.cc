// libFuzzer target: any bytes into every decoder of stored keys and values. None may read outside
// its input, and what decodes must encode to something that decodes to the same.
#include <cstdlib>

#include "storage/key_codec.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

constexpr size_t kNames = 1000;

void Require(bool condition) {
  if (!condition) std::abort();
}

void TryIndexKey(std::string_view bytes) {
  TupleRow row;
  if (!DecodeIndexKey(bytes, kNames, &row)) return;
  Require(IndexKey(static_cast<Index>(bytes[0]), row) == bytes);
}

void TryHistoryKey(std::string_view bytes) {
  std::string_view index_key;
  Revision ended;
  if (DecodeHistoryKey(bytes, &index_key, &ended)) Require(HistoryKey(index_key, ended) == bytes);
}

void TryEdge(std::string_view bytes) {
  Edge edge;
  Revision written;
  if (!DecodeEdge(bytes, kNames, &edge)) return;
  Require(DecodeWritten(bytes, &written) && written == edge.written);
  std::string again;
  AppendEdge(edge, &again);
  Edge back;
  Require(DecodeEdge(again, kNames, &back));
  Require(back.written == edge.written && back.born == edge.born && back.caveat == edge.caveat &&
          back.expires_at == edge.expires_at && back.caveat_context == edge.caveat_context);
}

void TryChanges(std::string_view bytes, CommitDecoder* decoder, CommitEncoder* encoder) {
  while (!decoder->AtEnd()) {
    StoredChange change;
    if (!decoder->Change(&change)) return;
    TryIndexKey(change.forward_key);
    TryEdge(change.edge);
    encoder->Add(change);
  }
  Require(encoder->Take() == bytes);
}

void TryCommit(std::string_view bytes) {
  CommitDecoder decoder(bytes);
  CommitHeader header;
  if (!decoder.Header(&header)) return;
  CommitEncoder encoder(header);
  TryChanges(bytes, &decoder, &encoder);
}

void TryPart(std::string_view bytes) {
  CommitDecoder decoder(bytes);
  bool last = false;
  if (!decoder.PartHeader(&last)) return;
  CommitEncoder encoder(last);
  TryChanges(bytes, &decoder, &encoder);
}

void TryMeta(std::string_view bytes) {
  HeadRecord head;
  if (DecodeHead(bytes, &head)) Require(EncodeHead(head) == bytes);
  Revision revision;
  if (DecodeRevision(bytes, &revision)) Require(EncodeRevision(revision) == bytes);
  uint32_t part = 0;
  if (DecodeCommitKey(bytes, &revision, &part)) Require(CommitKey(revision, part) == bytes);
  DatabaseRecord database;
  if (DecodeDatabase(bytes, &database)) Require(EncodeDatabase(database) == bytes);
}

}  // namespace
}  // namespace mandate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  mandate::TryIndexKey(bytes);
  mandate::TryHistoryKey(bytes);
  mandate::TryEdge(bytes);
  mandate::TryCommit(bytes);
  mandate::TryPart(bytes);
  mandate::TryMeta(bytes);
  return 0;
}
