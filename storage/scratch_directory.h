// scratch_directory.h: for tests, a fresh directory that goes with its owner.
//
//   ScratchDirectory scratch;
//   auto store = OpenRocksStore(scratch.path() + "/db", {});
#ifndef MANDATE_STORAGE_SCRATCH_DIRECTORY_H_
#define MANDATE_STORAGE_SCRATCH_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace mandate {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = testing::TempDir() + "/mandate-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr) << name;
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace mandate

#endif  // MANDATE_STORAGE_SCRATCH_DIRECTORY_H_
