// Why two things are remembered. The newest acknowledged revision finds a lost end: a write-ahead
// log that was cut, emptied or removed, a manifest set back to an earlier state. It does not find a
// hole: were the manifest cut before the record of a flush whose log is gone, while later writes
// are in a later log, the newest revision would be there and older relationships missing. So the
// manifest itself, which only grows while it is in use, must still begin with the bytes it had when
// RocksDB last said that it added to it. (A later manifest is a copy that RocksDB makes when it
// opens, from one that was checked.) A log in the middle is watched by RocksDB, which keeps the
// names and sizes of synced logs in the manifest (track_and_verify_wals_in_manifest).
#include "storage/witness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "schema/text.h"
#include "storage/bytes.h"

namespace mandate {
namespace {

constexpr std::string_view kWitnessMagic = "mndtwit1";
constexpr uint64_t kHashSeed = 14695981039346656037ull;

// FNV-1a: any single changed byte changes it, and it can go on where it stopped.
uint64_t Hash(std::string_view bytes, uint64_t hash = kHashSeed) {
  for (const char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 1099511628211ull;
  return hash;
}

// The bytes of a file from `offset` on; nullopt when it cannot be read.
std::optional<std::string> ReadFile(const std::string& path, uint64_t offset = 0) {
  std::ifstream file(path, std::ios::binary);
  if (!file || !file.seekg(static_cast<std::streamoff>(offset))) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The manifest that CURRENT names.
struct Manifest {
  std::string path;
  uint64_t number = 0;
};

std::optional<Manifest> CurrentManifest(const std::string& directory) {
  const std::optional<std::string> current = ReadFile(directory + "/CURRENT");
  if (!current) return std::nullopt;
  absl::string_view name = absl::StripSuffix(*current, "\n");
  Manifest manifest;
  manifest.path = Cat(directory, "/", name);
  if (!absl::ConsumePrefix(&name, "MANIFEST-") || !absl::SimpleAtoi(name, &manifest.number)) {
    return std::nullopt;
  }
  return manifest;
}

std::string Encode(const WitnessRecord& record) {
  std::string bytes(kWitnessMagic);
  PutFixed64(record.head.value(), &bytes);
  PutFixed64(record.ledger_sequence, &bytes);
  PutFixed64(record.manifest_number, &bytes);
  PutFixed64(record.manifest_bytes, &bytes);
  PutFixed64(record.manifest_hash, &bytes);
  PutFixed64(Hash(bytes), &bytes);
  return bytes;
}

std::optional<WitnessRecord> Decode(std::string_view bytes) {
  if (bytes.substr(0, kWitnessMagic.size()) != kWitnessMagic) return std::nullopt;
  WitnessRecord record;
  uint64_t head = 0;
  ByteReader reader(bytes.substr(kWitnessMagic.size()));
  if (!reader.Fixed64(&head) || !reader.Fixed64(&record.ledger_sequence) || !reader.Fixed64(&record.manifest_number) ||
      !reader.Fixed64(&record.manifest_bytes) || !reader.Fixed64(&record.manifest_hash)) {
    return std::nullopt;
  }
  record.head = Revision(head);
  if (Encode(record) != bytes) return std::nullopt;
  return record;
}

}  // namespace

absl::StatusOr<std::optional<WitnessRecord>> Witness::Read(const std::string& directory) {
  const std::string path = Cat(directory, "/", kWitnessFile);
  if (access(path.c_str(), F_OK) != 0) return std::nullopt;
  const std::optional<std::string> bytes = ReadFile(path);
  std::optional<WitnessRecord> record;
  if (bytes) record = Decode(*bytes);
  if (record) return record;
  return absl::DataLossError(Cat("the file `", path,
                                 "` is damaged, so other files may be as well; check the disk, and ",
                                 "restore a backup, or remove this file to open what there is"));
}

absl::Status Witness::CheckManifest(const std::string& directory, const WitnessRecord& record) {
  const std::optional<Manifest> manifest = CurrentManifest(directory);
  if (!manifest) {
    return absl::DataLossError(Cat("the file `", directory, "/CURRENT` is missing or damaged; restore a backup"));
  }
  if (manifest->number > record.manifest_number) return absl::OkStatus();
  std::optional<std::string> bytes;
  if (manifest->number == record.manifest_number) bytes = ReadFile(manifest->path);
  if (bytes && bytes->size() >= record.manifest_bytes &&
      Hash(std::string_view(*bytes).substr(0, record.manifest_bytes)) == record.manifest_hash) {
    return absl::OkStatus();
  }
  return absl::DataLossError(Cat("the file `", manifest->path,
                                 "` is not the one that this database wrote last: it was cut, changed or ",
                                 "replaced by an older one; restore a backup"));
}

absl::StatusOr<std::shared_ptr<Witness>> Witness::Begin(const std::string& directory, Revision head,
                                                        uint64_t ledger_sequence) {
  const std::string path = Cat(directory, "/", kWitnessFile);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, Cat("creating the file `", path, "`"));
  }
  std::shared_ptr<Witness> witness(new Witness(directory, file));
  witness->record_.head = head;
  witness->record_.ledger_sequence = ledger_sequence;
  witness->NoteManifest();
  (void)fsync(file);
  return witness;
}

Witness::~Witness() {
  (void)fsync(file_);
  (void)close(file_);
}

void Witness::Acknowledge(Revision head, uint64_t ledger_sequence) {
  std::lock_guard lock(mutex_);
  record_.head = head;
  record_.ledger_sequence = ledger_sequence;
  Store();
}

bool Witness::IsGone() const {
  struct stat ours {
  }, there{};
  if (fstat(file_, &ours) != 0) return false;  // Nothing is known.
  if (stat(Cat(directory_, "/", kWitnessFile).c_str(), &there) != 0) return errno == ENOENT || errno == ENOTDIR;
  return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

void Witness::NoteManifest() {
  std::lock_guard lock(mutex_);
  const std::optional<Manifest> manifest = CurrentManifest(directory_);
  if (!manifest) return;
  if (manifest->number != record_.manifest_number) {
    record_.manifest_number = manifest->number;
    record_.manifest_bytes = 0;
    record_.manifest_hash = kHashSeed;
  }
  if (const auto added = ReadFile(manifest->path, record_.manifest_bytes)) {
    record_.manifest_bytes += added->size();
    record_.manifest_hash = Hash(*added, record_.manifest_hash);
  }
  Store();
}

// One write of less than a sector at a fixed place: a reader finds the old bytes or the new ones.
void Witness::Store() {
  const std::string bytes = Encode(record_);
  (void)!pwrite(file_, bytes.data(), bytes.size(), 0);
}

}  // namespace mandate
