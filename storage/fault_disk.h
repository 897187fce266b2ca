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
#include <functional>
#include <memory>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace mandate {

class FaultDisk {
 public:
  enum class Fault { kNone, kNoSpace, kBrokenAppend, kBrokenSync };

  FaultDisk() : system_(std::make_shared<System>(this)), env_(rocksdb::NewCompositeEnv(system_)) {}

  rocksdb::Env* env() { return env_.get(); }
  void Fail(Fault fault) { fault_ = fault; }
  std::function<void()> before_log_sync;  // Set while nobody writes.

 private:
  rocksdb::IOStatus OnAppend() const {
    if (fault_ == Fault::kNoSpace) return rocksdb::IOStatus::NoSpace("no space left on device");
    if (fault_ == Fault::kBrokenAppend) return rocksdb::IOStatus::IOError("broken disk");
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus OnSync(bool log) const {
    if (log && before_log_sync) before_log_sync();
    if (fault_ == Fault::kBrokenSync) return rocksdb::IOStatus::IOError("broken disk");
    return rocksdb::IOStatus::OK();
  }

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
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      const rocksdb::IOStatus status = disk_->OnSync(log_);
      return status.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug) : status;
    }

   private:
    const FaultDisk* const disk_;
    const bool log_;
  };

  class System : public rocksdb::FileSystemWrapper {
   public:
    explicit System(const FaultDisk* disk)
        : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(disk) {}
    const char* Name() const override { return "FaultDisk"; }
    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override {
      const rocksdb::IOStatus status = target()->NewWritableFile(name, options, file, debug);
      const bool log = name.size() > 4 && name.substr(name.size() - 4) == ".log";
      if (status.ok()) *file = std::make_unique<File>(disk_, log, std::move(*file));
      return status;
    }

   private:
    const FaultDisk* const disk_;
  };

  std::atomic<Fault> fault_ = Fault::kNone;
  const std::shared_ptr<System> system_;
  const std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_FAULT_DISK_H_
