// schema_dot.h: a schema as a picture, in the language of Graphviz.
//
//   a box         a definition; the dot in it stands for its objects themselves
//   blue, green   relations, permissions
//   a line        from a permission to what it is made of, red where that is taken away, dashed
//   where
//                 it goes over the objects of a relation; from a relation to what it can hold
//   purple        what delegation reserves
//
// Threads     Free function; safe anywhere.
#ifndef MANDATE_TOOLS_SCHEMA_DOT_H_
#define MANDATE_TOOLS_SCHEMA_DOT_H_

#include <string>

#include "schema/schema.h"

namespace mandate {

std::string SchemaToDot(const Schema& schema);

}  // namespace mandate

#endif  // MANDATE_TOOLS_SCHEMA_DOT_H_
