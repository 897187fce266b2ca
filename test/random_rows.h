// random_rows.h: random relationships under a random schema: what makers of random worlds share.
//
// Threads     A maker belongs to one thread.
#ifndef MANDATE_TEST_RANDOM_ROWS_H_
#define MANDATE_TEST_RANDOM_ROWS_H_

#include <string>
#include <string_view>
#include <vector>

#include "test/random_world.h"

namespace mandate {

class RandomRows {
 public:
  // When the first write is, and how far apart they are.
  static const absl::Time kStart;
  static const absl::Duration kBetweenWrites;

 protected:
  explicit RandomRows(uint64_t seed) : dice_(seed) {}

  // Makes the schema; the question is asked some minutes behind the last write.
  void Start(bool with_delegation);
  // The world is whole.
  RandomWorld Finish();

  const Schema& schema() const { return *world_.schema; }
  std::vector<std::string> TypesOf(Kind kind) const;
  std::vector<std::string> Principals() const;

  // The fewer ids there are, the denser is a world of few relationships.
  std::string Id(std::string_view type);
  ObjectRef Object(const std::string& type) { return {type, Id(type)}; }

  // Before, between and after the writes; at, just after and long after the question.
  absl::Time Expiry();

  // A relationship of one of the relation's forms.
  Relationship Row(const Member& member, const ObjectRef& resource, const SubjectType& form);
  // The same with an object that is drawn too.
  Relationship AnyRow(const Member& member);
  // Of one of the forms that the relation has for that subject's type; mostly live when it is asked
  // about.
  Relationship Edge(const ObjectRef& object, std::string_view relation, const ObjectRef& subject);
  // Another context for its caveat, if it has one.
  void NewContext(Relationship& r);

  // A write names a relationship once: one that is there stays.
  static void PutInto(std::vector<TupleChange>& changes, const TupleChange& change);

  Dice dice_;
  const bool small_ = dice_.Percent(90);
  RandomWorld world_;

 private:
  // Gives it what its form asks for.
  void Qualify(Relationship& r, const SubjectType& form);
};

}  // namespace mandate

#endif  // MANDATE_TEST_RANDOM_ROWS_H_
