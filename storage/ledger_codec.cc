#include "storage/ledger_codec.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "schema/text.h"
#include "storage/bytes.h"

namespace mandate {
namespace {

constexpr size_t kHashBytes = 32;
constexpr uint8_t kRetired = 1;

bool ReadHash(ByteReader* reader, std::string* hash) {
  std::string_view bytes;
  if (!reader->Bytes(&bytes) || bytes.size() != kHashBytes) return false;
  hash->assign(bytes);
  return true;
}

}  // namespace

std::string Sha256(std::string_view bytes) {
  std::string digest(kHashBytes, '\0');
  // Fails only without memory, and then the process ends anyway: a wrong hash would be worse.
  const int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                              EVP_sha256(), nullptr);
  if (done != 1) abort();
  return digest;
}

std::string ChainHash(std::string_view before, std::string_view digest) { return Sha256(Cat(before, digest)); }

std::string RecordKey(uint64_t sequence) {
  std::string key = "E";
  PutFixed64(sequence, &key);
  return key;
}

bool DecodeRecordKey(std::string_view key, uint64_t* sequence) {
  if (key.empty() || key[0] != 'E') return false;
  ByteReader reader(key.substr(1));
  return reader.Fixed64(sequence) && reader.empty();
}

std::string TermKey(std::string_view term, uint64_t sequence) {
  std::string key = Cat("I", term);
  key.push_back('\0');
  PutFixed64(sequence, &key);
  return key;
}

bool DecodeTermKey(std::string_view key, uint64_t* sequence) {
  if (key.size() < 2 + sizeof(uint64_t) || key[0] != 'I') return false;
  ByteReader reader(key.substr(key.size() - sizeof(uint64_t)));
  return reader.Fixed64(sequence);
}

std::string EncodeRecord(const LedgerRecord& record) {
  std::string value(1, static_cast<char>(record.retired ? kRetired : 0));
  PutBytes(record.hash, &value);
  if (record.retired) {
    PutBytes(record.digest, &value);
    return value;
  }
  PutBytes(record.body, &value);
  PutVarint(record.terms.size(), &value);
  for (const std::string& term : record.terms) PutBytes(term, &value);
  return value;
}

bool DecodeRecord(std::string_view value, LedgerRecord* record) {
  ByteReader reader(value);
  uint8_t flags = 0;
  if (!reader.Byte(&flags) || flags > kRetired || !ReadHash(&reader, &record->hash)) return false;
  record->retired = flags == kRetired;
  record->body.clear();
  record->terms.clear();
  if (record->retired) return ReadHash(&reader, &record->digest) && reader.empty();
  std::string_view bytes;
  uint64_t count = 0;
  if (!reader.Bytes(&bytes)) return false;
  record->body.assign(bytes);
  record->digest = Sha256(record->body);
  if (!reader.Varint(&count) || count > reader.rest().size()) return false;
  for (uint64_t i = 0; i < count; ++i) {
    if (!reader.Bytes(&bytes) || bytes.empty()) return false;
    record->terms.emplace_back(bytes);
  }
  return reader.empty();
}

std::string LedgerHeadKey() { return "L"; }

std::string EncodeLedgerHead(const LedgerHead& head) {
  std::string value;
  PutVarint(head.sequence, &value);
  PutBytes(head.hash, &value);
  PutVarint(head.base, &value);
  PutBytes(head.base_hash, &value);
  return value;
}

bool DecodeLedgerHead(std::string_view value, LedgerHead* head) {
  ByteReader reader(value);
  return reader.Varint(&head->sequence) && ReadHash(&reader, &head->hash) && reader.Varint(&head->base) &&
         ReadHash(&reader, &head->base_hash) && reader.empty() && head->base <= head->sequence;
}

LedgerHead EmptyLedger(std::string_view database_id) {
  LedgerHead head;
  head.hash = head.base_hash = Sha256(StdView(absl::HexStringToBytes(AbslView(database_id))));
  return head;
}

}  // namespace mandate
