#include "storage/key_codec.h"

#include "storage/bytes.h"

namespace mandate {
namespace {

bool ReadName(ByteReader* reader, size_t names_size, NameId* id) {
  uint32_t value = 0;
  if (!reader->Fixed32(&value) || value == 0 || value > names_size) return false;
  *id = static_cast<NameId>(value);
  return true;
}

bool ReadNameOrNone(ByteReader* reader, size_t names_size, NameId* id) {
  uint32_t value = 0;
  if (!reader->Fixed32(&value) || value > names_size) return false;
  *id = static_cast<NameId>(value);
  return true;
}

bool ReadForward(ByteReader reader, size_t names_size, TupleRow* row) {
  uint8_t kind = 0;
  if (!ReadName(&reader, names_size, &row->resource.type) || !reader.Terminated(&row->resource.id) ||
      !ReadName(&reader, names_size, &row->relation) || !reader.Byte(&kind) ||
      !ReadName(&reader, names_size, &row->subject.type)) {
    return false;
  }
  row->subject.relation = NameId::kNone;
  if (kind == static_cast<uint8_t>(SubjectKind::kSubjectSet)) {
    if (!ReadName(&reader, names_size, &row->subject.relation)) return false;
  } else if (kind != static_cast<uint8_t>(SubjectKind::kDirect)) {
    return false;
  }
  return reader.Terminated(&row->subject.id) && reader.empty();
}

bool ReadReverse(ByteReader reader, size_t names_size, TupleRow* row) {
  return ReadName(&reader, names_size, &row->subject.type) &&
         ReadNameOrNone(&reader, names_size, &row->subject.relation) && reader.Terminated(&row->subject.id) &&
         ReadName(&reader, names_size, &row->resource.type) && ReadName(&reader, names_size, &row->relation) &&
         reader.Terminated(&row->resource.id) && reader.empty();
}

}  // namespace

KeyBuilder::KeyBuilder(Index index) {
  key_.reserve(96);
  key_.push_back(static_cast<char>(index));
}

KeyBuilder& KeyBuilder::Name(NameId id) {
  PutFixed32(static_cast<uint32_t>(id), &key_);
  return *this;
}

KeyBuilder& KeyBuilder::Kind(SubjectKind kind) {
  key_.push_back(static_cast<char>(kind));
  return *this;
}

KeyBuilder& KeyBuilder::Id(std::string_view id) {
  key_.append(id);
  key_.push_back('\0');
  return *this;
}

KeyBuilder& KeyBuilder::IdPrefix(std::string_view id) {
  key_.append(id);
  return *this;
}

std::string ForwardKey(const ObjectKey& resource, NameId relation, const SubjectKey& subject) {
  KeyBuilder key(Index::kForward);
  key.Name(resource.type).Id(resource.id).Name(relation);
  if (subject.relation == NameId::kNone) {
    key.Kind(SubjectKind::kDirect).Name(subject.type);
  } else {
    key.Kind(SubjectKind::kSubjectSet).Name(subject.type).Name(subject.relation);
  }
  return key.Id(subject.id).Take();
}

std::string ReverseKey(const ObjectKey& resource, NameId relation, const SubjectKey& subject) {
  KeyBuilder key(Index::kReverse);
  key.Name(subject.type).Name(subject.relation).Id(subject.id);
  return key.Name(resource.type).Name(relation).Id(resource.id).Take();
}

std::string IndexKey(Index index, const TupleRow& row) {
  return index == Index::kForward ? ForwardKey(row.resource, row.relation, row.subject)
                                  : ReverseKey(row.resource, row.relation, row.subject);
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

bool DecodeIndexKey(std::string_view key, size_t names_size, TupleRow* row) {
  if (key.empty()) return false;
  const ByteReader reader(key.substr(1));
  switch (static_cast<Index>(key.front())) {
    case Index::kForward: return ReadForward(reader, names_size, row);
    case Index::kReverse: return ReadReverse(reader, names_size, row);
  }
  return false;
}

std::string HistoryKey(std::string_view index_key, Revision ended) {
  std::string key;
  key.reserve(index_key.size() + 8);
  key.append(index_key);
  PutFixed64(ended.value(), &key);
  return key;
}

bool DecodeHistoryKey(std::string_view key, std::string_view* index_key, Revision* ended) {
  if (key.size() <= 8) return false;
  uint64_t value = 0;
  ByteReader(key.substr(key.size() - 8)).Fixed64(&value);
  *index_key = key.substr(0, key.size() - 8);
  *ended = Revision(value);
  return true;
}

}  // namespace mandate
