// proof.h: an allowed answer together with its question, as the file that `mandate proof verify` reads: message Proof
// of permission_service.proto in the JSON form of protobuf.
//
//   std::string file = ProofToJson(question, checked.json);
//   absl::StatusOr<Proof> proof = ProofFromJson(file);
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT, naming the part that is missing or malformed: nothing of a file is taken on trust.
// Limits      64 MiB of text; as many steps as an explanation has at most, none of them cut.
#ifndef MANDATE_SERVICE_PROOF_H_
#define MANDATE_SERVICE_PROOF_H_

#include <string>

#include "absl/status/statusor.h"
#include "check/answer.h"
#include "check/question.h"
#include "storage/revision.h"

namespace mandate {

struct Proof {
  CheckQuestion question;
  Answer answer;      // Allowed and explained.
  absl::Time moment;  // At which it was decided: what had expired then does not count.
  Revision revision;  // As stored at which. It need not have been the newest at the moment.
  std::string token;  // Of the revision.
};

// `answer_json` is the JSON of the server's answer to `question` (Client::Checked). On many lines, for people.
std::string ProofToJson(const CheckQuestion& question, const std::string& answer_json);

absl::StatusOr<Proof> ProofFromJson(const std::string& text);

}  // namespace mandate

#endif  // MANDATE_SERVICE_PROOF_H_
