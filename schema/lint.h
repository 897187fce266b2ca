// lint.h: what is legal and surely a mistake, by name. Comments silence a warning by its name,
// before or behind the statement, or before the definition for all of it:
//
//   // mandate-ignore-warning: mixed-operators-without-parentheses
//   permission view = viewer + editor - banned
//
// Lints that existing tools have too carry the name they have there; `spicedb-ignore-warning`
// means the same. Matters of style (arrow-references-relation, relation-name-references-parent)
// are no warnings here.
//
// Threads     Values and free functions; safe anywhere.
#ifndef MANDATE_SCHEMA_LINT_H_
#define MANDATE_SCHEMA_LINT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "schema/syntax.h"

namespace mandate {

class DiagnosticSink;

enum class Lint : uint8_t {
  kMixedOperators,              // `a + b - c`: read otherwise than most people think
  kOperandTwice,                // `a + b + a`
  kNeverHolds,                  // a permission, intersection or exclusion that nobody can hold
  kPermissionReferencesItself,  // on the same object, which adds nobody
  kSubtractsItself,             // on other objects: no answer where these form a circle
  kArrowUnreachable,            // an arrow to what no type at its end has
  kArrowWalksSubjectRelation,   // an arrow over `team#member`, which goes to the team
  kNameShadowsType,             // a relation or permission named as a type that it does not hold
  kUnknownAnnotatedType,
  kDelegatorWithoutParentTask,  // a task type that an agent can never delegate
  kRuleVoid,                    // a rule of a task that another one makes void
  kRuleOutsideScope,            // a rule about what the scope can never cover
  kUnknownWarningName,          // in one of our comments that silence
};

// `mixed-operators-without-parentheses`
std::string_view LintName(Lint lint);

// Which lints are silenced, and where.
class Silences {
 public:
  Silences() = default;
  explicit Silences(const syntax::File& file);
  bool Cover(uint32_t offset, Lint lint) const;

 private:
  struct Range {
    syntax::Span span;
    uint32_t lints;  // A bit for each.
  };
  static bool CoverIn(const std::vector<Range>& ranges, uint32_t offset, Lint lint);

  // Each in source order and without overlap. Only those that silence anything.
  std::vector<Range> definitions_;
  std::vector<Range> members_;
};

// Warns of what the text alone shows. The file may have errors.
void LintText(const syntax::File& file, DiagnosticSink& sink);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_LINT_H_
