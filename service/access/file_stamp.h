// file_stamp.h: what tells one state of a file from another without reading it. A file put in its place is another one.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_SERVICE_ACCESS_FILE_STAMP_H_
#define MANDATE_SERVICE_ACCESS_FILE_STAMP_H_

#include <string>

namespace mandate {

// Empty for a file that is not there.
std::string FileStamp(const std::string& path);

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_FILE_STAMP_H_
