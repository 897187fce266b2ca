// printer_testing.h: what the tests of the printer say.
//
// Threads     Tests only.
#ifndef MANDATE_SCHEMA_PRINTER_TESTING_H_
#define MANDATE_SCHEMA_PRINTER_TESTING_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "schema/parser.h"
#include "schema/printer.h"
#include "schema/syntax_testing.h"

namespace mandate {

struct Parsed {
  syntax::File file;
  bool ok;
};

inline Parsed Parse(std::string_view text) {
  DiagnosticSink sink(text);
  syntax::File file = syntax::ParseSchema(text, sink);
  return {std::move(file), !sink.has_errors()};
}

inline std::string Format(std::string_view text) { return syntax::FormatSchema(Parse(text).file); }

// Reading what was printed gives the same tree and the same expressions, and printing it again the same text.
inline void ExpectRoundTrip(std::string_view text) {
  const Parsed before = Parse(text);
  ASSERT_TRUE(before.ok) << text;
  const std::string printed = syntax::FormatSchema(before.file);
  const Parsed after = Parse(printed);
  EXPECT_TRUE(after.ok) << text << "\n--- printed:\n" << printed;
  EXPECT_EQ(syntax::ShowFile(after.file), syntax::ShowFile(before.file)) << "--- printed:\n" << printed;
  EXPECT_EQ(syntax::ShowExpressions(after.file), syntax::ShowExpressions(before.file)) << "--- printed:\n" << printed;
  EXPECT_EQ(syntax::FormatSchema(after.file), printed);
}

}  // namespace mandate

#endif  // MANDATE_SCHEMA_PRINTER_TESTING_H_
