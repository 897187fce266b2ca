// utf8.h: which bytes are text.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_TOOLS_SYNC_UTF8_H_
#define MANDATE_TOOLS_SYNC_UTF8_H_

#include <string_view>

#include "schema/text.h"

namespace mandate {

// Valid UTF-8 without NUL.
inline bool IsUtf8Text(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8CharacterLength(text);
    if (length == 0 || text.front() == '\0') return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_UTF8_H_
