// schema_rules.h: what a new schema may not do to what is stored.
#ifndef MANDATE_CHECK_SCHEMA_RULES_H_
#define MANDATE_CHECK_SCHEMA_RULES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "schema/compiler.h"
#include "storage/tuple_store.h"

namespace mandate {

// FAILED_PRECONDITION (WIDENS_AUTHORITY), naming each, when `change` drops restrictions that `drops` does not name as
// SchemaChange::widened does.
absl::Status AdmitWidening(const SchemaChange& change, const std::vector<std::string>& drops);

// FAILED_PRECONDITION (ORPHANS_RELATIONSHIPS), with a count and examples for each form (`document#viewer@user:*`), when
// relationships that are stored, expired or not, are not allowed by `after`; CHANGES_KIND when one names a type that becomes
// another kind. Reads the narrowed relations and those types alone.
absl::Status AdmitSchema(const Schema& after, const SchemaChange& change, const Snapshot& stored);

}  // namespace mandate

#endif  // MANDATE_CHECK_SCHEMA_RULES_H_
