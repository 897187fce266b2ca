#include "tools/proof_commands.h"

#include <algorithm>
#include <iostream>

#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "service/client.h"
#include "service/proof.h"
#include "tools/answer_text.h"
#include "tools/exit_code.h"
#include "tools/proof/proof_verifier.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

TupleFilter FilterFor(const Relationship& relationship) {
  return {.resource_type = relationship.resource.type,
          .resource_id = relationship.resource.id,
          .relation = relationship.relation,
          .subject_type = relationship.subject.type,
          .subject_id = relationship.subject.id,
          .subject_relation = relationship.subject.relation};
}

// Asks a server whether each relationship was stored as the proof quotes it, at the revision of the answer.
class ServerWitness {
 public:
  ServerWitness(const Endpoint& server, std::string token) : client_(server), token_(std::move(token)) {}

  // What the server says otherwise; nothing if it confirms.
  absl::StatusOr<std::string> Ask(const QuotedRelationship& quoted) {
    auto found = Read(quoted, token_);
    if (absl::IsOutOfRange(found.status())) {
      // The past is gone, but what stands as it was written was stored then as well.
      found = Read(quoted, "");
    }
    if (!found.ok()) return found.status();
    const std::string name = Cat("`", ToText(quoted.relationship), "` of revision ", quoted.written.value());
    if (!*found) return Cat(name, " is not there, or has expired since");
    if ((*found)->relationship != quoted.relationship)
      return Cat(name, " is `", ToText((*found)->relationship), "` there");
    if ((*found)->written != quoted.written) return Cat(name, " is of revision ", (*found)->written.value(), " there");
    if (quoted.born && (*found)->born != *quoted.born) {
      return Cat(name, " has stood since revision ", (*found)->born.value(), " there, not ", quoted.born->value());
    }
    return std::string();
  }

 private:
  absl::StatusOr<std::optional<Client::ReadRow>> Read(const QuotedRelationship& quoted, const std::string& token) {
    std::optional<Client::ReadRow> found;
    absl::Status status =
        client_.Read(FilterFor(quoted.relationship), token, 1, [&](const Client::ReadRow& row) { found = row; });
    if (!status.ok()) return status;
    return found;
  }

  Client client_;
  const std::string token_;
};

absl::StatusOr<std::vector<std::string>> AskServer(const ProofVerifyOptions& options, const Proof& proof,
                                                   const ProofFindings& findings) {
  std::vector<std::string> denials;
  ServerWitness witness(options.endpoint, proof.token);
  for (const QuotedRelationship& quoted : findings.relationships) {
    auto denial = witness.Ask(quoted);
    if (!denial.ok()) return denial.status();
    if (!denial->empty()) denials.push_back(*std::move(denial));
  }
  return denials;
}

std::string QuestionText(const CheckQuestion& question) {
  std::string text = Cat(ToText(question.resource), "#", question.permission, "@", ToText(question.subject),
                         question.task ? Cat(" on ", ToText(*question.task)) : "");
  for (const SubjectRef& member : question.audience) text += Cat(" to ", ToText(member));
  return text;
}

void PrintRow(std::string heading, const std::string& text) {
  heading.resize(std::max<size_t>(heading.size() + 1, 11), ' ');
  std::cout << "  " << heading << text << "\n";
}

void PrintRefusal(const CheckQuestion& question, const ProofFindings& findings,
                  const std::vector<std::string>& denials) {
  std::cout << "refused: " << QuestionText(question)
            << (denials.empty() ? " is not proved by this\n" : " is proved from what the server does not hold\n");
  if (denials.empty()) std::cout << "  " << findings.flaw << "\n";
  for (const std::string& denial : denials) std::cout << "  " << denial << "\n";
}

void PrintProof(const Proof& proof, const ProofFindings& findings, bool confirmed) {
  std::cout << "proved: " << QuestionText(proof.question) << " is allowed as stored at revision "
            << proof.revision.value() << " (token " << proof.token << "), expiries judged as of "
            << TimeText(proof.moment);
  if (!proof.question.context.empty()) std::cout << " with " << proof.question.context;
  std::cout << ", if\n";
  for (const QuotedRelationship& quoted : findings.relationships) {
    PrintRow(confirmed ? "confirmed" : "stored",
             Cat(ToText(quoted.relationship), "  [revision ", quoted.written.value(), "]"));
  }
  for (const Premise& premise : findings.premises) {
    const bool is_confirmed = confirmed && premise.kind == Premise::Kind::kAge;
    PrintRow(is_confirmed ? "confirmed" : std::string(PremiseKindName(premise.kind)), premise.text);
  }
  if (!confirmed) std::cout << "what is stored, and since when, a server can confirm: --server HOST:PORT\n";
  std::cout << "absences, the ledger, what was brought along and what was the newest are more than a proof can show\n";
}

void PrintJson(const Proof& proof, const ProofFindings& findings, const std::vector<std::string>& denials) {
  nlohmann::json json = {{"proved", findings.flaw.empty() && denials.empty()},
                         {"question", QuestionText(proof.question)},
                         {"revision", proof.revision.value()},
                         {"moment", TimeText(proof.moment)},
                         {"relationships", nlohmann::json::array()},
                         {"rests_on", nlohmann::json::array()},
                         {"denied_by_server", denials}};
  if (!findings.flaw.empty()) json["flaw"] = findings.flaw;
  for (const QuotedRelationship& quoted : findings.relationships) {
    json["relationships"].push_back(
        {{"relationship", ToText(quoted.relationship)}, {"written", quoted.written.value()}});
  }
  for (const Premise& premise : findings.premises) {
    json["rests_on"].push_back({{"kind", PremiseKindName(premise.kind)}, {"text", premise.text}});
  }
  std::cout << json.dump() << "\n";
}

}  // namespace

int VerifyProofFile(const ProofVerifyOptions& options) {
  auto schema = ReadFile(options.schema);
  if (!schema.ok()) return Fail(schema.status());
  auto text = ReadFile(options.proof);
  if (!text.ok()) return Fail(text.status());
  auto proof = ProofFromJson(*text);
  if (!proof.ok()) return Fail(About(options.proof, proof.status()));
  auto findings = VerifyProof(*schema, *proof);
  if (!findings.ok()) return Fail(findings.status());
  std::vector<std::string> denials;
  if (findings->flaw.empty() && !options.server.empty()) {
    auto asked = AskServer(options, *proof, *findings);
    if (!asked.ok()) return Fail(asked.status());
    denials = *std::move(asked);
  }
  if (options.json) {
    PrintJson(*proof, *findings, denials);
  } else if (findings->flaw.empty() && denials.empty()) {
    PrintProof(*proof, *findings, !options.server.empty());
  } else {
    PrintRefusal(proof->question, *findings, denials);
  }
  return findings->flaw.empty() && denials.empty() ? kExitOk : kExitDenied;
}

}  // namespace mandate
