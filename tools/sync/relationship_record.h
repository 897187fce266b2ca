// relationship_record.h: a relationship as bytes that sort by object, relation and subject.
//
//   record = identity attributes
//   identity = type 00 id 00 relation 00 subject_type 00 subject_id 00 subject_relation 00
//   attributes = caveat 00 context 00 [expiry in microseconds]
//
// No part holds a NUL, so records sort by their parts, and all of one object lie together.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_TOOLS_SYNC_RELATIONSHIP_RECORD_H_
#define MANDATE_TOOLS_SYNC_RELATIONSHIP_RECORD_H_

#include <string>
#include <string_view>

#include "schema/relationship.h"

namespace mandate {

std::string RecordOf(const Relationship& relationship);

// REQUIRES, of all of them: RecordOf made the record.
Relationship RelationshipOf(std::string_view record);
std::string_view IdentityOf(std::string_view record);
std::string_view ObjectOf(std::string_view record);

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_RELATIONSHIP_RECORD_H_
