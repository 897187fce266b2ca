// JSON as values of parameters: the table of README.md.
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "schema/cel/cel.h"

namespace mandate::cel {
namespace {

std::string Converted(std::string_view type, std::string_view json) {
  absl::StatusOr<Value> value = ConvertJson("p", *ParseType(type), nlohmann::json::parse(json));
  return value.ok() ? value->ToString() : std::string(value.status().message());
}

struct JsonCase {
  std::string_view type;
  std::string_view json;
  std::string_view value;
};

TEST(CelJson, ConvertsWhatEachTypeAccepts) {
  for (const JsonCase& c : std::initializer_list<JsonCase>{
           {"any", "null", "null"},
           {"any", "[1, \"a\", {\"b\": true}]", "[1, \"a\", {\"b\": true}]"},
           {"bool", "true", "true"},
           {"string", "\"a\"", "\"a\""},
           {"int", "5", "5"},
           {"int", "5.0", "5"},
           {"int", "-5", "-5"},
           {"int", "\"9223372036854775807\"", "9223372036854775807"},
           {"int", "\"-9223372036854775808\"", "-9223372036854775808"},
           {"uint", "5", "5u"},
           {"uint", "\"18446744073709551615\"", "18446744073709551615u"},
           {"uint", "18446744073709551615", "18446744073709551615u"},
           {"double", "1.5", "1.5"},
           {"double", "2", "2"},
           {"double", "\"1e3\"", "1000"},
           {"bytes", "\"AP8=\"", "b\"\\x00\\xff\""},
           {"duration", "\"1h30m\"", "duration(\"5400s\")"},
           {"duration", "\"5400s\"", "duration(\"5400s\")"},
           {"duration", "\"-1.5h\"", "duration(\"-5400s\")"},
           {"timestamp", "\"2026-01-31T12:00:00+01:00\"", "timestamp(\"2026-01-31T11:00:00Z\")"},
           {"ipaddress", "\"10.0.0.1\"", "ipaddress(\"10.0.0.1\")"},
           {"ipaddress", "\"::ffff:10.0.0.1\"", "ipaddress(\"10.0.0.1\")"},
           {"list<int>", "[1, \"2\"]", "[1, 2]"},
           {"map<uint>", "{\"a\": 1}", "{\"a\": 1u}"},
           {"list<map<bool>>", "[{\"a\": true}, {}]", "[{\"a\": true}, {}]"},
       }) {
    EXPECT_EQ(Converted(c.type, c.json), c.value) << c.type << " " << c.json;
  }
}

TEST(CelJson, RefusesTheRestAndSaysWhatIsAllowed) {
  const std::string an_int = "parameter `p` must be an integer of 64 bits, as a number or a decimal string";
  const std::string a_duration = "parameter `p` must be a duration such as \"1h30m\" or \"5400s\"";
  const std::string a_timestamp = "parameter `p` must be a timestamp such as \"2026-01-31T12:00:00Z\"";
  const std::string bytes = "parameter `p` must be a string of base64 with padding";
  for (const auto& [type, json, message] : std::initializer_list<std::tuple<std::string, std::string, std::string>>{
           {"bool", "\"true\"", "parameter `p` must be true or false"},
           {"bool", "1", "parameter `p` must be true or false"},
           {"string", "1", "parameter `p` must be a string"},
           {"string", "null", "parameter `p` must be a string"},
           {"int", "1.5", an_int},
           {"int", "\"zz\"", an_int},
           {"int", "\" 1\"", an_int},
           {"int", "null", an_int},
           {"int", "1e300", an_int},
           {"int", "9223372036854775808", an_int},
           {"uint", "-1",
            "parameter `p` must be an integer of 64 bits that is not negative, as a number or a "
            "decimal string"},
           {"double", "\"abc\"", "parameter `p` must be a number, or a decimal string of one"},
           {"double", "\"NaN\"", "parameter `p` must be a number, or a decimal string of one"},
           {"bytes", "\"AP8\"", bytes},
           {"bytes", "\"A P8=\"", bytes},
           {"duration", "5", a_duration},
           {"duration", "\"P1D\"", a_duration},
           {"duration", "\"inf\"", a_duration},
           {"timestamp", "\"2026-01-31\"", a_timestamp},
           {"timestamp", "\"2026-01-31T12:00:00\"", a_timestamp},
           {"timestamp", "1767265200", a_timestamp},
           {"ipaddress", "\"10.0.0\"", "parameter `p` must be an IP address such as \"10.0.0.1\" or \"2001:db8::1\""},
           {"ipaddress", "\"fe80::1%eth0\"",
            "parameter `p` must be an IP address such as \"10.0.0.1\" or \"2001:db8::1\""},
           {"list<int>", "{}", "parameter `p` must be a list"},
           {"map<int>", "[]", "parameter `p` must be an object"},
       }) {
    EXPECT_EQ(Converted(type, json), message) << type << " " << json;
  }
}

TEST(CelJson, NamesThePlaceInside) {
  EXPECT_EQ(Converted("list<map<list<bool>>>", "[{}, {\"days\": [true, 1]}]"),
            "parameter `p[1].days[1]` must be true or false");
}

TEST(CelJson, MakesAllNumbersOfAnyDoubles) {
  EXPECT_EQ(ConvertJson("p", Type(), nlohmann::json(1))->kind(), ValueKind::kDouble);
  EXPECT_EQ(ConvertJson("p", Type(), nlohmann::json(1.0))->kind(), ValueKind::kDouble);
}

TEST(CelJson, RefusesDeepNestingAndInvalidUtf8) {
  nlohmann::json deep = 1;
  for (int i = 0; i < kJsonNestingMax + 1; ++i) deep = nlohmann::json::array({deep});
  EXPECT_FALSE(ConvertJson("p", Type(), deep).ok());
  EXPECT_TRUE(ConvertJson("p", Type(), deep[0]).ok());
  EXPECT_FALSE(ConvertJson("p", Type(TypeKind::kString), nlohmann::json("\xFF")).ok());
  EXPECT_FALSE(ConvertJson("p", Type(), nlohmann::json{{"\xFF", 1}}).ok());
}

}  // namespace
}  // namespace mandate::cel
