#include "test/campaign.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "schema/compiler.h"
#include "schema/text.h"
#include "tools/reference/agreement.h"

namespace mandate {
namespace {

constexpr uint64_t kDefaultSeed = 20'260'101;
constexpr size_t kFailuresMax = 3;

// Three failures are small enough to read within a minute and a half.
const absl::Duration kShrinkMax = absl::Seconds(30);

// A world together with the questions that show its fault.
struct Case {
  RandomWorld world;
  std::vector<CheckQuestion> questions;
};

std::optional<Disagreement> Try(const Case& c, const Property& property) {
  if (c.world.writes.empty() || c.questions.empty()) return std::nullopt;
  return property(c.world, c.questions);
}

// Takes away what can go while the fault stays: questions, writes, relationships, lines of the
// schema.
class Shrinker {
 public:
  Shrinker(Case c, const Property& property) : case_(std::move(c)), property_(property) {}

  Case Shrink(size_t question) {
    Case alone = case_;
    alone.questions = {case_.questions[question]};
    Accept(alone);
    for (bool smaller = true; smaller && !OutOfTime();) {
      smaller = false;
      for (const bool dropped : {DropQuestions(), DropContextual(), DropChanges(), DropLines(), ShortenLines()})
        smaller |= dropped;
    }
    return case_;
  }

 private:
  bool OutOfTime() const { return absl::Now() > deadline_; }

  bool Accept(const Case& smaller) {
    if (OutOfTime() || !Try(smaller, property_)) return false;
    case_ = smaller;
    return true;
  }

  bool DropQuestions() {
    bool dropped = false;
    for (size_t i = case_.questions.size(); case_.questions.size() > 1 && i-- > 0;) {
      Case smaller = case_;
      smaller.questions.erase(smaller.questions.begin() + i);
      dropped |= Accept(smaller);
    }
    return dropped;
  }

  bool DropContextual() {
    bool dropped = false;
    for (size_t i = 0; i < case_.questions.size(); ++i) {
      for (size_t k = case_.questions[i].contextual.size(); k-- > 0;) {
        Case smaller = case_;
        std::vector<Relationship>& contextual = smaller.questions[i].contextual;
        contextual.erase(contextual.begin() + k);
        dropped |= Accept(smaller);
      }
    }
    return dropped;
  }

  // Half of the changes, a quarter of them, ... each change alone.
  bool DropChanges() {
    bool dropped = false;
    size_t count = 0;
    for (const WorldWrite& write : case_.world.writes) count += write.changes.size();
    for (size_t chunk = std::max<size_t>(count / 2, 1); chunk > 0; chunk /= 2) {
      for (size_t from = 0; from < count;) {
        if (OutOfTime()) return dropped;
        Case smaller = case_;
        if (DropRange(smaller.world.writes, from, from + chunk) && Accept(smaller)) {
          dropped = true;
          count -= std::min(chunk, count - from);
        } else {
          from += chunk;
        }
      }
    }
    return dropped;
  }

  static bool DropRange(std::vector<WorldWrite>& writes, size_t from, size_t to) {
    size_t position = 0;
    for (WorldWrite& write : writes) {
      std::erase_if(write.changes, [&](const TupleChange&) {
        const size_t at = position++;
        return from <= at && at < to;
      });
    }
    std::erase_if(writes, [](const WorldWrite& write) { return write.changes.empty(); });
    return !writes.empty();
  }

  bool DropLines() {
    bool dropped = false;
    for (size_t b = case_.world.draft.blocks.size(); b-- > 0;) {
      Case smaller = case_;
      smaller.world.draft.blocks.erase(smaller.world.draft.blocks.begin() + b);
      if (AcceptSchema(smaller)) {
        dropped = true;
        continue;
      }
      for (size_t i = case_.world.draft.blocks[b].lines.size(); i-- > 0;) {
        smaller = case_;
        std::vector<std::string>& lines = smaller.world.draft.blocks[b].lines;
        lines.erase(lines.begin() + i);
        dropped |= AcceptSchema(smaller);
      }
    }
    return dropped;
  }

  bool ShortenLines() {
    bool shortened = false;
    for (size_t b = 0; b < case_.world.draft.blocks.size(); ++b) {
      if (case_.world.draft.blocks[b].header.starts_with("caveat ")) continue;
      for (size_t i = 0; i < case_.world.draft.blocks[b].lines.size(); ++i) {
        while (ShortenLine(b, i)) shortened = true;
      }
    }
    return shortened;
  }

  bool ShortenLine(size_t block, size_t index) {
    for (const std::string& line : ShorterLines(case_.world.draft.blocks[block].lines[index])) {
      if (OutOfTime()) return false;
      Case smaller = case_;
      smaller.world.draft.blocks[block].lines[index] = line;
      if (AcceptSchema(smaller)) return true;
    }
    return false;
  }

  // A relation with one form, or without one; a permission where an operation is one of its
  // operands, or lacks one. What does not compile is not taken.
  static std::vector<std::string> ShorterLines(const std::string& line) {
    std::vector<std::string> shorter;
    const size_t body = line.find_first_of(":=") + 2;
    std::vector<std::pair<size_t, size_t>> groups = {{body, line.size()}};
    std::vector<size_t> open;
    for (size_t i = body; i < line.size(); ++i) {
      if (line[i] == '(') open.push_back(i);
      if (line[i] != ')') continue;
      groups.emplace_back(open.back() + 1, i);
      open.pop_back();
    }
    for (const auto& [from, to] : groups) {
      const std::vector<std::pair<size_t, size_t>> operands = OperandsOf(line, from, to);
      for (size_t k = 0; k < operands.size(); ++k) {
        const auto [start, end] = operands[k];
        shorter.push_back(Cat(line.substr(0, from), line.substr(start, end - start), line.substr(to)));
        if (operands.size() < 2) continue;
        const size_t cut_from = k == 0 ? start : operands[k - 1].second;
        const size_t cut_to = k == 0 ? operands[1].first : end;
        shorter.push_back(Cat(line.substr(0, cut_from), line.substr(cut_to)));
      }
      // `((a + b))`
      if (from > body && operands.size() == 1) {
        shorter.push_back(Cat(line.substr(0, from - 1), line.substr(from, to - from), line.substr(to + 1)));
      }
    }
    std::erase_if(shorter, [&](const std::string& each) { return each.size() >= line.size(); });
    std::sort(shorter.begin(), shorter.end(),
              [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
    return shorter;
  }

  // What stands between ` | `, ` + `, ` & ` and ` - ` in [from, to), brackets left whole.
  static std::vector<std::pair<size_t, size_t>> OperandsOf(const std::string& line, size_t from, size_t to) {
    std::vector<std::pair<size_t, size_t>> operands;
    int depth = 0;
    size_t start = from;
    for (size_t i = from; i < to; ++i) {
      if (line[i] == '(') ++depth;
      if (line[i] == ')') --depth;
      const bool is_operator = depth == 0 && line[i] == ' ' && i + 2 < to && line[i + 2] == ' ' &&
                               std::string_view("|+&-").find(line[i + 1]) != std::string_view::npos;
      if (!is_operator) continue;
      operands.emplace_back(start, i);
      start = i + 3;
    }
    operands.emplace_back(start, to);
    return operands;
  }

  bool AcceptSchema(Case smaller) {
    smaller.world.schema = CompileSchema(smaller.world.draft.Text()).schema;
    if (smaller.world.schema == nullptr) return false;
    const Schema& schema = *smaller.world.schema;
    for (WorldWrite& write : smaller.world.writes) {
      std::erase_if(write.changes, [&](const TupleChange& change) {
        return !ValidateRelationship(schema, change.relationship, Intent::kStore).ok();
      });
    }
    std::erase_if(smaller.world.writes, [](const WorldWrite& write) { return write.changes.empty(); });
    std::erase_if(smaller.world.objects, [&](const ObjectRef& object) { return !schema.FindType(object.type); });
    for (CheckQuestion& question : smaller.questions) {
      if (!CanAsk(schema, question)) return false;
      std::erase_if(question.contextual,
                    [&](const Relationship& r) { return !ValidateRelationship(schema, r, Intent::kStore).ok(); });
    }
    return Accept(smaller);
  }

  static bool CanAsk(const Schema& schema, const CheckQuestion& question) {
    const auto type = schema.FindType(question.resource.type);
    const auto subject = schema.FindType(question.subject.type);
    if (!type || !subject || !schema.FindMember(*type, question.permission)) return false;
    if (question.task && !schema.FindType(question.task->type)) return false;
    return question.subject.relation.empty() || schema.FindMember(*subject, question.subject.relation);
  }

  Case case_;
  const Property& property_;
  const absl::Time deadline_ = absl::Now() + kShrinkMax;
};

std::string Describe(uint64_t seed, const Case& c, const Disagreement& fault) {
  std::string text = Cat(fault.text, "\nquestions:\n");
  for (const CheckQuestion& question : c.questions) text += Cat("  ", ToText(question), "\n");
  text += Cat("now: ", absl::FormatTime(c.world.now, absl::UTCTimeZone()), "\n", c.world.draft.Text());
  for (const WorldWrite& write : c.world.writes) {
    text += Cat("write at ", absl::FormatTime(write.at, absl::UTCTimeZone()), ":\n");
    for (const TupleChange& change : write.changes) {
      text += Cat(change.op == ChangeOp::kDelete ? "  delete " : "  touch ", ToText(change.relationship), "\n");
    }
  }
  return text + Cat("again: MANDATE_TEST_SEED=", seed, " MANDATE_TEST_WORLDS=1\n");
}

// A value that is no number would be a campaign of no worlds, or of another seed than was meant.
std::optional<uint64_t> FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  if (std::string_view(value) == "random") return absl::ToUnixMicros(absl::Now());
  char* end = nullptr;
  const uint64_t number = std::strtoull(value, &end, 10);
  if (*end == '\0') return number;
  std::cerr << name << "=" << value << " is no number\n";
  std::exit(2);
}

}  // namespace

bool IsDefaultCampaign() { return !FromEnvironment("MANDATE_TEST_SEED") && !FromEnvironment("MANDATE_TEST_WORLDS"); }

std::vector<uint64_t> CampaignSeeds(size_t worlds) {
  const auto seed = FromEnvironment("MANDATE_TEST_SEED");
  worlds = FromEnvironment("MANDATE_TEST_WORLDS").value_or(worlds * MANDATE_CAMPAIGN_FACTOR);
  std::vector<uint64_t> seeds;
  const auto add = [&](uint64_t first, size_t count) {
    for (size_t i = 0; i < count; ++i) seeds.push_back(first + i);
  };
  if (seed) {
    add(*seed, worlds);
  } else {
    const uint64_t random = absl::ToUnixMicros(absl::Now());
    add(kDefaultSeed, worlds - worlds / 2);
    add(random, worlds / 2);
    std::cerr << "seeds from " << kDefaultSeed << " and, at random, from " << random << "\n";
  }
  return seeds;
}

void RunCampaign(size_t worlds, const WorldMaker& maker, const Property& property) {
  size_t failures = 0;
  for (const uint64_t seed : CampaignSeeds(worlds)) {
    Case c{maker(seed), {}};
    if (c.world.writes.empty()) continue;
    c.questions = MakeQuestions(c.world, seed);
    const std::optional<Disagreement> fault = Try(c, property);
    if (!fault) continue;
    const Case small = Shrinker(c, property).Shrink(fault->question);
    const std::optional<Disagreement> shown = Try(small, property);
    ADD_FAILURE() << Describe(seed, small, shown ? *shown : *fault);
    if (++failures == kFailuresMax) return;
  }
}

}  // namespace mandate
