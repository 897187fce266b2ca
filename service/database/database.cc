// A relationship is validated outside the commit, against the schema of the newest snapshot, and the write carries that
// schema's revision. If another schema is committed in between, the store answers ABORTED, and the write is validated
// again. So nothing is ever stored that the schema in force does not allow, and the compiler never runs inside the
// commit. The other direction, a schema that does not allow what is stored, is judged inside the commit.
#include "service/database/database.h"

#include <utility>

#include "check/delegation_rules.h"
#include "check/schema_rules.h"
#include "schema/reason.h"
#include "schema/text.h"

namespace mandate {
namespace {

// How often a write is validated again because the schema changed under it, before the caller is told to retry.
constexpr int kAttemptsMax = 5;

// Plans kept: the newest and a few that questions about the past ask for.
constexpr size_t kPlansMax = 8;

std::vector<std::string> NamesOf(const Schema& schema) {
  std::vector<std::string> names;
  for (const Definition& definition : schema.definitions()) names.push_back(definition.name);
  for (const Member& member : schema.members()) names.push_back(member.name);
  for (const Caveat& caveat : schema.caveats()) names.push_back(caveat.name);
  return names;
}

absl::Status NoSchema() {
  return WithReason(
      absl::FailedPreconditionError("no schema was written yet; write one first (mandate schema write FILE)"),
      "NO_SCHEMA");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options) {
  auto database = std::unique_ptr<Database>(new Database(options));
  auto store = OpenRocksStore(options.directory, options.store);
  if (!store.ok()) return store.status();
  database->store_ = *std::move(store);
  if (options.answer_cache_bytes > 0) {
    database->answers_ = std::make_unique<AnswerCache>(options.answer_cache_bytes);
  }
  return database;
}

absl::StatusOr<Revision> Database::WriteSchema(const std::string& text, const std::vector<std::string>& drops,
                                               DryRun dry_run, std::vector<Diagnostic>* findings) {
  CompileResult compiled = CompileSchema(text);
  if (findings != nullptr) *findings = compiled.diagnostics;
  if (!compiled.ok()) {
    return WithField(WithReason(absl::InvalidArgumentError(RenderDiagnostics("schema", text, compiled.diagnostics)),
                                "SCHEMA_INVALID"),
                     "schema");
  }
  absl::StatusOr<Revision> written = absl::AbortedError("");
  for (int attempt = 0; attempt < kAttemptsMax && absl::IsAborted(written.status()); ++attempt) {
    written = WriteSchemaOnce(text, compiled.schema, drops, dry_run);
  }
  return written;
}

absl::StatusOr<Revision> Database::WriteSchemaOnce(const std::string& text, const std::shared_ptr<const Schema>& schema,
                                                   const std::vector<std::string>& drops, DryRun dry_run) {
  auto head = store_->Head();
  SchemaChange change;
  if (head->SchemaRevision() != Revision()) {
    auto plan = PlanOf(*head);
    if (!plan.ok()) return plan.status();
    change = CompareForStorage((*plan)->schema(), *schema);
  }
  if (absl::Status status = AdmitWidening(change, drops); !status.ok()) return status;
  if (dry_run == DryRun::kYes) {
    absl::Status status = AdmitSchema(*schema, change, *head);
    return status.ok() ? absl::StatusOr<Revision>(Revision()) : status;
  }
  WriteRequest request;
  request.schema_text = text;
  request.schema_names = NamesOf(*schema);
  request.expected_schema = head->SchemaRevision();
  request.guard = [&](PendingWrite& write) { return AdmitSchema(*schema, change, write.before()); };
  return store_->Write(request);
}

absl::StatusOr<Revision> Database::Write(std::vector<TupleChange> changes, std::vector<Precondition> preconditions,
                                         const std::string& metadata) {
  WriteRequest request;
  request.changes = std::move(changes);
  request.preconditions = std::move(preconditions);
  request.metadata = metadata;
  absl::StatusOr<Revision> written = absl::AbortedError("");
  for (int attempt = 0; attempt < kAttemptsMax && absl::IsAborted(written.status()); ++attempt) {
    written = WriteOnce(&request);
  }
  return written;
}

absl::StatusOr<Revision> Database::WriteOnce(WriteRequest* request) {
  auto view = Head();
  if (!view.ok()) return view.status();
  const std::shared_ptr<const Plan> plan = view->plan;
  for (size_t i = 0; i < request->changes.size(); ++i) {
    const TupleChange& change = request->changes[i];
    const Intent intent = change.op == ChangeOp::kDelete ? Intent::kDelete : Intent::kStore;
    absl::Status status = ValidateRelationship(plan->schema(), change.relationship, intent);
    if (!status.ok()) {
      return WithField(status, Cat("changes[", i, "].relationship.", FieldOf(status)));
    }
  }
  request->expected_schema = plan->schema_revision();
  request->guard = nullptr;
  if (plan->schema().has_delegation()) {
    request->guard = [plan](PendingWrite& write) { return AdmitDelegation(*plan, write); };
  }
  return store_->Write(*request);
}

absl::StatusOr<Database::Deleted> Database::Delete(const Deletion& deletion) {
  Deleted deleted;
  WriteRequest request;
  request.delete_matching = deletion.filters;
  request.delete_at_most = deletion.at_most;
  request.preconditions = deletion.preconditions;
  request.metadata = deletion.metadata;
  // A deletion is refused by no rule of delegation, and by no schema.
  request.guard = [&](PendingWrite& write) -> absl::Status {
    deleted.count = write.changes().size();
    deleted.complete = !write.more_match();
    if (deleted.complete || deletion.allow_partial) return absl::OkStatus();
    return WithReason(
        absl::FailedPreconditionError(Cat("more than ", deletion.at_most,
                                          " relationships match, and nothing was deleted; raise the limit, or "
                                          "allow a part to be deleted")),
        "TOO_MANY_MATCH");
  };
  auto revision = store_->Write(request);
  if (!revision.ok()) return revision.status();
  deleted.revision = *revision;
  return deleted;
}

absl::StatusOr<View> Database::Head() const { return ViewOf(store_->Head()); }

absl::StatusOr<View> Database::At(Revision revision) const {
  auto snapshot = store_->At(revision);
  if (!snapshot.ok()) return snapshot.status();
  return ViewOf(*std::move(snapshot));
}

absl::StatusOr<View> Database::ViewOf(std::shared_ptr<const Snapshot> snapshot) const {
  if (absl::Status status = store_->Health(); !status.ok()) return status;
  auto plan = PlanOf(*snapshot);
  if (!plan.ok()) return plan.status();
  return View{std::move(snapshot), *std::move(plan)};
}

absl::StatusOr<std::shared_ptr<const Plan>> Database::PlanOf(const Snapshot& snapshot) const {
  const Revision revision = snapshot.SchemaRevision();
  if (revision == Revision()) return NoSchema();
  {
    std::lock_guard lock(plans_mutex_);
    if (auto it = plans_.find(revision); it != plans_.end()) return it->second;
  }
  auto record = snapshot.Schema();
  if (!record.ok()) return record.status();
  CompileResult compiled = CompileSchema(record->text);
  if (!compiled.ok()) {
    return absl::DataLossError(Cat("the stored schema of revision ", revision.value(), " does not compile:\n",
                                   RenderDiagnostics("schema", record->text, compiled.diagnostics)));
  }
  auto plan = std::make_shared<const Plan>(compiled.schema, snapshot.names(), revision);
  std::lock_guard lock(plans_mutex_);
  while (plans_.size() >= kPlansMax) {
    // The oldest goes, but never the newest: nearly every question asks for that one.
    plans_.erase(plans_.begin());
  }
  return plans_.emplace(revision, std::move(plan)).first->second;
}

Checker Database::CheckerFor(const View& view, const CheckLimits& limits) const {
  return CheckerAt(view, now(), limits);
}

Checker Database::CheckerAt(const View& view, absl::Time moment, const CheckLimits& limits) const {
  return Checker(*view.plan, *view.snapshot, moment, limits, answers_.get(), &tally_);
}

absl::StatusOr<std::vector<ExpandNode>> Database::ExpandAt(const View& view, const ExpandQuestion& question,
                                                           const CheckLimits& limits) const {
  Budget budget(limits.budget);
  return Expand(*view.plan, *view.snapshot, now(), &budget, question);
}

absl::Status Database::LookupResourcesAt(const View& view, const ResourcesQuestion& question, const CheckLimits& limits,
                                         const FoundSink& sink) const {
  return LookupResources(*view.plan, *view.snapshot, now(), limits, question, sink);
}

absl::Status Database::LookupSubjectsAt(const View& view, const SubjectsQuestion& question, const CheckLimits& limits,
                                        const FoundSink& sink) const {
  return LookupSubjects(*view.plan, *view.snapshot, now(), limits, question, sink);
}

}  // namespace mandate
