// dependencies.h: which relations and permissions the answer to another rests on, and what rests on them.
//
//   std::vector<MemberId> below = DependenciesOf(schema, view);  // a change to none of these alters who has `view`
//   std::vector<MemberId> above = DependentsOf(schema, parent);  // nothing but these can change with `parent`
//
// Of what an agent holds this is one part: the other is its delegation, whatever is asked.
//
// Threads     Free functions; safe anywhere.
// Units       None of the results contains the member that is asked about; each is sorted by id.
// Costs       DependenciesOf and NamedBy walk what they find; DependentsOf walks the schema.
#ifndef MANDATE_SCHEMA_DEPENDENCIES_H_
#define MANDATE_SCHEMA_DEPENDENCIES_H_

#include <vector>

#include "schema/schema.h"

namespace mandate {

std::vector<MemberId> DependenciesOf(const Schema& schema, MemberId member);
std::vector<MemberId> DependentsOf(const Schema& schema, MemberId member);

// One step of DependenciesOf: what the member's own expression, or its subject sets, name.
std::vector<MemberId> NamedBy(const Schema& schema, MemberId member);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_DEPENDENCIES_H_
