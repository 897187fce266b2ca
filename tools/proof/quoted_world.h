// quoted_world.h: a database in memory that holds exactly what a proof quotes, with the revisions and ages that it
// tells.
//
//   auto world = QuotedWorld::Open(schema_text, relationships, moment);
//   absl::StatusOr<Answer> answer = (*world)->Ask(question);
//
// The schema is taken without its rules over time: they are judged against the ledger, which a proof does not hold.
//
// Threads     One thread.
// Errors      INVALID_ARGUMENT for revisions that no database can have given.
#ifndef MANDATE_TOOLS_PROOF_QUOTED_WORLD_H_
#define MANDATE_TOOLS_PROOF_QUOTED_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/database/database.h"
#include "tools/proof/proof_verifier.h"

namespace mandate {

class QuotedWorld {
 public:
  static absl::StatusOr<std::unique_ptr<QuotedWorld>> Open(const std::string& schema_text,
                                                           const std::vector<QuotedRelationship>& relationships,
                                                           absl::Time moment);

  // The question's answer, with its lineage, and without the rules over time.
  absl::StatusOr<Answer> Ask(const CheckQuestion& question) const;

  // By what is quoted, is an action like the question's surely none for `permission`? (`edit` may imply `view`.)
  bool RulesOut(const CheckQuestion& question, const std::string& permission) const;

 private:
  explicit QuotedWorld(absl::Time moment) : moment_(moment) {}

  const absl::Time moment_;
  std::unique_ptr<Database> database_;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_PROOF_QUOTED_WORLD_H_
