// compiler.h: schema text in, a Schema or everything that is wrong with it out.
//
//   CompileResult result = CompileSchema(text);
//   if (!result.ok()) std::cerr << RenderDiagnostics("schema.zed", text, result.diagnostics);
//
// Threads     Free functions; safe anywhere.
// Errors      All errors of a text are reported, not the first alone, in source order, each once
// (after 1,000 errors
//             or 1,000 warnings the rest are only counted).
// Limits      4 MiB of text; expressions nested at most 256 deep (a limit of the reader, not of the
// data).
#ifndef MANDATE_SCHEMA_COMPILER_H_
#define MANDATE_SCHEMA_COMPILER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "schema/relationship.h"
#include "schema/schema.h"

namespace mandate {

enum class Severity { kError, kWarning };

// What kind of error: the text cannot be read as a schema (existing clients know it as SCHEMA_PARSE_ERROR), or it can
// be read and what it says is wrong (SCHEMA_TYPE_ERROR).
enum class Fault { kSyntax, kMeaning };

// Where, in bytes from 0, and in lines and columns from 1 (columns count UTF-8 characters).
struct SourceRange {
  size_t offset = 0;
  size_t length = 0;
  int line = 1;
  int column = 1;
};

struct Diagnostic {
  Severity severity = Severity::kError;
  SourceRange range;
  std::string message;  // Lower case, the user's text in backticks, no full stop, the way out if it is short.
  Fault fault = Fault::kMeaning;
  std::string lint = {};  // Of a warning: its name, by which a comment silences it (lint.h).
};

struct CompileResult {
  std::shared_ptr<const Schema> schema;  // Null when there is an error.
  std::vector<Diagnostic> diagnostics;   // Errors and warnings, in source order.
  bool ok() const { return schema != nullptr; }
};

CompileResult CompileSchema(std::string_view text);

// What a person reads: `FILE:LINE:COLUMN: error: MESSAGE`, the line, and the offending text underlined.
std::string RenderDiagnostics(std::string_view file, std::string_view text, const std::vector<Diagnostic>& diagnostics);

// May this relationship exist under this schema? INVALID_ARGUMENT with the field's path, and a reason:
// UNKNOWN_DEFINITION, UNKNOWN_RELATION, NOT_A_RELATION (a permission), SUBJECT_TYPE_NOT_ALLOWED,
// EXPIRATION_REQUIRED, EXPIRATION_NOT_ALLOWED, CAVEAT_REQUIRED, CAVEAT_NOT_ALLOWED, CAVEAT_CONTEXT_INVALID. The form
// (relationship.h) is already valid.
// For a deletion caveat and expiry are not looked at.
enum class Intent { kStore, kDelete };
absl::Status ValidateRelationship(const Schema& schema, const Relationship& relationship, Intent intent);

// What changes when `after` replaces `before`, as far as stored relationships and authority are concerned.
struct SchemaChange {
  // Relations (`type#relation`) some of whose stored relationships may not be allowed any more: removed, or with
  // fewer or narrower subject types, or on a type that changed its kind.
  struct Narrowed {
    std::string type;
    std::string relation;
  };
  std::vector<Narrowed> narrowed;
  // Types that become another kind. What is kept of agents, tasks and sessions by their writes (that an id was used, that a
  // scope is sealed) is not there of what was written under another kind.
  std::vector<std::string> rekinded;
  // Restrictions of types that stay, and that are gone or weaker, which widens authority: `assistant#boundary`,
  // `errand: limit mailbox#send to 5 per task` (delegation.md, section 2).
  std::vector<std::string> widened;
};
SchemaChange CompareForStorage(const Schema& before, const Schema& after);

// The closest of `candidates` to `name`, for "did you mean"; empty when none is close.
std::string ClosestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_COMPILER_H_
