// witness.h: a small file beside RocksDB's that remembers what was acknowledged, so that a loss is
// never silent.
//
// RocksDB takes a log that ends in the middle of a record for a writer that died, and goes on with
// what came before: right after a crash, and wrong when the file was cut or damaged later. It
// cannot tell these apart. The witness can: a write that was acknowledged is in it.
//
// Threads     Safe to share.
// Ownership   Owns its file descriptor.
// Errors      Reading: DATA_LOSS when the file is there but damaged. Writing never fails a write
//             that is durable already; a witness that cannot be written knows less and checks less.
// Units       Sizes in bytes.
#ifndef MANDATE_STORAGE_WITNESS_H_
#define MANDATE_STORAGE_WITNESS_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/revision.h"

namespace mandate {

inline constexpr char kWitnessFile[] = "WITNESS";

// What the file says. FORMAT.md has its bytes.
struct WitnessRecord {
  Revision head;                 // Acknowledged, so it must be there,
  uint64_t ledger_sequence = 0;  // and so must this record of the ledger.
  uint64_t manifest_number = 0;  // The manifest at that time,
  uint64_t manifest_bytes = 0;   // which must still begin with this many bytes
  uint64_t manifest_hash = 0;    // of this hash.
};

class Witness {
 public:
  // What an earlier process left; nullopt when there is no such file (a new database, or a restored
  // backup).
  static absl::StatusOr<std::optional<WitnessRecord>> Read(const std::string& directory);

  // DATA_LOSS when the manifest in `directory` is not the one that `record` saw, or a later one.
  static absl::Status CheckManifest(const std::string& directory, const WitnessRecord& record);

  // Begins to write: `head` and `ledger_sequence` are durable. REQUIRES: the database in `directory` is open.
  static absl::StatusOr<std::shared_ptr<Witness>> Begin(const std::string& directory, Revision head,
                                                        uint64_t ledger_sequence);
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // Both are durable and about to be acknowledged. Costs one small write to the page cache, no
  // sync: it survives the process, and after a power failure an older witness only checks less.
  void Acknowledge(Revision head, uint64_t ledger_sequence);

  // The directory no longer has this file: it, or all of it, was deleted, moved or replaced. Costs one look at the
  // directory.
  bool IsGone() const;

  // The manifest grew: remember that.
  void NoteManifest();

 private:
  Witness(std::string directory, int file) : directory_(std::move(directory)), file_(file) {}
  void Store();  // REQUIRES: mutex_ is held.

  const std::string directory_;
  const int file_;
  std::mutex mutex_;
  WitnessRecord record_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_WITNESS_H_
