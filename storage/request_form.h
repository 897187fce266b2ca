// request_form.h: the parts of a write that are judged or resolved without looking at what is
// stored.
//
// Threads     Free functions; safe anywhere.
// Errors      CheckForm (commit.h): INVALID_ARGUMENT with the field's path; a relationship named
//             twice has the reason DUPLICATE_UPDATE.
#ifndef MANDATE_STORAGE_REQUEST_FORM_H_
#define MANDATE_STORAGE_REQUEST_FORM_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/name_table.h"
#include "storage/snapshot.h"

namespace mandate {

// A fact's key is a short name, not a document: it becomes part of a key in RocksDB.
inline constexpr size_t kFactKeyBytesMax = 8192;

inline constexpr size_t kMetadataBytesMax = 64 << 10;

// Attributes in the form in which they are stored: whole microseconds.
absl::Time StoredTime(absl::Time time);

// What the keys rely on: no part is empty, no id holds the byte that ends it. The language's own limits are the
// caller's to check.
absl::Status CheckParts(const Relationship& relationship, uint64_t position);

// Two refusals that do not depend on how the write came. Positions are those of the caller's list.
absl::Status NamedTwice(const Relationship& relationship, uint64_t first, uint64_t second);
absl::Status StoredAlready(const Relationship& relationship, uint64_t position, bool expired);

// Sets the identity of `row` from `relationship`, whose strings it borrows. New names get ids,
// unless `known_only`: then it returns false when one has none.
bool FindNames(const Relationship& relationship, bool known_only, NameTableBuilder* names, TupleRow* row);

// The relationship without its attributes, in backticks; for messages.
std::string IdentityText(const Relationship& relationship);

// "`document:plan#viewer@user:*`", with `*` for what is not set; for messages.
std::string FilterText(const TupleFilter& filter);

}  // namespace mandate

#endif  // MANDATE_STORAGE_REQUEST_FORM_H_
