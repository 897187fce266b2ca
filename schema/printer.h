// printer.h: a syntax tree as canonical text: one statement a line where it fits into 100 columns,
// tabs, every comment kept at its place, and parentheses wherever operators of different kinds
// meet.
//
//   definition document { // what people write
//   	relation viewer:
//   		user | // by name
//   		team#member with expiration
//
//   	// Editors see what they edit.
//   	permission view = (viewer + edit) & active
//   }
//
// Reading the text again gives the same tree, apart from positions and redundant parentheses.
//
// Threads     Free functions; safe anywhere.
// Units       A tab counts as four columns.
#ifndef MANDATE_SCHEMA_PRINTER_H_
#define MANDATE_SCHEMA_PRINTER_H_

#include <string>
#include <string_view>

#include "schema/syntax.h"

namespace mandate::syntax {

// REQUIRES: `file` was read without errors.
std::string FormatSchema(const File& file);

// One expression of it, on one line and without comments.
std::string FormatExpression(const File& file, ExprIndex root);

// One rule, on one line. Two rules that say the same have the same text.
std::string FormatRule(const Rule& rule);

// What stands between the braces of a caveat, one tab deep: indented anew by its brackets, blanks
// and empty lines in a row made one, strings and the words themselves untouched.
std::string FormatCaveatBody(std::string_view body);

}  // namespace mandate::syntax

#endif  // MANDATE_SCHEMA_PRINTER_H_
