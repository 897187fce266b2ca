// checker.h: the type of an expression, or where its parts do not fit.
//
// Threads     Free functions; safe anywhere.
// Errors      All of them, in the order of the source; what depends on a wrong part is not reported
//             again.
#ifndef MANDATE_SCHEMA_CEL_CHECKER_H_
#define MANDATE_SCHEMA_CEL_CHECKER_H_

#include <vector>

#include "schema/cel/ast.h"

namespace mandate::cel {

// REQUIRES: names are resolved.
Type CheckTypes(const Ast& ast, const std::vector<Variable>& variables, Cost& budget,
                std::vector<Diagnostic>& diagnostics);

// Literal patterns, address ranges and time zones that mean nothing; keeps the patterns compiled in
// their nodes. Stops where the budget is exceeded. REQUIRES: all types fit.
void CheckLiterals(Ast& ast, Cost& budget, std::vector<Diagnostic>& diagnostics);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_CHECKER_H_
