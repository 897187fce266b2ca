#include "service/cursor.h"

#include "absl/strings/escaping.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/checksum.h"

namespace mandate {
namespace {

constexpr size_t kSumBytes = 4;

std::string Sum(std::string_view fingerprint, std::string_view position) {
  std::string sum;
  AppendBigEndian(&sum, Fnv1a(Cat(fingerprint, std::string_view("\0", 1), position)), kSumBytes);
  return sum;
}

}  // namespace

std::string FingerprintOf(const google::protobuf::Message& request) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);  // Maps have no order otherwise.
  request.SerializePartialToCodedStream(&out);
  out.Trim();
  return bytes;
}

std::string EncodeCursor(std::string_view fingerprint, std::string_view position) {
  return absl::WebSafeBase64Escape(AbslView(Cat(Sum(fingerprint, position), position)));
}

absl::StatusOr<std::string> DecodeCursor(std::string_view fingerprint, std::string_view cursor) {
  if (cursor.empty()) return std::string();
  std::string bytes;
  if (absl::WebSafeBase64Unescape(AbslView(cursor), &bytes) && bytes.size() > kSumBytes) {
    std::string position = bytes.substr(kSumBytes);
    if (bytes.substr(0, kSumBytes) == Sum(fingerprint, position)) return position;
  }
  return WithField(WithReason(InvalidArgument("the cursor is malformed, or of another request; send one that "
                                              "came with this same request, unchanged"),
                              "CURSOR_MALFORMED"),
                   "cursor");
}

}  // namespace mandate
