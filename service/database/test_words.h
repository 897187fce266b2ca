// test_words.h: what tests of the database and of what serves it have in common.
#ifndef MANDATE_SERVICE_DATABASE_TEST_WORDS_H_
#define MANDATE_SERVICE_DATABASE_TEST_WORDS_H_

#include <string>

#include "absl/status/status.h"
#include "schema/reason.h"

namespace mandate {

inline constexpr char kDocumentSchema[] = R"(
use expiration

definition user {}

definition team {
  relation member: user | team#member
}

definition document {
  relation parent: document
  relation owner: user
  relation viewer: user | user:* | team#member | user with expiration
  relation banned: user

  permission edit = owner
  permission view = (viewer + edit + parent->view) - banned
}
)";

// `CODE REASON field`, what is absent left out: how a test states the error that it expects.
inline std::string Fault(const absl::Status& status) {
  std::string text = absl::StatusCodeToString(status.code());
  for (const std::string& part : {ReasonOf(status), FieldOf(status)}) {
    if (!part.empty()) text += " " + part;
  }
  return text;
}

}  // namespace mandate

#endif  // MANDATE_SERVICE_DATABASE_TEST_WORDS_H_
