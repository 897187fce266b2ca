// parser.h: schema text into a syntax tree, whatever the text.
//
// The tree holds everything that could be read, so that names declared beside an error are known to
// the resolver. What could not be read is reported and marked `broken` or `incomplete`.
//
// Threads     Free function; safe anywhere.
// Errors      Reported to the sink: one for each faulty statement, then reading goes on behind it.
// Limits      Parentheses nested at most 256 deep.
#ifndef MANDATE_SCHEMA_PARSER_H_
#define MANDATE_SCHEMA_PARSER_H_

#include <string_view>

#include "schema/diagnostic_sink.h"
#include "schema/syntax.h"

namespace mandate::syntax {

// REQUIRES: text.size() < 4 GiB.
File ParseSchema(std::string_view text, DiagnosticSink& sink);

}  // namespace mandate::syntax

#endif  // MANDATE_SCHEMA_PARSER_H_
