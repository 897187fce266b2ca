#include "test/random_caveats.h"

#include <map>
#include <set>

#include "nlohmann/json.hpp"
#include "schema/text.h"

namespace mandate {
namespace {

using Json = nlohmann::json;

struct Parameter {
  std::string type;
  std::vector<Json> values;
  std::vector<Json> wrong;
};

// Caveats share parameters, so one context of a question decides several.
const std::map<std::string, Parameter>& Parameters() {
  static const auto& kParameters = *new std::map<std::string, Parameter>{
      {"hour", {"int", {5, 9, 12, "17"}, {"soon", 1.5, Json()}}},
      {"low", {"int", {4, 8}, {true}}},
      {"high", {"int", {10, 18}, {"late"}}},
      {"on", {"bool", {true, false}, {1, "true"}}},
      {"tag", {"string", {"a", "b"}, {7}}},
      {"tags", {"list<string>", {Json::array(), {"a"}, {"b", "c"}}, {"a", Json::array({1})}}},
      {"scores", {"map<int>", {Json::object(), {{"a", 3}}, {{"b", 1}}}, {{{"a", "many"}}}}},
      {"part", {"int", {0, 1, 3}, {Json::array()}}},
      {"ip", {"ipaddress", {"10.1.2.3", "11.0.0.1"}, {"here"}}},
      {"network", {"string", {"10.0.0.0/8", "nonsense"}, {false}}},
      {"seen", {"timestamp", {"2026-05-31T12:00:00Z", "2020-01-01T00:00:00+02:00"}, {"today"}}},
      {"age", {"duration", {"1h", "24h30m"}, {24}}},
      {"extra", {"any", {"x", 1, Json(), {1, 2}}, {}}},
      {"count", {"uint", {0, 3}, {-1}}},
      {"ratio", {"double", {0.5, 2, "1.5"}, {"half"}}},
  };
  return kParameters;
}

struct Shape {
  const char* name;
  std::vector<std::string> parameters;
  const char* expression;
};

const std::vector<Shape>& Shapes() {
  static const auto& kShapes = *new std::vector<Shape>{
      {"by_hour", {"hour", "low", "high"}, "hour >= low && hour < high"},
      {"switched", {"on"}, "on"},
      {"either", {"on", "hour"}, "on || hour > 10"},
      {"tagged", {"tag", "tags"}, "tag in tags"},
      {"scored", {"tag", "scores"}, "scores[tag] > 2"},
      {"known", {"tag", "scores"}, "tag in scores && scores[tag] > 2"},
      {"divided", {"hour", "part"}, "hour / part > 4"},
      {"from_network", {"ip", "network"}, "ip.in_cidr(network)"},
      {"fresh", {"seen", "age"}, "timestamp('2026-06-01T00:00:00Z') - seen < age"},
      {"anything", {"extra", "on"}, "on && extra == 'x'"},
      {"counted", {"count", "ratio"}, "count > 1 || ratio > 1.0"},
      {"chosen", {"on", "low", "high", "hour"}, "(on ? low : high) < hour"},
  };
  return kShapes;
}

}  // namespace

std::vector<SchemaDraft::Block> MakeRandomCaveats(Dice& dice) {
  std::vector<SchemaDraft::Block> blocks;
  std::set<std::string> taken;
  const size_t count = 1 + dice.Below(4);
  for (size_t i = 0; i < count; ++i) {
    const Shape& shape = dice.Pick(Shapes());
    if (!taken.insert(shape.name).second) continue;
    std::string header = Cat("caveat ", shape.name, "(");
    for (const std::string& name : shape.parameters) {
      header += Cat(name == shape.parameters[0] ? "" : ", ", name, " ", Parameters().at(name).type);
    }
    blocks.push_back({Cat(header, ")"), {shape.expression}});
  }
  return blocks;
}

std::string CaveatNameOf(const SchemaDraft::Block& block) {
  const size_t name = std::string_view("caveat ").size();
  return block.header.substr(name, block.header.find('(') - name);
}

std::string MakeStoredContext(Dice& dice, const Caveat& caveat) {
  const size_t percent = dice.Percent(20) ? 0 : dice.Percent(25) ? 100 : 50;
  Json context = Json::object();
  for (const CaveatParameter& parameter : caveat.parameters) {
    if (dice.Percent(percent)) {
      context[parameter.name] = dice.Pick(Parameters().at(parameter.name).values);
    }
  }
  return context.empty() ? "" : context.dump();
}

std::string MakeAskedContext(Dice& dice, const Schema& schema) {
  if (dice.Percent(2)) return dice.Percent(50) ? "[1]" : "{\"hour\":";
  const size_t percent = dice.Percent(20) ? 0 : dice.Percent(40) ? 100 : 50;
  Json context = Json::object();
  for (const Caveat& caveat : schema.caveats()) {
    for (const CaveatParameter& parameter : caveat.parameters) {
      if (!dice.Percent(percent)) continue;
      const Parameter& drawn = Parameters().at(parameter.name);
      const bool is_wrong = !drawn.wrong.empty() && dice.Percent(6);
      context[parameter.name] = dice.Pick(is_wrong ? drawn.wrong : drawn.values);
    }
  }
  return context.empty() ? "" : context.dump();
}

}  // namespace mandate
