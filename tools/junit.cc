#include "tools/junit.h"

#include "absl/strings/str_format.h"
#include "schema/text.h"

namespace mandate {
namespace {

// XML has no way to write most control characters, escaped or not, nor bytes that are no UTF-8.
std::string Escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8CharacterLength(text);
    const std::string_view character = text.substr(0, std::max<size_t>(length, 1));
    const char c = character[0];
    if (length == 0 || (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')) {
      out += "?";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

std::string Attribute(std::string_view name, std::string_view value) {
  return Cat(" ", name, "=\"", Escape(value), "\"");
}

std::string Seconds(absl::Duration duration) { return absl::StrFormat("%.3f", absl::ToDoubleSeconds(duration)); }

struct Totals {
  size_t tests = 0;
  size_t failures = 0;
  size_t errors = 0;
  absl::Duration took;

  void Add(const Totals& more) {
    tests += more.tests;
    failures += more.failures;
    errors += more.errors;
    took += more.took;
  }
  std::string Attributes() const {
    return Cat(Attribute("tests", std::to_string(tests)), Attribute("failures", std::to_string(failures)),
               Attribute("errors", std::to_string(errors)), Attribute("skipped", "0"),
               Attribute("time", Seconds(took)));
  }
};

Totals Count(const TestedWorld& world) {
  if (!world.loaded.ok()) return {1, 0, 1, world.took};
  Totals totals{world.report.cases.size(), 0, 0, world.took};
  for (const ValidationCase& each : world.report.cases) totals.failures += !each.failures.empty();
  return totals;
}

std::string CaseText(const TestedWorld& world, const ValidationCase& one) {
  std::string text =
      Cat("    <testcase", Attribute("name", Cat(one.line, ": ", one.name)), Attribute("classname", world.path),
          Attribute("file", world.path), Attribute("line", std::to_string(one.line)), Attribute("time", "0"));
  if (one.failures.empty()) return Cat(text, "/>\n");
  text += ">\n";
  const Failure& first = one.failures[0];
  std::string body;
  for (const Failure& each : one.failures) body += Cat(ToText(world.path, each), "\n");
  return Cat(text, "      <failure", Attribute("message", Cat("expected ", first.expected, ", got ", first.got)),
             Attribute("type", "expectation"), ">", Escape(body), "</failure>\n    </testcase>\n");
}

}  // namespace

std::string ToJUnit(const std::vector<TestedWorld>& worlds) {
  Totals totals;
  std::string suites;
  for (const TestedWorld& world : worlds) {
    const Totals its = Count(world);
    totals.Add(its);
    suites += Cat("  <testsuite", Attribute("name", world.path), its.Attributes(), ">\n");
    if (!world.loaded.ok()) {
      suites += Cat("    <testcase", Attribute("name", "the file"), Attribute("classname", world.path),
                    Attribute("file", world.path), Attribute("time", "0"), ">\n      <error",
                    Attribute("message", StdView(world.loaded.message())), Attribute("type", "file"),
                    "/>\n    </testcase>\n");
    }
    for (const ValidationCase& each : world.report.cases) suites += CaseText(world, each);
    suites += "  </testsuite>\n";
  }
  return Cat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", Attribute("name", "mandate test"),
             totals.Attributes(), ">\n", suites, "</testsuites>\n");
}

}  // namespace mandate
