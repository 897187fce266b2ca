// parser.h: source text to tree; macros are recognised here, names are not yet looked up.
//
// Threads     Free functions; safe anywhere.
// Errors      The first one only: what follows it is guesswork.
#ifndef MANDATE_SCHEMA_CEL_PARSER_H_
#define MANDATE_SCHEMA_CEL_PARSER_H_

#include <optional>
#include <string_view>
#include <vector>

#include "schema/cel/ast.h"

namespace mandate::cel {

// What a node costs by the time its types are known, and a program is kept that it is a part of.
inline constexpr uint64_t kUnitsPerNode = 100;
inline constexpr std::string_view kTooLarge = "the expression is too large";  // The budget is exceeded.

// REQUIRES: `source` is valid UTF-8 of at most kSourceSizeMax bytes.
std::optional<Diagnostic> Parse(std::string_view source, Ast& ast, Cost& budget);

// Turns the call `node` into the macro it spells, if it spells one. The children's order is kept:
// receiver first.
std::optional<Diagnostic> ExpandMacro(Ast& ast, Node& node);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_PARSER_H_
