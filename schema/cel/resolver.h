// resolver.h: which declaration each name of a tree means.
//
// Threads     Free functions; safe anywhere.
// Errors      One diagnostic for each name that means nothing; its node becomes kUnresolved and
//             fails if evaluated.
#ifndef MANDATE_SCHEMA_CEL_RESOLVER_H_
#define MANDATE_SCHEMA_CEL_RESOLVER_H_

#include <vector>

#include "schema/cel/ast.h"

namespace mandate::cel {

struct Resolution {
  std::vector<Diagnostic> diagnostics;
  std::vector<bool> used;  // by variable
  uint32_t local_count = 0;
};

// Names are looked up from the inside out: macros' variables, then `container` and its parents,
// then the root; there variables before names of types. `a.b.c` means the variable `a.b.c` if there
// is one, else field `c` of `a.b`.
Resolution ResolveNames(Ast& ast, const std::vector<Variable>& variables, std::string_view container, Cost& budget);

}  // namespace mandate::cel

#endif  // MANDATE_SCHEMA_CEL_RESOLVER_H_
