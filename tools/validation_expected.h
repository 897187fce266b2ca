// validation_expected.h: is everybody found who is expected, and nobody else?
//
// By the tree of Expand: who stands in it, in which relations, and whom its set algebra holds. A
// wildcard is found with those that it does not hold for.
//
// Threads     Free function; safe anywhere.
#ifndef MANDATE_TOOLS_VALIDATION_EXPECTED_H_
#define MANDATE_TOOLS_VALIDATION_EXPECTED_H_

#include <vector>

#include "service/database/database.h"
#include "tools/validation_run.h"

namespace mandate {

std::vector<Failure> CheckExpectedSet(const Database& database, const View& view, const ExpectedSet& expected);

}  // namespace mandate

#endif  // MANDATE_TOOLS_VALIDATION_EXPECTED_H_
