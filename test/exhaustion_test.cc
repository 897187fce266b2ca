// Every world over a small universe: two principals, two agents, two tasks, one session, two resources, and of the
// edges that may stand between them every subset. Faults of delegation need few edges to show, so what holds on all
// small worlds is hard to break on a large one.
//
// Two families. The first has all subsets of up to a few edges out of everything that could be written (in any way: the
// engine must be right on what no write would accept). The second has all subsets of the edges around a chain of two
// agents, which is deeper than the first reaches. Both are closed under taking edges away, so that what removing an
// edge does is looked up among the worlds that came before.
//
// MANDATE_EXHAUSTION=n takes n more edges of each (by default 0): each doubles the second family.
#include <bit>
#include <cstdlib>
#include <iostream>
#include <unordered_map>

#include "absl/strings/str_split.h"
#include "check/checker.h"
#include "check/explanation.h"
#include "gtest/gtest.h"
#include "schema/compiler.h"
#include "schema/text.h"
#include "storage/commit.h"
#include "test/memory_store.h"
#include "tools/reference/agreement.h"
#include "tools/reference/reference_evaluator.h"

namespace mandate {
namespace {

constexpr char kExhaustionSchema[] = R"(
use delegation
use expiration
definition user { relation acts_on_behalf_of: bot with expiration }
definition document {
  relation viewer: user
  permission view = viewer
}
agent bot {
  relation acts_on_behalf_of: bot with expiration
  relation boundary: document#view
}
task errand {
  relation delegator: user | bot
  relation delegated_for_task: bot with expiration
  relation parent_task: errand
  relation scope: document#view
}
session run {
  relation agent: bot with expiration
  relation task: errand
}
)";

using Edges = uint64_t;  // A bit for each that is there.

// Edges around a chain of two agents come first: they make the second family.
const std::vector<std::string>& Universe() {
  static const std::vector<std::string> edges = {
      "user:1#acts_on_behalf_of@bot:1", "bot:1#acts_on_behalf_of@bot:2", "errand:1#delegated_for_task@bot:1",
      "errand:2#delegated_for_task@bot:2", "errand:1#delegator@user:1", "errand:2#delegator@bot:1",
      "errand:2#parent_task@errand:1", "errand:1#scope@document:1#view", "errand:2#scope@document:1#view",
      "bot:1#boundary@document:1#view", "bot:2#boundary@document:1#view", "document:1#viewer@user:1",
      "run:1#agent@bot:2", "run:1#task@errand:2",
      // With what else could be taken for a part of it.
      "user:2#acts_on_behalf_of@bot:1", "errand:1#delegator@user:2", "document:1#viewer@user:2",
      "user:1#acts_on_behalf_of@bot:2", "errand:2#delegator@user:1", "errand:2#scope@document:2#view",
      "document:2#viewer@user:1", "errand:1#scope@document:2#view", "run:1#task@errand:1",
      "bot:2#acts_on_behalf_of@bot:1",
      // And all that remains.
      "user:2#acts_on_behalf_of@bot:2", "errand:1#delegated_for_task@bot:2", "errand:2#delegated_for_task@bot:1",
      "errand:1#delegator@bot:1", "errand:1#delegator@bot:2", "errand:2#delegator@user:2", "errand:2#delegator@bot:2",
      "errand:1#parent_task@errand:2", "bot:1#boundary@document:2#view", "bot:2#boundary@document:2#view",
      "document:2#viewer@user:2", "run:1#agent@bot:1"};
  return edges;
}

// What taking it away takes away authority; the others say what the world is made of, and two of them are one too many.
bool Grants(const std::string& edge) {
  for (const char* relation : {"#acts_on_behalf_of@", "#delegated_for_task@", "#scope@", "#boundary@", "#viewer@"}) {
    if (edge.find(relation) != std::string::npos) return true;
  }
  return false;
}

// When the session was opened: before, between or after the edges that it needs.
enum class Opened : uint8_t { kLast, kFirst, kAmong };

class Universes {
 public:
  explicit Universes(Opened opened) : opened_(opened), schema_(CompileSchema(kExhaustionSchema).schema) {
    WriteRequest request{.schema_text = kExhaustionSchema};
    for (const Definition& each : schema_->definitions()) request.schema_names.push_back(each.name);
    for (const Member& each : schema_->members()) request.schema_names.push_back(each.name);
    EXPECT_TRUE(empty_.Write(request, kNow).ok());
    plan_ = std::make_unique<Plan>(schema_, empty_.Head()->names(), Revision(1));
    const auto ask = [&](std::string_view resource, std::string_view subject, std::string_view task) {
      CheckQuestion question{
          .resource = *ParseObject(resource), .permission = "view", .subject = *ParseSubject(subject)};
      if (!task.empty()) question.task = *ParseObject(task);
      question.lineage = true;
      questions_.push_back(question);
    };
    for (const char* resource : {"document:1", "document:2"}) {
      for (const char* user : {"user:1", "user:2"}) ask(resource, user, "");
      for (const char* agent : {"bot:1", "bot:2"}) {
        for (const char* task : {"errand:1", "errand:2"}) ask(resource, agent, task);
      }
      ask(resource, "run:1", "");
    }
    for (const std::string& text : Universe()) {
      Relationship edge = *ParseRelationship(text);
      const bool ends =
          edge.relation == "acts_on_behalf_of" || edge.relation == "delegated_for_task" || edge.relation == "agent";
      if (ends) edge.expires_at = kNow + absl::Hours(1);
      edges_.push_back(edge);
      grants_ |= Edges{Grants(text)} << (edges_.size() - 1);
    }
  }

  // Plays a world whose smaller ones were played, and says what is wrong with it.
  std::string Play(Edges edges) {
    MemoryStore store = empty_;
    std::vector<StoredRelationship> stored;
    Write(edges, store, &stored);
    const auto snapshot = store.Head();
    Checker checker(*plan_, *snapshot, kNow, {});
    ReferenceEvaluator reference({.schema = schema_, .relationships = stored, .now = kNow}, objects_);
    answers_.clear();
    uint16_t allowed = 0;
    for (size_t i = 0; i < questions_.size(); ++i) {
      answers_.push_back(checker.Check(questions_[i]));
      const std::string got = AnswerText(answers_[i]);
      const std::string expected = AcceptedTexts(reference.Check(questions_[i]))[0];
      if (got != expected) return Cat(ToText(questions_[i]), ": engine ", got, ", reference ", expected);
      if (answers_[i]->decision == Decision::kAllowed) allowed |= 1 << i;
    }
    played_[edges] = allowed;
    ++worlds_;
    allowed_ += std::popcount(allowed);
    std::string wrong = CompareWithSmaller(edges, allowed);
    for (size_t i = 0; wrong.empty() && i < questions_.size(); ++i) {
      if (allowed >> i & 1 && questions_[i].subject.type != "user") wrong = CheckYes(i, allowed, *snapshot);
    }
    return wrong;
  }

  std::string TextOf(Edges edges) const {
    std::string text;
    for (size_t i = 0; i < edges_.size(); ++i) {
      if (edges >> i & 1) text += Cat("  ", ToText(edges_[i]), "\n");
    }
    return text;
  }
  size_t worlds() const { return worlds_; }
  size_t allowed() const { return allowed_; }

 private:
  static constexpr absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);
  static constexpr size_t kOfOneResource = 7;  // Questions.

  int WriteOf(const Relationship& edge) const {
    if (opened_ == Opened::kLast) return edge.resource.type == "run" ? 1 : 0;
    if (opened_ == Opened::kFirst) return edge.resource.type == "run" ? 0 : 1;
    return edge.relation == "acts_on_behalf_of" ? 1 : 0;
  }

  void Write(Edges edges, MemoryStore& store, std::vector<StoredRelationship>* stored) const {
    for (int write = 0; write < 2; ++write) {
      WriteRequest request;
      for (size_t i = 0; i < edges_.size(); ++i) {
        if (edges >> i & 1 && WriteOf(edges_[i]) == write) request.changes.push_back({ChangeOp::kTouch, edges_[i]});
      }
      if (request.changes.empty()) continue;
      const auto revision = store.Write(request, kNow);
      EXPECT_TRUE(revision.ok()) << revision.status();
      for (const TupleChange& change : request.changes) stored->push_back({change.relationship, *revision, *revision});
    }
  }

  std::string CompareWithSmaller(Edges edges, uint16_t allowed) const {
    // Without exclusion in the schema, what is less grants less.
    for (Edges rest = edges & grants_; rest != 0; rest &= rest - 1) {
      const Edges less = edges & ~(rest & -rest);
      const auto before = played_.find(less);
      if (before == played_.end()) return "a smaller world was not played";
      if (before->second & ~allowed) return "without an edge that grants, more is allowed";
    }
    // What the other principal's tasks are is nothing to a task that does not hang below them.
    for (int task = 1; task <= 2; ++task) {
      const Edges less = edges & ~EdgesOf(Cat("errand:", 3 - task));
      const std::string parent = Cat("errand:", task, "#parent_task@errand:", 3 - task);
      if (less == edges || (edges & EdgesOf(parent)) != 0) continue;
      const auto before = played_.find(less);
      if (before == played_.end()) return "a smaller world was not played";
      for (size_t i = 0; i < questions_.size(); ++i) {
        if (!questions_[i].task || questions_[i].task->id != Cat(task)) continue;
        if ((before->second ^ allowed) >> i & 1) return Cat("another task changes ", ToText(questions_[i]));
      }
    }
    return "";
  }

  // Edges that name it, or all of which the text begins with.
  Edges EdgesOf(const std::string& prefix) const {
    Edges found = 0;
    for (size_t i = 0; i < edges_.size(); ++i) {
      if (ToText(edges_[i]).starts_with(prefix)) found |= Edges{1} << i;
    }
    return found;
  }

  // An agent or a session was allowed something.
  std::string CheckYes(size_t i, uint16_t allowed, const Snapshot& snapshot) const {
    const CheckQuestion& question = questions_[i];
    const std::optional<Lineage>& lineage = answers_[i]->lineage;
    if (!lineage || !lineage->principal) return "it is allowed for nobody";
    const size_t first = i / kOfOneResource * kOfOneResource;
    for (size_t j = first; j < first + kOfOneResource; ++j) {
      const CheckQuestion& other = questions_[j];
      const bool is_principal = ObjectRef{other.subject.type, other.subject.id} == *lineage->principal;
      if (is_principal && !(allowed >> j & 1)) return Cat(ToText(question), " is allowed what its principal is denied");
      // The delegator of a sub-agent, on the parent's task.
      if (lineage->hops.size() < 2 || !other.task) continue;
      const bool is_parent = ObjectRef{other.subject.type, other.subject.id} == lineage->hops[1].agent &&
                             *other.task == lineage->hops[1].task;
      if (is_parent && !(allowed >> j & 1)) return Cat(ToText(question), " is allowed what its parent is refused");
    }
    CheckQuestion explained = question;
    explained.explain = true;
    const auto answer = Checker(*plan_, snapshot, kNow, {}).Check(explained);
    if (!answer.ok() || answer->decision != Decision::kAllowed) return "explained, it is another answer";
    const std::string stranger = lineage->principal->id == "1" ? "user:2" : "user:1";
    for (const ExplanationStep& step : answer->explanation.steps) {
      if (step.text.find(stranger) != std::string::npos) return Cat("a proof for two principals: ", step.text);
    }
    return "";
  }

  const Opened opened_;
  const std::shared_ptr<const Schema> schema_;
  MemoryStore empty_;
  std::unique_ptr<Plan> plan_;
  std::vector<Relationship> edges_;
  Edges grants_ = 0;
  std::vector<CheckQuestion> questions_;
  const std::vector<ObjectRef> objects_ = {{"user", "1"},     {"user", "2"},     {"bot", "1"},
                                           {"bot", "2"},      {"errand", "1"},   {"errand", "2"},
                                           {"document", "1"}, {"document", "2"}, {"run", "1"}};
  std::vector<absl::StatusOr<Answer>> answers_;  // Of the world at hand, by question.
  std::unordered_map<Edges, uint16_t> played_;   // What is allowed, a bit a question.
  size_t worlds_ = 0;
  size_t allowed_ = 0;
};

size_t More() {
  const char* more = std::getenv("MANDATE_EXHAUSTION");
  return more == nullptr || *more == '\0' ? 0 : std::strtoul(more, nullptr, 10);
}

// Smaller edges come first, so every subset of a world comes before it.
void PlayAll(Universes& universes, const std::vector<Edges>& worlds) {
  int wrong_ones = 0;
  for (const Edges edges : worlds) {
    const std::string wrong = universes.Play(edges);
    if (wrong.empty()) continue;
    ADD_FAILURE() << wrong << "\n" << universes.TextOf(edges);
    if (++wrong_ones == 3) break;
  }
  std::cout << universes.worlds() << " worlds, " << universes.allowed() << " answers that allow\n";
  EXPECT_GT(universes.allowed(), 0u);
}

// In the order of their numbers, which is one in which subsets come first.
void AddSubsets(size_t from, size_t edges_left, Edges chosen, std::vector<Edges>* worlds) {
  worlds->push_back(chosen);
  if (edges_left == 0) return;
  for (size_t i = from; i < Universe().size(); ++i) AddSubsets(i + 1, edges_left - 1, chosen | Edges{1} << i, worlds);
}

class Exhaustion : public testing::TestWithParam<Opened> {};

TEST_P(Exhaustion, OfAllWorldsOfFewEdges) {
  std::vector<Edges> worlds;
  AddSubsets(0, MANDATE_EXHAUSTION_FEW + More(), 0, &worlds);
  std::sort(worlds.begin(), worlds.end());
  Universes universes(GetParam());
  // An agent's answer takes at least six edges, a person's one.
  PlayAll(universes, worlds);
}

TEST_P(Exhaustion, OfAllWorldsAroundAChainOfTwoAgents) {
  std::vector<Edges> worlds(size_t{1} << (MANDATE_EXHAUSTION_CHAIN + More()));
  for (size_t i = 0; i < worlds.size(); ++i) worlds[i] = i;
  Universes universes(GetParam());
  PlayAll(universes, worlds);
}

INSTANTIATE_TEST_SUITE_P(Opened, Exhaustion, testing::Values(Opened::kLast, Opened::kFirst, Opened::kAmong),
                         [](const auto& info) {
                           return std::string(info.param == Opened::kLast    ? "SessionLast"
                                              : info.param == Opened::kFirst ? "SessionFirst"
                                                                             : "SessionAmong");
                         });

}  // namespace
}  // namespace mandate
