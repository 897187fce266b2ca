// reference_store.h: what is stored after a row of writes, with its ages, as a map.
//
// Threads     A test's own.
#ifndef MANDATE_TEST_REFERENCE_STORE_H_
#define MANDATE_TEST_REFERENCE_STORE_H_

#include <map>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "storage/tuple_store.h"
#include "tools/reference/reference_evaluator.h"

namespace mandate {

class ReferenceStore {
 public:
  using Identity = std::tuple<ObjectRef, std::string, SubjectRef>;
  static Identity IdentityOf(const Relationship& r) { return {r.resource, r.relation, r.subject}; }

  // A TOUCH of a stored, unexpired relationship that changes at most its expiry keeps the age; any
  // other is new. One that changes nothing leaves all as it was.
  void Apply(const std::vector<TupleChange>& changes, Revision revision, absl::Time now) {
    for (const TupleChange& change : changes) {
      const Identity identity = IdentityOf(change.relationship);
      const auto found = stored_.find(identity);
      if (change.op == ChangeOp::kDelete) {
        if (found != stored_.end()) stored_.erase(found);
        continue;
      }
      StoredRelationship after{change.relationship, revision, revision};
      if (found != stored_.end() && now < found->second.relationship.expires_at) {
        const StoredRelationship& before = found->second;
        if (before.relationship == after.relationship) continue;
        if (before.relationship.caveat == after.relationship.caveat &&
            before.relationship.caveat_context == after.relationship.caveat_context) {
          after.born = before.born;
        }
      }
      stored_[identity] = after;
    }
  }

  const StoredRelationship* Find(const Relationship& r) const {
    const auto found = stored_.find(IdentityOf(r));
    return found == stored_.end() ? nullptr : &found->second;
  }

  std::vector<StoredRelationship> All() const {
    std::vector<StoredRelationship> all;
    for (const auto& [identity, stored] : stored_) all.push_back(stored);
    return all;
  }

 private:
  std::map<Identity, StoredRelationship> stored_;
};

}  // namespace mandate

#endif  // MANDATE_TEST_REFERENCE_STORE_H_
