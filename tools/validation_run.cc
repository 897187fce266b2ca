#include "tools/validation_run.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "schema/compiler.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/authorizer.h"
#include "service/database/database.h"
#include "tools/validation_expected.h"

namespace mandate {
namespace {

// Worlds with expiries name moments around this one, or far away.
constexpr absl::CivilSecond kWorldStart(2026, 1, 1, 0, 0, 0);

// Contexts of assertions that agreement is asked for, besides none at all.
constexpr size_t kContextsMax = 8;

using Expected = Assertion::Expected;

std::string Word(Expected expected) {
  switch (expected) {
    case Expected::kTrue: return "allowed";
    case Expected::kFalse: return "denied";
    case Expected::kCaveated: return "conditional";
    case Expected::kError: return "an error";
  }
  return "";
}

std::string ShowExpected(const Assertion& assertion) {
  std::string text = Word(assertion.expected);
  if (!assertion.needs.empty()) text += Cat(", needs ", absl::StrJoin(assertion.needs, ", "));
  if (!assertion.reason.empty()) text += Cat(", ", assertion.reason);
  return text;
}

std::string ShowAnswer(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) {
    return Cat("an error, ", ReasonOf(answer.status()), ": ", answer.status().message());
  }
  if (answer->decision == Decision::kAllowed) return "allowed";
  if (answer->decision == Decision::kConditional) {
    return Cat("conditional, needs ", absl::StrJoin(answer->missing_context, ", "));
  }
  const std::string_view reason = ReasonName(answer->reason);
  return Cat("denied", reason.empty() ? "" : ", ", reason, answer->reason_at.empty() ? "" : " at ", answer->reason_at);
}

bool Holds(const Assertion& assertion, const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) {
    return assertion.expected == Expected::kError &&
           (assertion.reason.empty() || assertion.reason == ReasonOf(answer.status()));
  }
  switch (answer->decision) {
    case Decision::kAllowed: return assertion.expected == Expected::kTrue;
    case Decision::kConditional:
      return assertion.expected == Expected::kCaveated &&
             (assertion.needs.empty() || assertion.needs == answer->missing_context);
    case Decision::kDenied:
      return assertion.expected == Expected::kFalse &&
             (assertion.reason.empty() || assertion.reason == ReasonName(answer->reason));
  }
  return false;
}

class Run {
 public:
  Run(const ValidationFile& file, const ValidationOptions& options)
      : file_(file), options_(options), now_(absl::FromCivil(kWorldStart, absl::UTCTimeZone())) {
    report_.path = file.path;
  }

  ValidationReport Go() {
    if (!Open(1)) return std::move(report_);
    for (const WorldStep& step : file_.steps) {
      now_ += step.clock;
      if (!Apply(step)) break;
      for (const RecordedStep& call : step.calls) Act(call);
      if (options_.reopen && !Open(step.line)) break;
      Ask(step);
    }
    return std::move(report_);
  }

 private:
  ValidationCase& AddCase(int line, std::string name) {
    return report_.cases.emplace_back(ValidationCase{line, std::move(name), {}});
  }

  bool Open(int line) {
    database_.reset();
    DatabaseOptions options;
    options.directory = options_.directory;
    options.store.in_memory = options_.directory.empty();
    options.store.block_cache_bytes = 8 << 20;
    options.store.read_cache_bytes = options_.caches ? 1 << 20 : 0;
    options.answer_cache_bytes = options_.caches ? 1 << 20 : 0;
    options.check.budget.set_search = options_.set_search;
    options.store.clock = [this] { return now_; };
    auto database = Database::Open(options);
    if (database.ok()) {
      database_ = *std::move(database);
      return true;
    }
    AddCase(line, "the store").failures = {{line, "the store", "opens", std::string(database.status().message()), ""}};
    return false;
  }

  // False if the world is not as the questions that follow suppose.
  bool Apply(const WorldStep& step) {
    const absl::Status status = Write(step);
    const std::string reason = ReasonOf(status);
    const std::string got = status.ok() ? "accepted" : Cat("refused, ", reason, ": ", status.message());
    if (!step.refused) {
      if (!status.ok()) {
        const auto [line, what] = FaultOf(step, status);
        AddCase(line, what).failures = {{line, what, "accepted", got, ""}};
      }
      return status.ok();
    }
    ++report_.assertions;
    const std::string name = Cat("refused with ", *step.refused);
    const std::string says = step.says.value_or("");
    ValidationCase& refusal = AddCase(step.line, name);
    if (status.ok() || reason != *step.refused || StdView(status.message()).find(says) == std::string_view::npos) {
      refusal.failures = {{step.line, "the write", Cat(name, says.empty() ? "" : ", saying: ", says), got, ""}};
    }
    return true;
  }

  // What is at fault, and where it stands.
  std::pair<int, std::string> FaultOf(const WorldStep& step, const absl::Status& status) const {
    const std::string field = FieldOf(status);
    size_t index = 0;
    if (std::sscanf(field.c_str(), "changes[%zu]", &index) == 1) {
      std::vector<WrittenRelationship> changes = step.writes;
      changes.insert(changes.end(), step.deletes.begin(), step.deletes.end());
      if (index < changes.size()) {
        return {changes[index].line, ToText(changes[index].relationship)};
      }
    }
    return {step.line, "the write"};
  }

  absl::Status Write(const WorldStep& step) {
    if (step.schema) {
      std::vector<Diagnostic> findings;
      const auto written = database_->WriteSchema(*step.schema, step.drops, DryRun::kNo, &findings);
      if (ReasonOf(written.status()) == "SCHEMA_INVALID") {
        const std::string name = step.schema_file.empty() ? "schema" : step.schema_file;
        return WithReason(InvalidArgument(RenderDiagnostics(name, *step.schema, findings)), "SCHEMA_INVALID");
      }
      if (!written.ok()) return written.status();
    }
    std::vector<TupleChange> changes;
    for (const auto& each : step.writes) changes.push_back({ChangeOp::kTouch, each.relationship});
    for (const auto& each : step.deletes) changes.push_back({ChangeOp::kDelete, each.relationship});
    if (changes.empty()) return absl::OkStatus();
    return database_->Write(std::move(changes), {}).status();
  }

  // What is decided and recorded; the reference decides and records the same beside it.
  void Act(const RecordedStep& step) {
    ++report_.assertions;
    ValidationCase& one = AddCase(step.call.line, step.call.text);
    const auto fail = [&](std::string expected, std::string got) {
      one.failures.push_back({step.call.line, step.call.text, std::move(expected), std::move(got), ""});
    };
    std::unique_ptr<ReferenceEvaluator> reference = ReferenceNow(step.call.question.resource, step.call.line);
    if (step.is_approval) return Approve(step.call, reference.get(), fail);
    Authorizer authorizer(database_.get());
    const auto outcome = authorizer.Authorize({{step.call.question, step.call.key}}, database_->options().check);
    const absl::StatusOr<Answer> answer =
        outcome.ok() ? absl::StatusOr<Answer>(outcome->answers.back()) : outcome.status();
    if (reference != nullptr && outcome.ok() && !outcome->repeated) {
      const ReferenceAnswer expected = reference->Check(step.call.question);
      const std::vector<std::string> accepted = AcceptedTexts(expected);
      const std::string got = AnswerText(answer);
      if (std::find(accepted.begin(), accepted.end(), got) == accepted.end()) {
        return fail(Cat("what the reference says, ", absl::StrJoin(accepted, " or ")), got);
      }
      if (expected.call) ledger_.Record(*expected.call);
    }
    if (!Holds(step.call, answer)) return fail(ShowExpected(step.call), ShowAnswer(answer));
    if (outcome.ok() && outcome->repeated != step.call.repeated) {
      const std::string_view own = "an answer of its own", earlier = "the answer of an earlier call";
      fail(std::string(outcome->repeated ? own : earlier), std::string(outcome->repeated ? earlier : own));
    }
  }

  template <typename Fail>
  void Approve(const Assertion& approval, ReferenceEvaluator* reference, Fail fail) {
    const CheckQuestion& asked = approval.question;
    const ApproveCall call{.task = asked.task,
                           .resource = asked.resource,
                           .permission = asked.permission,
                           .parameter_digest = asked.parameter_digest,
                           .approver = {asked.subject.type, asked.subject.id},
                           .expires_at = now_ + approval.lasts,
                           .context = asked.context};
    const auto approved = Authorizer(database_.get()).Approve(call, database_->options().check);
    const bool is_expected = approval.expected == Expected::kTrue;
    const std::string got =
        approved.ok() ? "approved" : Cat("refused, ", ReasonOf(approved.status()), ": ", approved.status().message());
    if (reference != nullptr) {
      const auto expected = reference->Approve(asked, now_ + approval.lasts);
      if (expected.has_value() != approved.ok()) {
        return fail(Cat("as the reference says, ", expected ? "approved" : "refused"), got);
      }
      if (expected) ledger_.approvals.push_back(*expected);
    }
    if (approved.ok() != is_expected ||
        (!approved.ok() && !approval.reason.empty() && approval.reason != ReasonOf(approved.status()))) {
      fail(is_expected ? "approved" : Cat("refused, ", approval.reason), got);
    }
  }

  // The reference on the world as it stands; null where it is too large, or not asked for.
  std::unique_ptr<ReferenceEvaluator> ReferenceNow(const ObjectRef& resource, int line) {
    auto view = database_->Head();
    if (!view.ok() || !options_.agreement) return nullptr;
    auto world =
        ReadReferenceWorld(std::shared_ptr<const Schema>(view->plan, &view->plan->schema()), *view->snapshot, now_,
                           database_->options().check.chain_agents_max, options_.agreement_relationships_max);
    if (!world.ok()) {
      report_.notes.push_back(
          Cat("line ", line, ": the call was not held against the reference: ", world.status().message()));
      return nullptr;
    }
    world->ledger = ledger_;
    return std::make_unique<ReferenceEvaluator>(*std::move(world), std::vector<ObjectRef>{resource});
  }

  void Ask(const WorldStep& step) {
    auto view = database_->Head();
    if (!view.ok()) {
      if (step.assertions.empty() && step.validation.empty()) return;
      AddCase(step.line, "the snapshot").failures = {
          {step.line, "the snapshot", "can be read", std::string(view.status().message()), ""}};
      return;
    }
    Checker together = database_->CheckerFor(*view);
    for (const Assertion& assertion : step.assertions) {
      ++report_.assertions;
      Judge(assertion, *view, together);
    }
    for (const ExpectedSet& expected : step.validation) {
      report_.assertions += std::max<size_t>(expected.subjects.size(), 1);
      AddCase(expected.line, Cat("who has ", ToText(expected.resource), "#", expected.permission)).failures =
          CheckExpectedSet(*database_, *view, expected);
    }
    // A refused step leaves the world as it was.
    if (options_.agreement && !step.refused) Agree(step, *view);
  }

  void Judge(const Assertion& assertion, const View& view, Checker& together) {
    ValidationCase& one = AddCase(assertion.line, assertion.text);
    CheckQuestion question = assertion.question;
    const auto alone = database_->CheckerFor(view).Check(question);
    question.explain = true;
    const auto explained = database_->CheckerFor(view).Check(question);
    const std::pair<const char*, absl::StatusOr<Answer>> ways[] = {
        {"", alone}, {" (together with the others)", together.Check(assertion.question)}, {" (explained)", explained}};
    for (const auto& [how, answer] : ways) {
      if (Holds(assertion, answer)) continue;
      one.failures.push_back({assertion.line, Cat(assertion.text, how), ShowExpected(assertion), ShowAnswer(answer),
                              explained.ok() ? RenderExplanation(explained->explanation) : ""});
      return;
    }
  }

  void Agree(const WorldStep& step, const View& view) {
    const std::shared_ptr<const Schema> schema(view.plan, &view.plan->schema());
    const CheckLimits& limits = database_->options().check;
    auto world =
        ReadReferenceWorld(schema, *view.snapshot, now_, limits.chain_agents_max, options_.agreement_relationships_max);
    if (absl::IsResourceExhausted(world.status())) {
      report_.notes.push_back(Cat("line ", step.line, ": agreement was not asked for: ", world.status().message()));
      return;
    }
    ValidationCase& one = AddCase(step.line, "every way of asking agrees");
    if (!world.ok()) {
      one.failures = {{step.line, one.name, "can be read", std::string(world.status().message()), ""}};
      return;
    }
    world->ledger = ledger_;
    std::vector<std::string> contexts = {""};
    for (const Assertion& assertion : step.assertions) {
      const std::string& context = assertion.question.context;
      const bool is_new = std::find(contexts.begin(), contexts.end(), context) == contexts.end();
      if (is_new && contexts.size() <= kContextsMax) contexts.push_back(context);
    }
    const WorldAgreement agreement =
        AgreeOnWorld({view.plan.get(), view.snapshot.get(), now_, limits}, *world, contexts, options_.bounds);
    report_.pairs += agreement.pairs;
    report_.pairs_of_world += agreement.pairs_of_world;
    if (!agreement.complete() && agreement.disagreements.empty()) {
      report_.notes.push_back(Cat("line ", step.line, ": the world is large, so agreement was asked for a sample: ",
                                  agreement.pairs, " of ", agreement.pairs_of_world, " pairs, ", agreement.listings,
                                  " of ", agreement.listings_of_world, " trees and listings"));
    }
    for (const std::string& each : agreement.disagreements) {
      one.failures.push_back({step.line, one.name, "one answer", each, ""});
    }
  }

  const ValidationFile& file_;
  const ValidationOptions options_;
  absl::Time now_;
  std::unique_ptr<Database> database_;
  ReferenceLedger ledger_;  // Of what was done so far.
  ValidationReport report_;
};

// Further lines of a text, below its first.
std::string Indented(const std::string& text, std::string_view indent) {
  std::string out;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!line.empty()) out += Cat(out.empty() ? "" : "\n", out.empty() ? "" : indent, line);
  }
  return out;
}

}  // namespace

std::vector<Failure> ValidationReport::Failures() const {
  std::vector<Failure> all;
  for (const ValidationCase& each : cases) {
    all.insert(all.end(), each.failures.begin(), each.failures.end());
  }
  return all;
}

std::string ToText(const std::string& path, const Failure& failure) {
  constexpr std::string_view kIndent = "              ";
  std::string text =
      Cat(path, ":", failure.line, ": ", failure.asked, "\n    expected: ", Indented(failure.expected, kIndent),
          "\n    got:      ", Indented(failure.got, kIndent));
  if (!failure.because.empty()) {
    text += Cat("\n    because:  ", Indented(failure.because, kIndent));
  }
  return text;
}

ValidationReport RunValidation(const ValidationFile& file, const ValidationOptions& options) {
  return Run(file, options).Go();
}

}  // namespace mandate
