#include "storage/sorted_spill.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "schema/text.h"
#include "storage/bytes.h"
#include "storage/rocks_database.h"

namespace mandate {
namespace {

constexpr size_t kBlockBytes = 256 << 10;

// Where a key ends there are zeros, so keys that differ only in zeros at their end look alike: lengths decide then.
uint64_t ChunkAt(const char* key, size_t bytes, size_t depth) {
  uint64_t chunk = 0;
  for (size_t i = depth; i < depth + 8; ++i) {
    chunk = chunk << 8 | (i < bytes ? static_cast<uint8_t>(key[i]) : 0);
  }
  return chunk;
}

size_t HashOn(size_t hash, std::string_view block) { return absl::HashOf(hash, AbslView(block)); }

}  // namespace

// One run, entry by entry.
class RunReader {
 public:
  RunReader(std::unique_ptr<rocksdb::SequentialFile> file, const SortedSpill::Run& run)
      : file_(std::move(file)), run_(run), block_(kBlockBytes, '\0') {
    Next();
  }

  bool valid() const { return valid_; }
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }
  const absl::Status& status() const { return status_; }

  void Next() {
    valid_ = false;
    for (;;) {
      ByteReader reader(rest_);
      if (reader.Bytes(&key_) && reader.Bytes(&value_)) {
        rest_ = reader.rest();
        valid_ = true;
        return;
      }
      if (read_ == run_.bytes) break;
      if (!ReadBlock()) return;
    }
    if (!rest_.empty() || hash_ != run_.hash) status_ = Damaged();
  }

 private:
  bool ReadBlock() {
    const std::string left(rest_);  // An entry may begin in one block and end in another.
    const size_t bytes = std::min<uint64_t>(kBlockBytes, run_.bytes - read_);
    block_.resize(left.size() + bytes);
    std::copy(left.begin(), left.end(), block_.begin());
    rocksdb::Slice got;
    const rocksdb::Status status = file_->Read(bytes, &got, block_.data() + left.size());
    if (!status.ok()) {
      status_ = FromRocks(status, "reading what a load keeps on disk");
      return false;
    }
    if (got.size() != bytes) {
      status_ = Damaged();
      return false;
    }
    if (got.data() != block_.data() + left.size()) std::copy_n(got.data(), bytes, block_.data() + left.size());
    read_ += bytes;
    hash_ = HashOn(hash_, {block_.data() + left.size(), bytes});
    rest_ = block_;
    return true;
  }

  absl::Status Damaged() const {
    return absl::DataLossError(Cat("`", run_.path, "`, what a load keeps on disk, does not read as it was written"));
  }

  const std::unique_ptr<rocksdb::SequentialFile> file_;
  const SortedSpill::Run& run_;
  std::string block_;
  std::string_view rest_;  // Of the block.
  uint64_t read_ = 0;
  size_t hash_ = 0;
  std::string_view key_, value_;
  bool valid_ = false;
  absl::Status status_;
};

namespace {

class MergingReader : public SortedSpill::Reader {
 public:
  explicit MergingReader(std::vector<std::unique_ptr<RunReader>> runs) : runs_(std::move(runs)) {
    for (const auto& run : runs_) Enter(run.get());
  }

  bool Valid() const override { return status_.ok() && !heap_.empty(); }
  std::string_view key() const override { return heap_.front()->key(); }
  std::string_view value() const override { return heap_.front()->value(); }
  absl::Status status() const override { return status_; }

  void Next() override {
    std::pop_heap(heap_.begin(), heap_.end(), Behind);
    RunReader* const run = heap_.back();
    heap_.pop_back();
    run->Next();
    Enter(run);
  }

 private:
  static bool Behind(const RunReader* a, const RunReader* b) { return a->key() > b->key(); }

  void Enter(RunReader* run) {
    if (run->valid()) {
      heap_.push_back(run);
      std::push_heap(heap_.begin(), heap_.end(), Behind);
    } else if (!run->status().ok() && status_.ok()) {
      status_ = run->status();
    }
  }

  const std::vector<std::unique_ptr<RunReader>> runs_;
  std::vector<RunReader*> heap_;
  absl::Status status_;
};

}  // namespace

SortedSpill::SortedSpill(rocksdb::Env* env, std::string path, size_t buffer_bytes)
    : env_(env), path_(std::move(path)), buffer_bytes_(std::min(buffer_bytes, size_t{1} << 30)) {}

SortedSpill::~SortedSpill() {
  for (const Run& run : runs_) (void)env_->DeleteFile(run.path);
}

absl::Status SortedSpill::Add(std::string_view key, std::string_view value) {
  if (!entries_.empty() && buffer_.size() + key.size() + value.size() > buffer_bytes_) {
    if (absl::Status status = WriteRun(); !status.ok()) return status;
  }
  if (entries_.empty()) buffer_.reserve(buffer_bytes_);  // Pages that are not written to cost nothing.
  entries_.push_back({0, static_cast<uint32_t>(buffer_.size()), static_cast<uint32_t>(key.size()),
                      static_cast<uint32_t>(value.size())});
  buffer_.append(key);
  buffer_.append(value);
  return absl::OkStatus();
}

// Eight bytes at a time: first by those, then what has the same ones by the next eight. Keys of one index begin alike,
// and comparing numbers that lie side by side is several times faster than comparing what they stand for.
void SortedSpill::Sort(size_t begin, size_t end, size_t depth) {
  bool longer = false;
  for (size_t i = begin; i < end; ++i) {
    Entry& entry = entries_[i];
    entry.chunk = ChunkAt(buffer_.data() + entry.offset, entry.key_bytes, depth);
    longer = longer || entry.key_bytes > depth + 8;
  }
  std::sort(entries_.begin() + begin, entries_.begin() + end, [](const Entry& a, const Entry& b) {
    return a.chunk != b.chunk ? a.chunk < b.chunk : a.key_bytes < b.key_bytes;
  });
  if (!longer) return;
  for (size_t first = begin; first < end;) {
    size_t last = first + 1;
    while (last < end && entries_[last].chunk == entries_[first].chunk) ++last;
    // Those that end within these eight bytes stand first already, the shortest in front.
    size_t on = first;
    while (on < last && entries_[on].key_bytes <= depth + 8) ++on;
    if (last - on > 1) Sort(on, last, depth + 8);
    first = last;
  }
}

absl::Status SortedSpill::WriteRun() {
  Sort(0, entries_.size(), 0);
  Run run{.path = Cat(path_, "-", runs_.size())};
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env_->NewWritableFile(run.path, &file, rocksdb::EnvOptions());
  if (status.ok()) runs_.push_back(run);  // So that it goes, whatever happens.
  std::string block;
  const auto flush = [&](size_t bytes) {
    status = file->Append(rocksdb::Slice(block.data(), bytes));
    run.bytes += bytes;
    run.hash = HashOn(run.hash, {block.data(), bytes});
    block.erase(0, bytes);
  };
  for (const Entry& entry : entries_) {
    if (!status.ok()) break;
    PutBytes({buffer_.data() + entry.offset, entry.key_bytes}, &block);
    PutBytes({buffer_.data() + entry.offset + entry.key_bytes, entry.value_bytes}, &block);
    while (block.size() >= kBlockBytes && status.ok()) flush(kBlockBytes);
  }
  if (status.ok() && !block.empty()) flush(block.size());
  if (status.ok()) status = file->Close();
  if (!status.ok()) return FromRocks(status, "keeping a load on disk");
  runs_.back() = run;
  entries_.clear();
  buffer_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SortedSpill::Reader>> SortedSpill::Read() {
  if (!entries_.empty()) {
    if (absl::Status status = WriteRun(); !status.ok()) return status;
  }
  std::vector<Entry>().swap(entries_);
  std::string().swap(buffer_);
  std::vector<std::unique_ptr<RunReader>> readers;
  for (const Run& run : runs_) {
    std::unique_ptr<rocksdb::SequentialFile> file;
    const rocksdb::Status status = env_->NewSequentialFile(run.path, &file, rocksdb::EnvOptions());
    if (!status.ok()) return FromRocks(status, "reading what a load keeps on disk");
    readers.push_back(std::make_unique<RunReader>(std::move(file), run));
  }
  return std::make_unique<MergingReader>(std::move(readers));
}

}  // namespace mandate
