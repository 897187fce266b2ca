#include "tools/validation_run.h"

#include "schema/reason.h"
#include "schema/text.h"
#include "service/database.h"

namespace mandate {
namespace {

// Worlds with expiries name moments around this one, or far away.
constexpr absl::CivilSecond kWorldStart(2026, 1, 1, 0, 0, 0);

std::string_view Name(Assertion::Expected expected) {
  switch (expected) {
    case Assertion::Expected::kTrue: return "allowed";
    case Assertion::Expected::kFalse: return "denied";
    case Assertion::Expected::kCaveated: return "conditional";
    case Assertion::Expected::kError: return "an error";
  }
  return "";
}

class Run {
 public:
  Run(const ValidationFile& file, const ValidationOptions& options)
      : file_(file), options_(options), now_(absl::FromCivil(kWorldStart, absl::UTCTimeZone())) {}

  ValidationReport Go() {
    if (!Open(1)) return std::move(report_);
    for (const WorldStep& step : file_.steps) {
      now_ += step.clock;
      if (!Apply(step)) break;
      if (options_.reopen && !Open(step.line)) break;
      Ask(step);
    }
    return std::move(report_);
  }

 private:
  void Fail(int line, const std::string& message) {
    report_.failures.push_back(Cat(file_.path, ":", line, ": ", message));
  }

  bool Open(int line) {
    database_.reset();
    DatabaseOptions options;
    options.directory = options_.directory;
    options.store.in_memory = options_.directory.empty();
    options.store.clock = [this] { return now_; };
    auto database = Database::Open(options);
    if (!database.ok()) {
      Fail(line, Cat("cannot open the database: ", database.status().message()));
      return false;
    }
    database_ = *std::move(database);
    return true;
  }

  bool Apply(const WorldStep& step) {
    absl::Status status;
    if (step.schema.has_value()) {
      status = database_->WriteSchema(*step.schema, step.drops, DryRun::kNo, nullptr).status();
    }
    std::vector<TupleChange> changes;
    for (const auto& r : step.writes) changes.push_back({ChangeOp::kTouch, r});
    for (const auto& r : step.deletes) changes.push_back({ChangeOp::kDelete, r});
    if (status.ok() && !changes.empty()) {
      status = database_->Write(std::move(changes), {}).status();
    }
    if (step.refused.empty()) {
      if (!status.ok()) {
        Fail(step.line, Cat("the write was refused: ", ReasonOf(status), " ", status.message()));
      }
      return status.ok();
    }
    ++report_.assertions;
    if (status.ok()) {
      Fail(step.line, Cat("the write was to be refused with ", step.refused, ", and was accepted"));
    } else if (ReasonOf(status) != step.refused) {
      Fail(step.line, Cat("the write was to be refused with ", step.refused, ", not with ",
                          ReasonOf(status), ": ", status.message()));
    }
    return true;
  }

  void Ask(const WorldStep& step) {
    auto view = database_->Head();
    if (!view.ok()) {
      if (!step.assertions.empty()) Fail(step.line, std::string(view.status().message()));
      return;
    }
    Checker together = database_->CheckerFor(*view);
    for (const Assertion& assertion : step.assertions) {
      ++report_.assertions;
      Judge(assertion, together.Check(assertion.question), "with the others");
      Judge(assertion, database_->CheckerFor(*view).Check(assertion.question), "alone");
      CheckQuestion explained = assertion.question;
      explained.explain = true;
      Judge(assertion, database_->CheckerFor(*view).Check(explained), "explained");
    }
  }

  void Judge(const Assertion& assertion, const absl::StatusOr<Answer>& answer, const char* how) {
    if (!answer.ok()) {
      const std::string reason = ReasonOf(answer.status());
      if (assertion.expected == Assertion::Expected::kError &&
          (assertion.reason.empty() || assertion.reason == reason)) {
        return;
      }
      Fail(assertion.line, Cat("`", assertion.text, "` (", how, ") was to be ",
                               Name(assertion.expected), assertion.reason.empty() ? "" : " ",
                               assertion.reason, ", and is an error: ", reason, " ", answer.status().message()));
      return;
    }
    const Assertion::Expected found =
        answer->decision == Decision::kAllowed       ? Assertion::Expected::kTrue
        : answer->decision == Decision::kConditional ? Assertion::Expected::kCaveated
                                                     : Assertion::Expected::kFalse;
    const std::string_view reason = ReasonName(answer->reason);
    if (found == assertion.expected && (assertion.reason.empty() || assertion.reason == reason)) {
      return;
    }
    Fail(assertion.line, Cat("`", assertion.text, "` (", how, ") was to be ",
                             Name(assertion.expected), ", and is ", Name(found), " ", reason,
                             reason.empty() ? "" : " at ", answer->reason_at, "\n",
                             RenderExplanation(answer->explanation)));
  }

  const ValidationFile& file_;
  const ValidationOptions options_;
  absl::Time now_;
  std::unique_ptr<Database> database_;
  ValidationReport report_;
};

}  // namespace

ValidationReport RunValidation(const ValidationFile& file, const ValidationOptions& options) {
  return Run(file, options).Go();
}

}  // namespace mandate
