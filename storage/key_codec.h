// key_codec.h: the keys under which relationships are stored, forward (by resource) and reverse (by
// subject).
//
//   std::string key = ForwardKey(resource, relation, subject);
//   std::string viewers = KeyBuilder(Index::kForward).Name(document).Id("a").Name(viewer).Take();
//   scan = view.NewScan(Family::kLive, viewers, PrefixEnd(viewers));
//
// FORMAT.md is the grammar. No index key is a prefix of another, so keys that carry a suffix
// (history) sort like the index keys they belong to.
//
// Threads     Free functions and values; safe anywhere.
// Errors      A decoder returns false when the bytes are not such a key; no input makes it read
//             outside them.
#ifndef MANDATE_STORAGE_KEY_CODEC_H_
#define MANDATE_STORAGE_KEY_CODEC_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/names.h"
#include "storage/revision.h"
#include "storage/snapshot.h"

namespace mandate {

enum class Index : char { kForward = 'F', kReverse = 'R' };
enum class SubjectKind : char { kDirect = 1, kSubjectSet = 2 };

// Puts a key or the beginning of one together, part by part in the order of the grammar.
class KeyBuilder {
 public:
  explicit KeyBuilder(Index index);
  KeyBuilder& Name(NameId id);
  KeyBuilder& Kind(SubjectKind kind);
  KeyBuilder& Id(std::string_view id);        // REQUIRES: no NUL in it.
  KeyBuilder& IdPrefix(std::string_view id);  // The last part: every id that begins like this.
  std::string Take() { return std::move(key_); }

 private:
  std::string key_;
};

std::string ForwardKey(const ObjectKey& resource, NameId relation, const SubjectKey& subject);
std::string ReverseKey(const ObjectKey& resource, NameId relation, const SubjectKey& subject);
std::string IndexKey(Index index, const TupleRow& row);

// The first key behind all that begin with `prefix`; empty when there is none.
std::string PrefixEnd(std::string_view prefix);

// Sets resource, relation and subject of `row`, whose ids then point into `key`. False as well when
// a name is not among the first `names_size` of the database.
bool DecodeIndexKey(std::string_view key, size_t names_size, TupleRow* row);

// A superseded version lives under its index key and the revision that ended it.
std::string HistoryKey(std::string_view index_key, Revision ended);
bool DecodeHistoryKey(std::string_view key, std::string_view* index_key, Revision* ended);

}  // namespace mandate

#endif  // MANDATE_STORAGE_KEY_CODEC_H_
