// proof_verifier.h: does a proof hold, with the schema alone?
//
//   ProofFindings findings = VerifyProof(schema_text, proof);
//   if (findings.flaw.empty()) the relationships listed suffice, under the schema, as of the proof's revision, with
//                              expiries judged at its moment
//
// Two ways, which must agree. Each step is followed (proof_steps.h). And exactly the relationships that the proof
// quotes, with their revisions and ages, are put into a database in memory, where the engine answers the question anew,
// at the proof's moment; it must come to the same answer. The rules over time are left out of that: they rest on the
// ledger. But what they ask of others (the audience, who approved) is asked of the engine as well.
//
// What a proof cannot carry is listed, so that a reader can decide whom to believe it: that something else is not
// stored, how old an edge is, what the ledger says, that at the moment there was no newer revision.
//
// Threads     Free function; safe anywhere.
// Errors      A proof that does not hold is a finding; INVALID_ARGUMENT for a schema with errors, or one that does not
//             know what the question names.
#ifndef MANDATE_TOOLS_PROOF_PROOF_VERIFIER_H_
#define MANDATE_TOOLS_PROOF_PROOF_VERIFIER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "service/proof.h"
#include "storage/revision.h"

namespace mandate {

// A relationship that the proof says was stored.
struct QuotedRelationship {
  Relationship relationship;
  Revision written;
  std::optional<Revision> born;  // Its age, where the proof tells it.
};

// Something that the answer rests on and the proof does not show.
struct Premise {
  enum class Kind {
    kAbsence,  // Something does not hold, or nothing else is stored.
    kAge,      // How long an edge has stood.
    kLedger,   // What was done so far.
    kBrought,  // A relationship that the question brought along; nobody says that it is stored.
    kMoment,   // The moment was one of the revision: an answer may be of the past.
  };
  Kind kind;
  std::string text;
};
std::string_view PremiseKindName(Premise::Kind kind);  // `absence`

struct ProofFindings {
  std::string flaw;                               // Empty: it holds.
  std::vector<QuotedRelationship> relationships;  // By revision.
  std::vector<Premise> premises;                  // By kind.
};

absl::StatusOr<ProofFindings> VerifyProof(const std::string& schema_text, const Proof& proof);

}  // namespace mandate

#endif  // MANDATE_TOOLS_PROOF_PROOF_VERIFIER_H_
