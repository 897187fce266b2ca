#include "schema/expression_meaning.h"

#include <random>

#include "schema/schema_testing.h"

namespace mandate {
namespace {

constexpr int kRelations = 26;

std::string Relation(int i) { return Cat("r_", static_cast<char>('a' + i)); }

std::string Schema(std::string_view left, std::string_view right) {
  std::string text = "use self\ndefinition user {\n relation up_one: user | team\n";
  for (int i = 0; i < kRelations; ++i) text += Cat(" relation ", Relation(i), ": user\n");
  return Cat(text, " permission left = ", left, "\n permission right = ", right,
             "\n}\ndefinition team { relation lead: user; relation r_a: user }");
}

bool Same(std::string_view left, std::string_view right) {
  const auto schema = MustCompile(Schema(left, right));
  Meanings meanings;
  const std::vector<MeaningId> read = meanings.Read(*schema);
  const auto meaning = [&](std::string_view name) {
    const ExprId root = schema->member(*schema->FindMember(TypeId{0}, name)).root;
    return read[static_cast<size_t>(schema->expression(root).children[0])];
  };
  return meanings.AreSame(meaning("left"), meaning("right"));
}

TEST(Meanings, WritingItOtherwiseMakesNoDifference) {
  const std::pair<const char*, const char*> rows[] = {
      {"r_a + r_b", "r_b + r_a"},
      {"r_a & (r_b & r_c)", "(r_c & r_a) & r_b"},
      {"r_a + r_a", "(r_a)"},
      {"r_a + nil", "r_a"},
      {"r_a & nil", "nil"},
      {"r_a - nil", "r_a"},
      {"r_a - r_a", "nil"},
      {"up_one->r_a", "up_one.any(r_a)"},
      {"up_one->nothing", "nil"},
      {"self + r_a", "r_a + self"},
      {"r_a - r_b - r_c", "r_a - r_c - r_b"},
      {"r_a - (r_b + r_c)", "r_a - r_b - r_c"},
      {"r_a - (r_b + r_c)", "(r_a - r_b) & (r_a - r_c)"},
      {"(r_a + r_b) - r_c", "(r_a - r_c) + (r_b - r_c)"},
      {"r_a + (r_a & r_b)", "r_a"},
      {"(r_a + r_b) & (r_a + r_c)", "r_a + (r_b & r_c)"},
      {"r_a - (r_a - r_b)", "r_a & r_b"},
      {"up_one->up_one->r_a - r_b", "up_one.any(up_one)->r_a - r_b"},
  };
  for (const auto& [left, right] : rows) EXPECT_TRUE(Same(left, right)) << left << " = " << right;
}

TEST(Meanings, MeaningSomethingElseDoes) {
  const std::pair<const char*, const char*> rows[] = {
      {"r_a", "r_b"},
      {"r_a", "nil"},
      {"r_a", "self"},
      {"r_a + r_b", "r_a & r_b"},
      {"r_a - r_b", "r_b - r_a"},
      {"r_a - (r_b - r_c)", "r_a - r_b - r_c"},
      {"up_one->r_a", "up_one.all(r_a)"},
      {"up_one->r_a", "up_one->lead"},
      {"up_one->r_a", "r_a"},
      {"up_one->up_one->r_a", "up_one->r_a"},
      {"up_one.all(up_one)->r_a", "up_one->up_one.all(r_a)"},
      {"r_a + (r_b & r_c)", "(r_a + r_b) & r_c"},
  };
  for (const auto& [left, right] : rows) EXPECT_FALSE(Same(left, right)) << left << " = " << right;
}

TEST(Meanings, OfManyThingsOrderAndRepetitionStillMakeNoDifference) {
  std::string forward = "nil", backward = "nil", other = "nil", minus = "self", shuffled = "self";
  for (int i = 0; i < kRelations; ++i) {
    forward += Cat(" + ", Relation(i));
    backward += Cat(" + ", Relation(kRelations - 1 - i), " + ", Relation(0));
    if (i > 0) other += Cat(" + ", Relation(i));
    minus += Cat(" - ", Relation(i));
    shuffled += Cat(" - ", Relation((i * 7) % kRelations));
  }
  EXPECT_TRUE(Same(forward, backward));
  EXPECT_FALSE(Same(forward, other));
  EXPECT_TRUE(Same(minus, shuffled));
  EXPECT_TRUE(Same(minus, Cat("self - (", forward, ")")));
}

// Random expressions over four relations, against their value for each of the 16 combinations.
class RandomExpression {
 public:
  explicit RandomExpression(std::mt19937& random) : random_(random) {}

  // Its text, and one bit for each combination.
  std::pair<std::string, uint32_t> Make(int depth) {
    constexpr uint32_t kColumns[] = {0xAAAA, 0xCCCC, 0xF0F0, 0xFF00};
    if (depth == 0 || random_() % 4 == 0) {
      const auto i = random_() % 5;
      if (i == 4) return {"nil", 0};
      return {Relation(static_cast<int>(i)), kColumns[i]};
    }
    const auto [left, a] = Make(depth - 1);
    const auto [right, b] = Make(depth - 1);
    switch (random_() % 3) {
      case 0: return {Cat("(", left, " + ", right, ")"), a | b};
      case 1: return {Cat("(", left, " & ", right, ")"), a & b};
      default: return {Cat("(", left, " - ", right, ")"), a & ~b};
    }
  }

 private:
  std::mt19937& random_;
};

TEST(Meanings, AreThoseOfEveryCombination) {
  std::mt19937 random(42);
  int same = 0;
  for (int i = 0; i < 500; ++i) {
    const auto [left, a] = RandomExpression(random).Make(3);
    const auto [right, b] = RandomExpression(random).Make(3);
    EXPECT_EQ(Same(left, right), a == b) << left << " and " << right;
    same += a == b;
  }
  EXPECT_GT(same, 20);
}

}  // namespace
}  // namespace mandate
