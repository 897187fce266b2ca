// fault_disk.h: a disk for tests that is full or breaks when told to, and tells when it syncs.
//
//   FaultDisk disk;
//   World world(Home::kDisk, {}, {.env = disk.env()});
//   disk.Fail(FaultDisk::Fault::kNoSpace);
//
// Threads     Safe to share.
#ifndef MANDATE_STORAGE_FAULT_DISK_H_
#define MANDATE_STORAGE_FAULT_DISK_H_

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace mandate {

class FaultDisk {
 public:
  // kRottenTables: of what is read of a table, now and then a bit is another. kLost: nothing is read, written, opened
  // or found.
  enum class Fault { kNone, kNoSpace, kBrokenAppend, kBrokenSync, kRottenTables, kLost };

  FaultDisk() : system_(std::make_shared<System>(this)), env_(rocksdb::NewCompositeEnv(system_)) {}

  rocksdb::Env* env() { return env_.get(); }
  void Fail(Fault fault) { fault_ = fault; }
  std::function<void()> before_log_sync;                   // Set while nobody writes.
  uint64_t rotten_reads() const { return rotten_reads_; }  // So far.

 private:
  rocksdb::IOStatus OnAppend() const {
    if (fault_ == Fault::kNoSpace) return rocksdb::IOStatus::NoSpace("no space left on device");
    if (fault_ == Fault::kBrokenAppend) return rocksdb::IOStatus::IOError("broken disk");
    if (fault_ == Fault::kLost) return Lost();
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus OnSync(bool log) const {
    if (log && before_log_sync) before_log_sync();
    if (fault_ == Fault::kBrokenSync) return rocksdb::IOStatus::IOError("broken disk");
    if (fault_ == Fault::kLost) return Lost();
    return rocksdb::IOStatus::OK();
  }
  static rocksdb::IOStatus Lost() { return rocksdb::IOStatus::IOError("the disk is gone"); }
  rocksdb::IOStatus Present() const { return fault_ == Fault::kLost ? Lost() : rocksdb::IOStatus::OK(); }
  // A hash of the count in place of a generator, since many read at once.
  void Rot(char* scratch, rocksdb::Slice* result) {
    const uint64_t random = (++reads_ * 0x9e3779b97f4a7c15u) >> 20;
    if (result->empty() || random % 3 != 0) return;
    if (result->data() != scratch) std::memcpy(scratch, result->data(), result->size());
    scratch[(random / 3) % result->size()] ^= static_cast<char>(1 << (random / 7 % 8));
    *result = rocksdb::Slice(scratch, result->size());
    ++rotten_reads_;
  }

  class Table : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    Table(FaultDisk* disk, std::unique_ptr<rocksdb::FSRandomAccessFile> file)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), disk_(disk) {}
    rocksdb::IOStatus Read(uint64_t offset, size_t size, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                           char* scratch, rocksdb::IODebugContext* debug) const override {
      if (const rocksdb::IOStatus status = disk_->Present(); !status.ok()) return status;
      const rocksdb::IOStatus status =
          FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug);
      if (status.ok() && disk_->fault_ == Fault::kRottenTables) disk_->Rot(scratch, result);
      return status;
    }
    rocksdb::IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const rocksdb::IOOptions& options,
                                rocksdb::IODebugContext* debug) override {
      for (size_t i = 0; i < count; ++i) {
        rocksdb::FSReadRequest& each = requests[i];
        each.status = Read(each.offset, each.len, options, &each.result, each.scratch, debug);
      }
      return rocksdb::IOStatus::OK();
    }

   private:
    FaultDisk* const disk_;
  };

  class File : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(const FaultDisk* disk, bool log, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), log_(log) {}
    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      const rocksdb::IOStatus status = disk_->OnAppend();
      return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, debug) : status;
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      const rocksdb::IOStatus status = disk_->OnSync(log_);
      return status.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug) : status;
    }

   private:
    const FaultDisk* const disk_;
    const bool log_;
  };

  class System : public rocksdb::FileSystemWrapper {
   public:
    explicit System(FaultDisk* disk) : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(disk) {}
    const char* Name() const override { return "FaultDisk"; }
    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override {
      if (const rocksdb::IOStatus present = disk_->Present(); !present.ok()) return present;
      const rocksdb::IOStatus status = target()->NewWritableFile(name, options, file, debug);
      const bool log = name.size() > 4 && name.substr(name.size() - 4) == ".log";
      if (status.ok()) *file = std::make_unique<File>(disk_, log, std::move(*file));
      return status;
    }
    rocksdb::IOStatus NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                          rocksdb::IODebugContext* debug) override {
      if (const rocksdb::IOStatus present = disk_->Present(); !present.ok()) return present;
      const rocksdb::IOStatus status = target()->NewRandomAccessFile(name, options, file, debug);
      if (status.ok()) *file = std::make_unique<Table>(disk_, std::move(*file));
      return status;
    }

   private:
    FaultDisk* const disk_;
  };

  std::atomic<uint64_t> reads_ = 0;
  std::atomic<uint64_t> rotten_reads_ = 0;
  std::atomic<Fault> fault_ = Fault::kNone;
  const std::shared_ptr<System> system_;
  const std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_FAULT_DISK_H_
