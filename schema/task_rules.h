// task_rules.h: which rule of a task takes the place of which, within a schema or across two.
//
//   limit mailbox#send to 3 per task       for  limit mailbox#send to 5 per session
//   after document#view forbid mail#send   for  after document#view when secret forbid mail#send
//
// Rules are compared by their names, since schemas share no ids. What a permission means is not
// looked at: its expression may change at any time, and what took a rule's place must keep it.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SCHEMA_TASK_RULES_H_
#define MANDATE_SCHEMA_TASK_RULES_H_

#include <string>

#include "schema/schema.h"

namespace mandate {

// True if `rule` refuses whatever `other` would, on any task and at any time; so of a rule itself.
bool RefusesAllOf(const Schema& schema, const TaskRule& rule, const Schema& other_schema, const TaskRule& other);

// How a rule is named outside of its task: `errand: limit mailbox#send to 5 per task`.
std::string RuleName(const Definition& task, const TaskRule& rule);

}  // namespace mandate

#endif  // MANDATE_SCHEMA_TASK_RULES_H_
