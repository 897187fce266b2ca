// reference_write_rules.h: which writes the rules of delegation refuse (delegation.md, section 2).
//
//   ReferenceWriteRules rules;
//   std::set<std::string> faults = rules.Judge(schema, before, after, changes);   // {"INCOMPLETE"}
//   if (faults.empty()) rules.Admit(schema, changes);
//
// A write may break several rules at once; the specification does not say which one is named then.
//
// Threads     A test's own.
#ifndef MANDATE_TEST_REFERENCE_WRITE_RULES_H_
#define MANDATE_TEST_REFERENCE_WRITE_RULES_H_

#include <set>
#include <string>
#include <vector>

#include "schema/schema.h"
#include "test/reference_store.h"

namespace mandate {

class ReferenceWriteRules {
 public:
  // The reasons for which `changes`, which lead from `before` to `after`, may be refused; empty:
  // the write is admitted.
  std::set<std::string> Judge(const Schema& schema, const ReferenceStore& before, const ReferenceStore& after,
                              const std::vector<TupleChange>& changes) const;

  // Notes what an admitted write named and sealed.
  void Admit(const Schema& schema, const std::vector<TupleChange>& changes);

 private:
  std::set<ObjectRef> named_;   // Tasks and sessions that some write has named.
  std::set<ObjectRef> sealed_;  // Tasks that have had a session or a child.
};

}  // namespace mandate

#endif  // MANDATE_TEST_REFERENCE_WRITE_RULES_H_
