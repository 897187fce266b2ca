#include "tools/sync/ldif_reader.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "schema/text.h"
#include "tools/bulk/line_reader.h"
#include "tools/sync/utf8.h"

namespace mandate {
namespace {

// Of a line with its continuations: base64 is longer than what it stands for.
constexpr size_t kLogicalBytesMax = 2 * kValueBytesMax;

class LdifReader {
 public:
  LdifReader(ByteSource* source, EntrySink* sink) : lines_(source, kLogicalBytesMax), sink_(sink) {}

  absl::Status Read() {
    absl::StatusOr<bool> more = false;
    while ((more = lines_.Next()).ok() && *more) {
      std::string_view line = lines_.line();
      if (line.starts_with(' ')) {
        if (number_ == 0) return Error("a line that goes on an earlier one has none before it", lines_.number());
        line.remove_prefix(1);
        cut_ = cut_ || lines_.too_long() || logical_.size() + line.size() > kLogicalBytesMax;
        if (!cut_) logical_ += line;
        continue;
      }
      if (absl::Status status = EndLine(); !status.ok()) return status;
      if (line.empty()) {
        if (absl::Status status = EndEntry(); !status.ok()) return status;
        continue;
      }
      logical_ = line;
      cut_ = lines_.too_long();
      number_ = lines_.number();
    }
    if (!more.ok()) return more.status();
    absl::Status status = EndLine();
    return status.ok() ? EndEntry() : status;
  }

 private:
  static absl::Status Error(std::string_view message, uint64_t line) {
    return InvalidArgument(Cat(line, ": ", message));
  }
  absl::Status Error(std::string_view message) const { return Error(message, number_); }

  absl::Status EndEntry() {
    if (!within_) return absl::OkStatus();
    within_ = false;
    return sink_->End();
  }

  // Reads the line that has been gathered, if there is one.
  absl::Status EndLine() {
    if (number_ == 0) return absl::OkStatus();
    absl::Status status = logical_.starts_with('#') ? absl::OkStatus() : ReadLine();
    number_ = 0;
    return status;
  }

  absl::Status ReadLine() {
    const size_t colon = logical_.find(':');
    if (colon == std::string::npos || colon == 0) {
      return Error(Cat(Quote(logical_), " is no `attribute: value`"));
    }
    std::string_view description = std::string_view(logical_).substr(0, colon);
    if (description.size() > kAttributeNameBytesMax) return Error("the name of the attribute is too long");
    std::string all = absl::AsciiStrToLower(AbslView(description));
    const size_t semicolon = all.find(';');
    const std::string name = all.substr(0, semicolon);
    const std::string options = semicolon == std::string::npos ? "" : all.substr(semicolon);
    if (!within_) {
      if (name == "version" && !any_) return absl::OkStatus();
      if (name != "dn") return Error(Cat("an entry begins with `dn:`, not with ", Quote(description)));
      within_ = any_ = true;
      sink_->Begin(number_);
    } else if (name == "dn") {
      return Error("an entry has a second `dn`; an empty line ends an entry");
    } else if (name == "changetype" || name == "control") {
      return Error("the file is a list of changes; an export of the entries is needed");
    }
    if (!sink_->Wants(name)) return absl::OkStatus();
    // A server that gives a part of a large attribute says which; the last part ends in `*`.
    if (const size_t range = options.find(";range=");
        range != std::string::npos && !std::string_view(options).substr(range).starts_with(";range=0-*")) {
      return Error(Cat(Quote(description), " is only a part of the values; export the whole attribute"));
    }
    return ReadValue(name, std::string_view(logical_).substr(colon + 1));
  }

  absl::Status ReadValue(const std::string& name, std::string_view text) {
    if (cut_) return TooLong(name);
    const char kind = text.empty() ? '\0' : text.front();
    if (kind == ':' || kind == '<') text.remove_prefix(1);
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (kind == '<') return Error(Cat("the value of `", name, "` stands elsewhere; only values in the file are read"));
    std::string decoded;
    if (kind == ':') {
      if (!absl::Base64Unescape(AbslView(text), &decoded)) return Error(Cat("the value of `", name, "` is no base64"));
      text = decoded;
    }
    if (text.size() > kValueBytesMax) return TooLong(name);
    if (!IsUtf8Text(text)) return Error(Cat("the value of `", name, "` is no text in UTF-8"));
    return sink_->Attribute(name, text);
  }

  absl::Status TooLong(const std::string& name) const {
    return Error(Cat("the value of `", name, "` has more than ", kValueBytesMax, " bytes"));
  }

  LineReader lines_;
  EntrySink* const sink_;
  std::string logical_;  // A line with those that go on it.
  bool cut_ = false;     // It was too long; this is how it begins.
  uint64_t number_ = 0;  // Of its first line; 0: there is none.
  bool within_ = false;  // An entry.
  bool any_ = false;
};

}  // namespace

absl::Status ReadLdif(ByteSource* source, EntrySink* sink) { return LdifReader(source, sink).Read(); }

}  // namespace mandate
