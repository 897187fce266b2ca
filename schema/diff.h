// diff.h: how one schema differs from another, as a value: what is there, not how it is written.
//
//   for (const Difference& difference : DiffSchemas(*before, *after)) ...
//
// Definitions, members, caveats and parameters are told apart by name, so what is renamed is
// removed and added. What was added or removed is one difference, without its parts. A permission
// is changed if its expression means something else, whatever it rests on (expression_meaning.h);
// a caveat, if the words of its expression are others.
//
// Threads     Free functions; safe anywhere.
// Ownership   The result owns its text.
#ifndef MANDATE_SCHEMA_DIFF_H_
#define MANDATE_SCHEMA_DIFF_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"

namespace mandate {

enum class DifferenceKind : uint8_t {
  kDefinitionAdded,
  kDefinitionRemoved,
  kDefinitionKindChanged,  // `definition` to `agent`
  kDefinitionDocChanged,
  kRelationAdded,
  kRelationRemoved,
  kRelationDocChanged,
  kSubjectTypeAdded,
  kSubjectTypeRemoved,
  kPermissionAdded,
  kPermissionRemoved,
  kPermissionDocChanged,
  kPermissionExpressionChanged,
  kRuleAdded,  // Of a task. A rule is its text, so that none is ever changed.
  kRuleRemoved,
  kRuleDocChanged,
  kCaveatAdded,
  kCaveatRemoved,
  kCaveatDocChanged,
  kCaveatExpressionChanged,
  kParameterAdded,
  kParameterRemoved,
  kParameterTypeChanged,
};

// `SUBJECT_TYPE_ADDED`
std::string_view DifferenceName(DifferenceKind kind);

// True of the kinds that only documentation shows.
bool IsOfDocumentation(DifferenceKind kind);

struct Difference {
  DifferenceKind kind;
  std::string name;    // Of the definition or caveat.
  std::string member;  // The relation, permission or parameter; empty: the thing itself, or a rule.
  // What differs, in the words of the language: subject types, an expression, a rule, a type, a
  // kind; for documentation, its text. Empty where there is nothing.
  std::string before;
  std::string after;
  friend bool operator==(const Difference&, const Difference&) = default;
};

// In the order of `before`, with what `after` alone has behind what it belongs to.
std::vector<Difference> DiffSchemas(const Schema& before, const Schema& after);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_DIFF_H_
