// entry_mapper.h: the entries of directories, by a mapping, as relationships.
//
//   EntryMapper mapper(&mapping, "dn", &refusals, emit);
//   mapper.BeginFile("people.ldif");
//   ReadLdif(source.get(), &mapper);
//   mapper.Finish();                                          // now everything was emitted
//
// Members are named by references, which may stand before what they refer to: both are put away, sorted, and met with
// each other in Finish. Memory grows with the number of groups, not with people or memberships. `emit` gets
// relationships in any order, some of them more than once.
//
// Threads     Belongs to one thread.
// Ownership   Mapping and refusals outlive it.
// Errors      INVALID_ARGUMENT for a directory that contradicts itself: an entry that stands twice, two entries that
//             become one object. RESOURCE_EXHAUSTED where groups nest so far that flattening them would not end. What
//             can be left out without harm to the rest is a refusal instead.
#ifndef MANDATE_TOOLS_SYNC_ENTRY_MAPPER_H_
#define MANDATE_TOOLS_SYNC_ENTRY_MAPPER_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sync/entry_sink.h"
#include "tools/sync/flattener.h"
#include "tools/sync/mapping.h"
#include "tools/sync/record_sorter.h"
#include "tools/sync/refusals.h"

namespace mandate {

class EntryMapper : public EntrySink {
 public:
  using Emit = std::function<absl::Status(const Relationship&)>;

  // `identity` is the attribute that tells entries apart: `dn` or `id`.
  EntryMapper(const Mapping* mapping, std::string identity, Refusals* refusals, Emit emit);

  void BeginFile(const std::string& name) { files_.push_back(name); }
  absl::Status Finish();

  uint64_t left_out() const { return left_out_; }  // Members of which the mapping says that they do not count.

  bool Wants(std::string_view attribute) const override;
  void Begin(uint64_t line) override;
  absl::Status Attribute(std::string_view name, std::string_view value) override;
  absl::Status End() override;

 private:
  // Where values of `attribute` point: to the entry whose `refers_to` is the same.
  struct Reference {
    std::string attribute;
    std::string refers_to;
    friend auto operator<=>(const Reference&, const Reference&) = default;
  };
  // An entry with references.
  struct Group {
    ObjectRef object;  // Without a type: it is left out.
    const EntryRule* rule = nullptr;
  };
  // What one value of an attribute stands for, as the sorted records say it.
  struct Definition {
    ObjectRef object;  // Without a type: it is left out.
    std::string place;
  };

  const EntryRule* RuleOf() const;
  bool Holds(const EntryCondition& condition) const;
  absl::StatusOr<ObjectRef> ObjectFor(const EntryRule& rule) const;
  absl::Status Define(const ObjectRef& object);
  absl::StatusOr<std::string> KeyOf(const std::string& refers_to, std::string_view value) const;
  std::string Place(std::string_view place) const;  // `0:12` as `people.ldif:12`.
  std::string Here() const;

  absl::Status MeetObjects();
  absl::Status MeetReferences();
  absl::Status CheckTwice(const std::string& refers_to, const std::string& value,
                          const std::vector<Definition>& of) const;
  absl::Status Resolve(const std::string& value, const std::vector<Definition>& of, size_t reference, size_t group,
                       std::string_view place);

  const Mapping& mapping_;
  const std::string identity_;
  Refusals& refusals_;
  Flattener flattener_;
  std::vector<Reference> references_;
  std::map<std::string, bool, std::less<>> wanted_;  // Whether the values are kept until the end of the entry.

  std::vector<std::string> files_;
  uint64_t line_ = 0;
  std::map<std::string, std::vector<std::string>, std::less<>> kept_;
  size_t kept_bytes_ = 0;
  bool has_references_ = false;
  std::vector<Group> groups_;
  RecordSorter meetings_;  // Definitions and references, by what they have in common.
  RecordSorter objects_;
  uint64_t left_out_ = 0;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_ENTRY_MAPPER_H_
