// comment.h: what the text of a comment says: how it is kept, the documentation it gives, and the
// warnings it silences.
//
//   // Who may read.                                      -> documentation
//   // mandate-ignore-warning: mixed-operators-without-parentheses
//   // spicedb-ignore-warning: arrow-walks-subject-relation
//
// Threads     Free functions; safe anywhere.
// Ownership   Views point into the comment.
#ifndef MANDATE_SCHEMA_COMMENT_H_
#define MANDATE_SCHEMA_COMMENT_H_

#include <string>
#include <string_view>
#include <vector>

#include "schema/syntax.h"

namespace mandate::syntax {

// The comment free of the indentation it stands at: lines that start with `*` start with it now,
// other lines keep their distance to each other. Printing the result at any indentation and
// reading it again gives the same.
std::string DedentComment(std::string_view raw);

// True if every line but the first starts with `*`.
bool IsStarred(std::string_view comment);

// The text of a doc comment: the last comments before an item without an empty line between,
// without delimiters, and without the lines that silence warnings.
std::string DocText(const Comments& comments);

// A warning that a line of it silences. One of existing tools may be none of ours.
struct IgnoredWarning {
  std::string_view name;
  bool is_ours;
};
std::vector<IgnoredWarning> WarningsIgnored(std::string_view comment);

}  // namespace mandate::syntax

#endif  // MANDATE_SCHEMA_COMMENT_H_
