// database.h: the whole database in one object, as the services serve it and as tests and benchmarks use it.
//
//   auto database = Database::Open({.directory = "./mandate-data"});
//   (*database)->WriteSchema(text, {});
//   (*database)->Write({{ChangeOp::kTouch, *ParseRelationship("document:plan#viewer@user:alice")}}, {});
//   absl::StatusOr<View> view = (*database)->Head();
//   absl::StatusOr<Answer> answer = (*database)->CheckerFor(*view).Check(question);
//
// Threads     Safe to share. A View may be shared; each call makes its own Checker.
// Ownership   The database outlives every View.
// Errors      Those of compiler.h, tuple_store.h, checker.h and the rules of delegation_rules.h and schema_rules.h;
//             FAILED_PRECONDITION (NO_SCHEMA) before the first schema.
#ifndef MANDATE_SERVICE_DATABASE_DATABASE_H_
#define MANDATE_SERVICE_DATABASE_DATABASE_H_

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "check/checker.h"
#include "check/expand.h"
#include "check/lookup.h"
#include "check/plan.h"
#include "schema/compiler.h"
#include "storage/tuple_store.h"

namespace mandate {

struct DatabaseOptions {
  std::string directory;
  StoreOptions store;
  CheckLimits check;
  uint64_t answer_cache_bytes = 64 << 20;  // answer_cache.h; 0: none. Needs store.read_cache_bytes above 0.
};

// One revision, with the plan of the schema that was in force at it.
struct View {
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const Plan> plan;
  Revision revision() const { return snapshot->revision(); }
};

enum class DryRun { kNo, kYes };

class Database {
 public:
  static absl::StatusOr<std::unique_ptr<Database>> Open(const DatabaseOptions& options);

  // Compiles and stores `text`. A text with errors is INVALID_ARGUMENT (SCHEMA_INVALID), with `findings` set to them if
  // it is not null; otherwise it is set to the warnings. `drops` names the restrictions that go on purpose.
  absl::StatusOr<Revision> WriteSchema(const std::string& text, const std::vector<std::string>& drops, DryRun dry_run,
                                       std::vector<Diagnostic>* findings);

  // Validates against the schema, then writes whole or not at all. The field path of an error starts at
  // `changes[i].relationship` or `preconditions[i]`. ABORTED (SCHEMA_CHANGED) if the schema changed again and again.
  // `metadata` is a JSON object in compact form, or empty; it comes out of the changelog.
  absl::StatusOr<Revision> Write(std::vector<TupleChange> changes, std::vector<Precondition> preconditions,
                                 const std::string& metadata = "");

  // Deletes whatever matches one of the filters at the commit, expired or not.
  struct Deletion {
    std::vector<TupleFilter> filters;
    std::vector<Precondition> preconditions;
    uint64_t at_most = 0;        // 0: all that match.
    bool allow_partial = false;  // Else FAILED_PRECONDITION (TOO_MANY_MATCH) where more match.
    std::string metadata;
  };
  struct Deleted {
    Revision revision;
    uint64_t count = 0;
    bool complete = true;  // False: more match.
  };
  absl::StatusOr<Deleted> Delete(const Deletion& deletion);

  absl::StatusOr<View> Head() const;
  absl::StatusOr<View> At(Revision revision) const;

  absl::StatusOr<View> ViewOf(std::shared_ptr<const Snapshot> snapshot) const;

  // Questions at one view, at this moment, with the limits given (a call's own deadline may be nearer).
  Checker CheckerFor(const View& view, const CheckLimits& limits) const;
  Checker CheckerFor(const View& view) const { return CheckerFor(view, options_.check); }
  Checker CheckerAt(const View& view, absl::Time moment, const CheckLimits& limits) const;
  absl::StatusOr<std::vector<ExpandNode>> ExpandAt(const View& view, const ExpandQuestion& question,
                                                   const CheckLimits& limits) const;

  absl::Status LookupResourcesAt(const View& view, const ResourcesQuestion& question, const CheckLimits& limits,
                                 const FoundSink& sink) const;
  absl::Status LookupSubjectsAt(const View& view, const SubjectsQuestion& question, const CheckLimits& limits,
                                const FoundSink& sink) const;

  absl::Time now() const { return options_.store.clock(); }
  TupleStore& store() { return *store_; }
  const TupleStore& store() const { return *store_; }
  const DatabaseOptions& options() const { return options_; }
  DecisionTally& tally() const { return tally_; }

 private:
  explicit Database(const DatabaseOptions& options) : options_(options) {}
  absl::StatusOr<std::shared_ptr<const Plan>> PlanOf(const Snapshot& snapshot) const;
  absl::StatusOr<Revision> WriteOnce(WriteRequest* request);
  absl::StatusOr<Revision> WriteSchemaOnce(const std::string& text, const std::shared_ptr<const Schema>& schema,
                                           const std::vector<std::string>& drops, DryRun dry_run);

  DatabaseOptions options_;
  std::unique_ptr<TupleStore> store_;
  std::unique_ptr<AnswerCache> answers_;  // Null: none.
  mutable DecisionTally tally_;
  mutable std::mutex plans_mutex_;
  mutable std::map<Revision, std::shared_ptr<const Plan>> plans_;  // by schema revision
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_DATABASE_DATABASE_H_
