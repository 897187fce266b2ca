// state_view.h: one unchanging state of the stored keys and values, whatever it is put together from.
//
// There are three: DatabaseView (the newest state, database.h), PastView (as of an older revision,
// past_view.h) and OverlayView (with changes on top that are not committed yet, overlay.h).
// TupleSnapshot reads any of them alike.
//
// Threads     A StateView may be shared by threads, a Scan belongs to one.
// Ownership   A Scan's key and value live until its next move. A StateView outlives its Scans.
// Errors      DATA_LOSS or UNAVAILABLE, from the disk. A Scan that failed is not Valid() and says
//             why in status().
#ifndef MANDATE_STORAGE_STATE_VIEW_H_
#define MANDATE_STORAGE_STATE_VIEW_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rocksdb/slice.h"

namespace mandate {

// The column families of the database; FORMAT.md says what each holds. Meta is RocksDB's default
// family.
enum class Family : uint8_t { kMeta, kLive, kHistory, kChangelog, kLedger };
inline constexpr size_t kFamilies = 5;
std::string_view FamilyName(Family family);

// Keys in order, with their values, within fixed bounds.
class Scan {
 public:
  virtual ~Scan() = default;
  virtual bool Valid() const = 0;
  virtual std::string_view key() const = 0;     // REQUIRES: Valid()
  virtual std::string_view value() const = 0;   // REQUIRES: Valid()
  virtual void Next() = 0;                      // REQUIRES: Valid()
  virtual void Seek(std::string_view key) = 0;  // To the first key at or behind it, in bounds; never back.
  virtual absl::Status status() const = 0;
};

class StateView {
 public:
  virtual ~StateView() = default;

  // False when there is no such key; else sets `value`.
  virtual absl::StatusOr<bool> Get(Family family, std::string_view key, rocksdb::PinnableSlice* value) const = 0;

  // From `begin` on, to before `end` (empty: to the last), standing on the first.
  virtual std::unique_ptr<Scan> NewScan(Family family, std::string begin, std::string end) const = 0;
};

// The error for a stored key or value that does not decode.
absl::Status DoesNotDecode(std::string_view what, Family family, std::string_view key);

}  // namespace mandate

#endif  // MANDATE_STORAGE_STATE_VIEW_H_
