// entry_sink.h: a directory as a stream of entries, whatever it was written in.
//
// An entry is a bag of attributes with text for values. Names are in small letters; an attribute inside of another has
// both names, as `members.value`. A large group comes value by value, so nobody has to hold it.
//
// Threads     Belongs to one thread.
// Errors      What a sink returns ends the reading and comes out of it.
#ifndef MANDATE_TOOLS_SYNC_ENTRY_SINK_H_
#define MANDATE_TOOLS_SYNC_ENTRY_SINK_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace mandate {

// The longest value of an attribute that is looked at, and the longest name.
inline constexpr size_t kValueBytesMax = 64 << 10;
inline constexpr size_t kAttributeNameBytesMax = 256;

class EntrySink {
 public:
  virtual ~EntrySink() = default;
  virtual bool Wants(std::string_view attribute) const = 0;  // Others need not be handed over.
  virtual void Begin(uint64_t line) = 0;
  // `value` is valid UTF-8 without NUL.
  virtual absl::Status Attribute(std::string_view name, std::string_view value) = 0;
  virtual absl::Status End() = 0;
};

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_ENTRY_SINK_H_
