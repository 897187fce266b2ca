// sim_disk.h: a disk for tests, in memory, that loses its power at a given operation, with everything that was not
// synced by then, as far as a real one may: a file is left with a part of what was appended, and what was made, renamed
// or deleted in a directory may not have been.
//
//   SimDisk disk(seed);
//   World world = Open(disk.env());
//   disk.CrashAt(17);                    // the 17th operation from now on, and all behind it, fail
//   ... writes ...; close the store
//   disk.LosePower();                    // what is left is what the next start finds
//
// One seed, and one thread that writes, give one outcome.
//
// Threads     Safe to share.
// Ownership   Outlives the stores on it.
#ifndef MANDATE_STORAGE_SIM_DISK_H_
#define MANDATE_STORAGE_SIM_DISK_H_

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "rocksdb/system_clock.h"

namespace mandate {

class SimDisk {
 public:
  explicit SimDisk(uint64_t seed)
      : random_(seed),
        memory_(rocksdb::NewMemEnv(rocksdb::Env::Default())),
        system_(std::make_shared<System>(this, memory_->GetFileSystem())),
        composite_(rocksdb::NewCompositeEnv(system_)),
        env_(std::make_unique<Machine>(composite_.get(), system_)) {}

  rocksdb::Env* env() { return env_.get(); }

  void CrashAt(uint64_t operation) {
    std::lock_guard lock(mutex_);
    crash_at_ = done_ + operation;
  }
  bool crashed() const {
    std::lock_guard lock(mutex_);
    return crashed_;
  }
  // What was done until now: what a CrashAt counts.
  uint64_t operations() const {
    std::lock_guard lock(mutex_);
    return done_;
  }

  // REQUIRES: nothing is open on it.
  void LosePower() {
    std::lock_guard lock(mutex_);
    // The newest of what no directory was synced for may be undone, from some point on.
    size_t kept = undos_.empty() ? 0 : random_() % (undos_.size() + 1);
    while (undos_.size() > kept) {
      undos_.back().undo();
      undos_.pop_back();
    }
    undos_.clear();
    for (auto& [path, info] : files_) {
      if (info->size <= info->synced) continue;
      const uint64_t left = info->synced + random_() % (info->size - info->synced + 1);
      std::string content;
      if (!rocksdb::ReadFileToString(memory_.get(), path, &content).ok()) continue;
      content.resize(std::min<uint64_t>(content.size(), left));
      (void)rocksdb::WriteStringToFile(memory_.get(), content, path);
    }
    files_.clear();
    crashed_ = false;
    crash_at_ = ~uint64_t{0};
  }

 private:
  struct Info {
    uint64_t size = 0;
    uint64_t synced = 0;
  };
  struct Undo {
    std::string directory;
    std::string made;  // The file that was made, if that is what it undoes.
    std::function<void()> undo;
  };

  static std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }
  static rocksdb::IOStatus Dead() { return rocksdb::IOStatus::IOError("the power is gone"); }

  // REQUIRES: mutex_ is held. False: the power is gone.
  bool Step() {
    if (crashed_ || ++done_ >= crash_at_) crashed_ = true;
    return !crashed_;
  }
  // The same for an append: at the crash a part of it gets to the disk.
  size_t Appendable(size_t bytes) {
    if (crashed_) return 0;
    if (Step()) return bytes;
    return bytes == 0 ? 0 : random_() % bytes;
  }

  class File : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(SimDisk* disk, std::string path, std::shared_ptr<Info> info, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)), info_(std::move(info)) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      std::lock_guard lock(disk_->mutex_);
      const size_t bytes = disk_->Appendable(data.size());
      rocksdb::IOStatus status;
      if (bytes > 0) status = FSWritableFileOwnerWrapper::Append(rocksdb::Slice(data.data(), bytes), options, debug);
      if (status.ok()) info_->size += bytes;
      return disk_->crashed_ ? Dead() : status;
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      std::lock_guard lock(disk_->mutex_);
      if (!disk_->Step()) return Dead();
      info_->synced = info_->size;
      std::erase_if(disk_->undos_, [&](const Undo& undo) { return undo.made == path_; });
      return FSWritableFileOwnerWrapper::Sync(options, debug);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      return Sync(options, debug);
    }
    rocksdb::IOStatus RangeSync(uint64_t, uint64_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
      return rocksdb::IOStatus::OK();  // Promises nothing.
    }
    rocksdb::IOStatus Truncate(uint64_t size, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
      std::lock_guard lock(disk_->mutex_);
      if (disk_->crashed_) return Dead();
      return size == info_->size ? rocksdb::IOStatus::OK() : rocksdb::IOStatus::NotSupported("truncation");
    }

   private:
    SimDisk* const disk_;
    const std::string path_;
    const std::shared_ptr<Info> info_;
  };

  class Directory : public rocksdb::FSDirectoryWrapper {
   public:
    Directory(SimDisk* disk, std::string path, std::unique_ptr<rocksdb::FSDirectory>&& directory)
        : FSDirectoryWrapper(std::move(directory)), disk_(disk), path_(std::move(path)) {}
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
      std::lock_guard lock(disk_->mutex_);
      if (!disk_->Step()) return Dead();
      std::erase_if(disk_->undos_, [&](const Undo& undo) { return undo.directory == path_; });
      return rocksdb::IOStatus::OK();
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug,
                                          const rocksdb::DirFsyncOptions&) override {
      return Fsync(options, debug);
    }

   private:
    SimDisk* const disk_;
    const std::string path_;
  };

  class System : public rocksdb::FileSystemWrapper {
   public:
    System(SimDisk* disk, const std::shared_ptr<rocksdb::FileSystem>& memory)
        : FileSystemWrapper(memory), disk_(disk) {}
    const char* Name() const override { return "SimDisk"; }

    rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override {
      std::lock_guard lock(disk_->mutex_);
      if (!disk_->Step()) return Dead();
      disk_->BeforeChange(path);
      const rocksdb::IOStatus status = target()->NewWritableFile(path, options, file, debug);
      if (!status.ok()) return status;
      auto info = std::make_shared<Info>();
      disk_->files_[path] = info;
      *file = std::make_unique<File>(disk_, path, std::move(info), std::move(*file));
      return status;
    }
    rocksdb::IOStatus ReuseWritableFile(const std::string&, const std::string&, const rocksdb::FileOptions&,
                                        std::unique_ptr<rocksdb::FSWritableFile>*, rocksdb::IODebugContext*) override {
      return rocksdb::IOStatus::NotSupported("reuse of files");
    }
    rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* directory,
                                   rocksdb::IODebugContext* debug) override {
      const rocksdb::IOStatus status = target()->NewDirectory(path, options, directory, debug);
      if (status.ok()) *directory = std::make_unique<Directory>(disk_, path, std::move(*directory));
      return status;
    }
    rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override {
      std::lock_guard lock(disk_->mutex_);
      if (!disk_->Step()) return Dead();
      disk_->BeforeChange(path);
      disk_->files_.erase(path);
      return target()->DeleteFile(path, options, debug);
    }
    rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override {
      std::lock_guard lock(disk_->mutex_);
      if (!disk_->Step()) return Dead();
      disk_->BeforeChange(to);
      disk_->BeforeChange(from);
      disk_->Move(from, to);
      return target()->RenameFile(from, to, options, debug);
    }
    rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
      std::lock_guard lock(disk_->mutex_);
      if (!disk_->Step()) return Dead();
      disk_->BeforeChange(to);
      const rocksdb::IOStatus status = target()->LinkFile(from, to, options, debug);
      if (const auto info = disk_->files_.find(from); status.ok() && info != disk_->files_.end()) {
        disk_->files_[to] = info->second;
      }
      return status;
    }

   private:
    SimDisk* const disk_;
  };

  // RocksDB waits a second after a job of its own failed; nobody has to, here.
  class Clock : public rocksdb::SystemClockWrapper {
   public:
    using SystemClockWrapper::SystemClockWrapper;
    const char* Name() const override { return "SimDisk"; }
    void SleepForMicroseconds(int) override {}
  };
  class Machine : public rocksdb::EnvWrapper {
   public:
    Machine(rocksdb::Env* env, std::shared_ptr<rocksdb::FileSystem> system) : EnvWrapper(env) {
      file_system_ = std::move(system);
      system_clock_ = std::make_shared<Clock>(rocksdb::SystemClock::Default());
    }
    const char* Name() const override { return "SimDisk"; }
    void SleepForMicroseconds(int) override {}
  };

  // REQUIRES: mutex_ is held. The entry of `path` in its directory is about to change: how to undo that.
  void BeforeChange(const std::string& path) {
    std::string content;
    const bool was = memory_->FileExists(path).ok() && rocksdb::ReadFileToString(memory_.get(), path, &content).ok();
    const auto info = files_.find(path);
    std::shared_ptr<Info> kept = info == files_.end() ? nullptr : info->second;
    undos_.push_back({DirectoryOf(path), was ? "" : path, [this, path, was, content = std::move(content), kept] {
                        (void)memory_->DeleteFile(path);
                        files_.erase(path);
                        if (!was) return;
                        (void)rocksdb::WriteStringToFile(memory_.get(), content, path);
                        if (kept) files_[path] = kept;
                      }});
  }
  void Move(const std::string& from, const std::string& to) {
    const auto info = files_.find(from);
    if (info == files_.end()) {
      files_.erase(to);
      return;
    }
    files_[to] = info->second;
    files_.erase(from);
  }

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  uint64_t done_ = 0;
  uint64_t crash_at_ = ~uint64_t{0};
  bool crashed_ = false;
  std::map<std::string, std::shared_ptr<Info>> files_;  // That were written since the power was last lost.
  std::vector<Undo> undos_;
  const std::unique_ptr<rocksdb::Env> memory_;
  const std::shared_ptr<System> system_;
  const std::unique_ptr<rocksdb::Env> composite_;
  const std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_SIM_DISK_H_
