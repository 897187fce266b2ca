// printer.h: a syntax tree as canonical text: one statement a line, tabs, every comment kept, and
// parentheses wherever operators of different kinds meet.
//
//   definition document {
//   	relation viewer: user | team#member with expiration
//
//   	// Editors see what they edit.
//   	permission view = (viewer + edit) & active
//   }
//
// Reading the text again gives the same tree, apart from positions and redundant parentheses.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SCHEMA_PRINTER_H_
#define MANDATE_SCHEMA_PRINTER_H_

#include <string>

#include "schema/syntax.h"

namespace mandate::syntax {

// REQUIRES: `file` was read without errors.
std::string FormatSchema(const File& file);

// One expression of it, on one line.
std::string FormatExpression(const File& file, ExprIndex root);

// One rule, on one line. Two rules that say the same have the same text.
std::string FormatRule(const Rule& rule);

}  // namespace mandate::syntax

#endif  // MANDATE_SCHEMA_PRINTER_H_
