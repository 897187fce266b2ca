// test_directory.h: a directory of a test's own, gone with it.
//
//   TempDirectory directory;
//   Load(directory.File("world.yaml", "schema: ..."));
//
// Threads     Belongs to one thread.
#ifndef MANDATE_TOOLS_TEST_DIRECTORY_H_
#define MANDATE_TOOLS_TEST_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace mandate {

class TempDirectory {
 public:
  TempDirectory() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~TempDirectory() { std::filesystem::remove_all(path_); }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  // Makes a file of that text.
  std::string File(const std::string& name, const std::string& text) const {
    std::ofstream(File(name), std::ios::binary) << text;
    return File(name);
  }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "mandate-test-XXXXXX").string();
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_TEST_DIRECTORY_H_
