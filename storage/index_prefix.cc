#include "storage/index_prefix.h"

#include "storage/bytes.h"
#include "storage/key_codec.h"

namespace mandate {
namespace {

class IndexPrefixTransform : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "mandate.IndexPrefix1"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), IndexPrefixBytes({key.data(), key.size()}).value_or(key.size())};
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    return IndexPrefixBytes({key.data(), key.size()}).has_value();
  }
};

}  // namespace

std::optional<size_t> IndexPrefixBytes(std::string_view key) {
  ByteReader reader(key);
  uint8_t index = 0, kind = 0;
  uint32_t name = 0;
  std::string_view id;
  if (!reader.Byte(&index) || !reader.Fixed32(&name)) return std::nullopt;
  if (index == static_cast<uint8_t>(Index::kForward)) {
    if (!reader.Terminated(&id) || !reader.Fixed32(&name) || !reader.Byte(&kind)) {
      return std::nullopt;
    }
  } else if (!reader.Fixed32(&name) || !reader.Terminated(&id) || !reader.Fixed32(&name) || !reader.Fixed32(&name)) {
    return std::nullopt;
  }
  return key.size() - reader.rest().size();
}

bool WithinOnePrefix(std::string_view begin, std::string_view end) {
  const std::optional<size_t> size = IndexPrefixBytes(begin);
  if (!size || end.empty()) return false;
  const std::string prefix_end = PrefixEnd(begin.substr(0, *size));
  return prefix_end.empty() || end <= prefix_end;
}

std::shared_ptr<const rocksdb::SliceTransform> NewIndexPrefixTransform() {
  return std::make_shared<const IndexPrefixTransform>();
}

}  // namespace mandate
