// random_schema.h: random schema text that compiles, over the whole language.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_TEST_RANDOM_SCHEMA_H_
#define MANDATE_TEST_RANDOM_SCHEMA_H_

#include "test/random_world.h"

namespace mandate {

// Relations named `parent` and `owner` never hold a wildcard, so arrows of any length may go over
// them. Besides users and documents, each other type is there in `types_percent` of the schemas.
SchemaDraft MakeRandomSchema(Dice& dice, bool with_delegation, size_t types_percent);

}  // namespace mandate

#endif  // MANDATE_TEST_RANDOM_SCHEMA_H_
