#include "service/access/file_stamp.h"

#include <sys/stat.h>

#include "schema/text.h"

namespace mandate {

std::string FileStamp(const std::string& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) return "";
  return Cat(s.st_dev, ":", s.st_ino, ":", s.st_size, ":", s.st_mtim.tv_sec, ".", s.st_mtim.tv_nsec, ":",
             s.st_ctim.tv_sec, ".", s.st_ctim.tv_nsec);
}

}  // namespace mandate
