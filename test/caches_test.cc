// What is kept in memory against nothing kept: the same world, written step by step to two stores, must give the same
// answers after each step, now and of the past, however little fits and however many things share a mark.
#include <iostream>

#include "absl/strings/str_join.h"
#include "check/lookup.h"
#include "gtest/gtest.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "test/campaign.h"
#include "test/memory_store.h"
#include "tools/reference/agreement.h"

namespace mandate {
namespace {

struct Side {
  explicit Side(uint64_t bytes) : store(bytes), answers(bytes > 0 ? std::make_unique<AnswerCache>(bytes) : nullptr) {}
  MemoryStore store;
  std::unique_ptr<AnswerCache> answers;
};

// Without its payloads as such: they come in no order.
std::string ErrorText(const absl::Status& status) {
  return Cat(static_cast<int>(status.code()), " ", status.message(), " ", ReasonOf(status), " ", FieldOf(status));
}

struct Counts {
  size_t asked = 0;
  size_t recalled = 0;
};

class TwoStores {
 public:
  TwoStores(const RandomWorld& world, uint64_t bytes) : kept_(bytes), plain_(0) {
    WriteRequest request{.schema_text = world.draft.Text()};
    for (const Definition& each : world.schema->definitions()) request.schema_names.push_back(each.name);
    for (const Member& each : world.schema->members()) request.schema_names.push_back(each.name);
    for (const Caveat& each : world.schema->caveats()) request.schema_names.push_back(each.name);
    Write(request, world.writes.front().at);
    plan_ = std::make_unique<Plan>(world.schema, kept_.store.Head()->names(), revisions_.back());
  }

  void Write(const WriteRequest& request, absl::Time now) {
    auto one = kept_.store.Write(request, now);
    auto other = plain_.store.Write(request, now);
    EXPECT_EQ(one.ok(), other.ok());
    if (!one.ok()) return;
    EXPECT_EQ(*one, *other);
    revisions_.push_back(*one);
  }

  // Asks by both; empty if they agree.
  std::string Compare(const CheckQuestion& question, Revision at, absl::Time now, Counts* counts) {
    const auto answer = [&](const Side& side) {
      const auto snapshot = at == revisions_.back() ? side.store.Head() : side.store.At(at);
      return Checker(*plan_, *snapshot, now, {}, side.answers.get()).Check(question);
    };
    const auto kept = answer(kept_);
    const auto plain = answer(plain_);
    ++counts->asked;
    counts->recalled += kept.ok() && kept->steps == 0 && plain->steps > 0;
    const auto text = [](const absl::StatusOr<Answer>& each) {
      return Cat(AnswerText(each), each.ok() ? Cat(" until ", absl::FormatTime(each->valid_until)) : "");
    };
    if (text(kept) == text(plain)) return "";
    return Cat(ToText(question), " at ", at.value(), ": kept ", text(kept), ", not kept ", text(plain));
  }

  // The same for both lookups; empty if they agree.
  std::string CompareLookups(const CheckQuestion& question, Revision at, absl::Time now) {
    const ResourcesQuestion resources{.resource_type = question.resource.type,
                                      .permission = question.permission,
                                      .subject = question.subject,
                                      .task = question.task,
                                      .claims = question.claims,
                                      .audience = question.audience,
                                      .parameter_digest = question.parameter_digest,
                                      .context = question.context};
    const SubjectsQuestion subjects{.resource = question.resource,
                                    .permission = question.permission,
                                    .subject_type = question.subject.type,
                                    .subject_relation = question.subject.relation,
                                    .context = question.context};
    const auto answer = [&](const Side& side) {
      const auto snapshot = at == revisions_.back() ? side.store.Head() : side.store.At(at);
      std::string text;
      const FoundSink sink = [&](const Found& found) {
        absl::StrAppend(&text, found.position(), " ", static_cast<int>(found.decision), " ",
                        absl::StrJoin(found.missing_context, ","), " ", ErrorText(found.error), "\n");
        return true;
      };
      const absl::Status of_resources = LookupResources(*plan_, *snapshot, now, {}, resources, sink);
      absl::StrAppend(&text, ErrorText(of_resources), "\n");
      const absl::Status of_subjects = LookupSubjects(*plan_, *snapshot, now, {}, subjects, sink);
      return Cat(text, ErrorText(of_subjects));
    };
    const std::string kept = answer(kept_), plain = answer(plain_);
    if (kept == plain) return "";
    return Cat("lookups of ", ToText(question), " at ", at.value(), ": kept\n", kept, "\nnot kept\n", plain);
  }

  const std::vector<Revision>& revisions() const { return revisions_; }

 private:
  Side kept_;
  Side plain_;
  std::unique_ptr<Plan> plan_;
  std::vector<Revision> revisions_;
};

TEST(Caches, AreExactAtEveryRevisionAndMoment) {
  Counts counts;
  RunCampaign(ATenth(300), MakeRandomWorld, [&](const RandomWorld& world, Questions questions) {
    Dice dice(world.objects.size() * 31 + questions.size());
    constexpr uint64_t kBytes[] = {1 << 10, 64 << 10, 4 << 20};
    TwoStores stores(world, dice.Pick(std::vector<uint64_t>(std::begin(kBytes), std::end(kBytes))));
    // Each write once, and then each backwards: what was written goes, and what went comes back.
    std::vector<WriteRequest> requests;
    for (const WorldWrite& write : world.writes) requests.push_back({.changes = write.changes});
    for (size_t i = world.writes.size(); i-- > 0;) {
      WriteRequest request{.changes = world.writes[i].changes};
      for (TupleChange& change : request.changes) {
        change.op = change.op == ChangeOp::kDelete ? ChangeOp::kTouch : ChangeOp::kDelete;
      }
      requests.push_back(request);
    }
    absl::Time now = world.writes.front().at;
    std::optional<Disagreement> wrong;
    for (size_t i = 0; i < requests.size() && !wrong; ++i) {
      now += absl::Seconds(i < world.writes.size() ? 0 : dice.Below(3600));
      if (i < world.writes.size()) now = std::max(now, world.writes[i].at);
      stores.Write(requests[i], now);
      for (size_t j = 0; j < questions.size() && !wrong; ++j) {
        // Twice now, since only what was asked before is kept; and of some moment in between, of some revision.
        for (const Revision at :
             {stores.revisions().back(), stores.revisions().back(), dice.Pick(stores.revisions())}) {
          const std::string text = stores.Compare(questions[j], at, now, &counts);
          if (!text.empty()) wrong = Disagreement{j, text};
        }
        for (int turn = 0; turn < 2 && !wrong && dice.Percent(20); ++turn) {
          const Revision at = turn == 0 ? stores.revisions().back() : dice.Pick(stores.revisions());
          const std::string text = stores.CompareLookups(questions[j], at, now);
          if (!text.empty()) wrong = Disagreement{j, text};
        }
        if (dice.Percent(2)) now += absl::Minutes(dice.Below(200));
      }
    }
    return wrong;
  });
  std::cerr << counts.recalled << " of " << counts.asked << " answers were recalled\n";
  if (IsDefaultCampaign()) {
    EXPECT_GT(counts.recalled, counts.asked / 20);
  }
}

}  // namespace
}  // namespace mandate
