// random_caveats.h: caveats over parameters of every type, and values for them: fitting ones, so
// that the answer goes either way, some with which the expression fails, and some of the wrong
// type.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_TEST_RANDOM_CAVEATS_H_
#define MANDATE_TEST_RANDOM_CAVEATS_H_

#include <string>
#include <vector>

#include "schema/schema.h"
#include "test/random_world.h"

namespace mandate {

// One to four of them, each a block of a schema: `caveat by_hour(hour int) { hour < 12 }`.
std::vector<SchemaDraft::Block> MakeRandomCaveats(Dice& dice);

// The name of such a block's caveat.
std::string CaveatNameOf(const SchemaDraft::Block& block);

// What is stored beside a relationship: values for none, some or all parameters, all of the right
// type. A JSON object, or empty.
std::string MakeStoredContext(Dice& dice, const Caveat& caveat);

// What a question brings: the same for all caveats of the schema, at times with a value of the
// wrong type, and rarely no JSON object at all.
std::string MakeAskedContext(Dice& dice, const Schema& schema);

}  // namespace mandate

#endif  // MANDATE_TEST_RANDOM_CAVEATS_H_
