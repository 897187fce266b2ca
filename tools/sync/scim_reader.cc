// The parser of nlohmann-json gives events and keeps none, so memory is that of one value; a value that does not end is
// cut off below it, in the characters that it is given.
#include "tools/sync/scim_reader.h"

#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "tools/sync/utf8.h"

namespace mandate {
namespace {

using nlohmann::json;

constexpr size_t kReadBytes = 64 << 10;

// Between two events of the parser: a longest value with every character escaped, and blanks.
constexpr uint64_t kEventBytesMax = 8 * kValueBytesMax;

// Attributes of SCIM are at most three deep; extensions may be a little more.
constexpr size_t kDepthMax = 32;

struct Characters {
  explicit Characters(ByteSource* source) : source(source), buffer(kReadBytes) {}

  // False at the end, which is also where reading fails.
  bool Fill() {
    if (at < size) return true;
    if (ended) return false;
    auto got = source->Read(buffer.data(), buffer.size());
    if (!got.ok()) failed = got.status();
    at = 0;
    size = got.ok() ? *got : 0;
    ended = size == 0;
    return !ended;
  }

  ByteSource* const source;
  std::vector<char> buffer;
  size_t at = 0;
  size_t size = 0;
  bool ended = false;
  uint64_t line = 1;
  uint64_t since_event = 0;
  absl::Status failed;
};

// Over the characters of a source; its end is the iterator of none.
class CharacterIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  CharacterIterator() = default;
  explicit CharacterIterator(Characters* characters) : characters_(characters) {}
  char operator*() const { return characters_->buffer[characters_->at]; }
  CharacterIterator& operator++() {
    if (**this == '\n') ++characters_->line;
    ++characters_->at;
    ++characters_->since_event;
    return *this;
  }
  CharacterIterator operator++(int) { return ++*this; }
  bool operator==(const CharacterIterator& other) const { return Ended() == other.Ended(); }
  bool operator!=(const CharacterIterator& other) const { return !(*this == other); }

 private:
  bool Ended() const {
    return characters_ == nullptr || characters_->since_event > kEventBytesMax || !characters_->Fill();
  }
  Characters* characters_ = nullptr;
};

class ScimHandler : public nlohmann::json_sax<json> {
 public:
  ScimHandler(Characters* characters, EntrySink* sink) : characters_(*characters), sink_(sink) {}

  bool null() override { return Event(); }
  bool boolean(bool value) override { return Value(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Value(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (path_.size() == 1 && path_[0] == "totalresults") total_ = value;
    return Value(std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override { return Value(text); }
  bool string(string_t& value) override { return Value(value); }
  bool binary(binary_t&) override { return false; }

  bool start_object(size_t) override {
    if (!Event() || !Open('}')) return false;
    if (AtResource()) {
      ++resources_;
      sink_->Begin(characters_.line);
    }
    return true;
  }
  bool end_object() override {
    if (!Event()) return false;
    if (AtResource() && !Take(sink_->End())) return false;
    Close();
    return true;
  }
  bool start_array(size_t) override {
    if (!Event()) return false;
    if (path_.size() == 1 && path_[0] == "resources") found_ = true;
    return Open(']');
  }
  bool end_array() override {
    if (!Event()) return false;
    Close();
    return true;
  }
  bool key(string_t& name) override {
    if (!Event()) return false;
    if (name.size() > kAttributeNameBytesMax) return Fail("the name of an attribute is too long");
    path_.back() = absl::AsciiStrToLower(name);
    return true;
  }
  bool parse_error(size_t, const std::string& token, const nlohmann::detail::exception&) override {
    if (characters_.since_event > kEventBytesMax) {
      return Fail(Cat("a value has more than ", kValueBytesMax, " bytes"));
    }
    if (characters_.ended) return Fail("the JSON ends too early; it was cut off");
    return Fail(Cat("this is no JSON: ", Quote(token)));
  }

  absl::Status Finish(bool parsed) {
    if (!characters_.failed.ok()) return characters_.failed;
    if (!status_.ok()) return status_;
    if (!parsed) return absl::InternalError("the JSON was not read");
    if (!found_) return Error("this is no SCIM ListResponse: it has no `Resources`");
    if (total_ && *total_ != resources_) {
      return Error(Cat("this is one page of a response: it has ", resources_, " of ", *total_,
                       " resources; fetch them all at once, for what is missing would seem gone"));
    }
    return absl::OkStatus();
  }

 private:
  // Every callback begins with it.
  bool Event() {
    characters_.since_event = 0;
    return true;
  }
  absl::Status Error(std::string_view message) const { return InvalidArgument(Cat(characters_.line, ": ", message)); }
  bool Fail(std::string_view message) {
    if (status_.ok()) status_ = Error(message);
    return false;
  }
  bool Take(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
    return status_.ok();
  }

  // Objects and arrays that are open, by their closing bracket: `}]}` within a resource itself.
  bool Open(char closing) {
    if (open_.empty() && closing == ']') return Fail("this is no SCIM ListResponse: it is an array");
    if (open_.size() == kDepthMax) return Fail("the JSON is nested too deep");
    open_ += closing;
    if (closing == '}') path_.emplace_back();
    return true;
  }
  void Close() {
    if (open_.back() == '}') path_.pop_back();
    open_.pop_back();
  }

  bool WithinResource() const { return open_.size() >= 3 && open_.starts_with("}]}") && path_[0] == "resources"; }
  bool AtResource() const { return open_.size() == 3 && WithinResource(); }

  bool Value(std::string_view value) {
    Event();
    if (open_.empty()) return Fail("this is no SCIM ListResponse");
    if (!WithinResource()) {
      return open_.size() != 2 || open_ != "}]" || path_[0] != "resources" || Fail("a resource is an object");
    }
    std::string name = path_[1];
    for (size_t i = 2; i < path_.size(); ++i) name += Cat(".", path_[i]);
    if (!sink_->Wants(name)) return true;
    if (value.size() > kValueBytesMax)
      return Fail(Cat("the value of `", name, "` has more than ", kValueBytesMax, " bytes"));
    if (!IsUtf8Text(value)) return Fail(Cat("the value of `", name, "` holds a NUL"));
    return Take(sink_->Attribute(name, value));
  }

  Characters& characters_;
  EntrySink* const sink_;
  std::string open_;
  std::vector<std::string> path_;  // The name that is being read, in each open object.
  bool found_ = false;
  uint64_t resources_ = 0;
  std::optional<uint64_t> total_;
  absl::Status status_;
};

}  // namespace

absl::Status ReadScim(ByteSource* source, EntrySink* sink) {
  Characters characters(source);
  ScimHandler handler(&characters, sink);
  const bool parsed = json::sax_parse(CharacterIterator(&characters), CharacterIterator(), &handler);
  return handler.Finish(parsed);
}

}  // namespace mandate
