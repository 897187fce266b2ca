// rule_testing.h: a schema around the rules of a task, for the tests of rules.
//
// Threads     Tests only.
#ifndef MANDATE_SCHEMA_RULE_TESTING_H_
#define MANDATE_SCHEMA_RULE_TESTING_H_

#include <string>
#include <string_view>

#include "schema/schema_testing.h"

namespace mandate {

// `rules` in the body of a task `errand`, that users ask for and a sub-agent may take on.
inline std::string WithRules(std::string_view rules, std::string_view more = "") {
  return Cat(
      "use delegation\nuse expiration\n"
      "definition user { relation acts_on_behalf_of: bot with expiration }\n"
      "definition doc {\n relation owner: user\n relation viewer: user\n relation secret: user:*\n"
      " relation draft: doc\n permission edit = owner\n permission view = viewer + edit\n}\n"
      "definition mail { relation owner: user; permission send = owner }\n"
      "agent bot { relation acts_on_behalf_of: bot with expiration }\n"
      "task errand {\n relation delegator: user | bot\n"
      " relation delegated_for_task: bot with expiration\n relation parent_task: errand\n"
      " relation scope: doc#view | doc#edit | mail#send\n",
      rules, "\n}\nsession run { relation agent: bot with expiration; relation task: errand }\n", more);
}

// The texts of the rules that `task` has.
inline std::vector<std::string> RulesOf(const Schema& schema, std::string_view task) {
  std::vector<std::string> texts;
  for (const TaskRule& rule : schema.definition(*schema.FindType(task)).rules) texts.push_back(rule.text);
  return texts;
}

}  // namespace mandate

#endif  // MANDATE_SCHEMA_RULE_TESTING_H_
