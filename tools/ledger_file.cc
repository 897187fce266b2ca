#include "tools/ledger_file.h"

#include "absl/strings/escaping.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"

namespace mandate {
namespace {

using Json = nlohmann::json;

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

absl::Status Lacks(const char* key, const char* form) {
  return InvalidArgument(Cat("the line has no `", key, "` that is ", form));
}

absl::Status ReadNumber(const Json& json, const char* key, uint64_t* number) {
  const auto value = json.find(key);
  if (value == json.end() || !value->is_number_unsigned()) return Lacks(key, "a number");
  *number = value->get<uint64_t>();
  return absl::OkStatus();
}

absl::Status ReadHex(const Json& json, const char* key, size_t bytes, std::string* out) {
  const auto value = json.find(key);
  const std::string hex = value != json.end() && value->is_string() ? value->get<std::string>() : "";
  if (hex.size() != 2 * bytes || hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos) {
    return Lacks(key, bytes == 32 ? "64 hex digits" : "32 hex digits");
  }
  *out = absl::HexStringToBytes(hex);
  return absl::OkStatus();
}

constexpr size_t kDatabaseIdBytes = 16;

}  // namespace

std::string ToLine(const LedgerHeading& heading) {
  return Json{{"database_id", heading.database_id},
              {"base_sequence", heading.head.base},
              {"base_hash", Hex(heading.head.base_hash)},
              {"sequence", heading.head.sequence},
              {"hash", Hex(heading.head.hash)}}
      .dump();
}

std::string ToLine(const LedgerRecord& record) {
  Json json = {{"sequence", record.sequence}, {"digest", Hex(record.digest)}, {"hash", Hex(record.hash)}};
  if (record.retired) {
    json["retired"] = true;
  } else {
    json["body"] = record.body;
  }
  return json.dump();
}

absl::StatusOr<LedgerHeading> ParseLedgerHeading(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return InvalidArgument("the line is no JSON object");
  LedgerHeading heading;
  std::string id;
  absl::Status status = ReadHex(json, "database_id", kDatabaseIdBytes, &id);
  status.Update(ReadNumber(json, "base_sequence", &heading.head.base));
  status.Update(ReadHex(json, "base_hash", kLedgerHashBytes, &heading.head.base_hash));
  status.Update(ReadNumber(json, "sequence", &heading.head.sequence));
  status.Update(ReadHex(json, "hash", kLedgerHashBytes, &heading.head.hash));
  if (!status.ok()) return status;
  heading.database_id = json["database_id"].get<std::string>();
  return heading;
}

absl::StatusOr<LedgerRecord> ParseLedgerLine(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return InvalidArgument("the line is no JSON object");
  LedgerRecord record;
  absl::Status status = ReadNumber(json, "sequence", &record.sequence);
  status.Update(ReadHex(json, "digest", kLedgerHashBytes, &record.digest));
  status.Update(ReadHex(json, "hash", kLedgerHashBytes, &record.hash));
  if (!status.ok()) return status;
  record.retired = json.value("retired", Json()) == true;
  if (record.retired) return record;
  const auto body = json.find("body");
  if (body == json.end() || !body->is_string()) return Lacks("body", "a string");
  record.body = body->get<std::string>();
  return record;
}

}  // namespace mandate
