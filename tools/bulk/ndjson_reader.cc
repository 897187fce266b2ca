// One JSON object a line, with the names of kColumns. `caveat_context` is an object, or the text of one. Names that are
// unknown or come twice are refused: readers disagree about what they mean.
#include <algorithm>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "schema/text.h"
#include "tools/bulk/relationship_reader.h"

namespace mandate {
namespace {

using nlohmann::json;

// Deeper than any context may be (relationship_json.h).
constexpr size_t kDepthMax = 40;

// Takes the events of one line. What `caveat_context` holds is written down again as it comes.
class LineHandler : public nlohmann::json_sax<json> {
 public:
  bool null() override { return Value("null"); }
  bool boolean(bool value) override { return Value(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Value(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Value(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Value(text); }
  bool binary(binary_t&) override { return false; }
  bool string(string_t& value) override {
    if (depth_ != 1) return Value(json(value).dump());
    values_[column_] = std::move(value);
    return true;
  }

  bool start_object(size_t) override { return Open('{', '}'); }
  bool start_array(size_t) override { return Open('[', ']'); }
  bool end_object() override { return Close('}'); }
  bool end_array() override { return Close(']'); }

  bool key(string_t& name) override {
    if (depth_ > 1) {
      if (context_.back() != '{') context_ += ',';
      context_ += Cat(json(name).dump(), ":");
      return true;
    }
    const auto column = std::find(std::begin(kColumns), std::end(kColumns), name);
    if (column == std::end(kColumns)) {
      std::string allowed;
      for (const char* each : kColumns) allowed += Cat(allowed.empty() ? "" : ", ", each);
      return Fail(Cat("unknown name ", Quote(name), "; allowed: ", allowed));
    }
    column_ = static_cast<size_t>(column - std::begin(kColumns));
    if (seen_[column_]) return Fail(Cat(Quote(name), " comes twice"));
    return seen_[column_] = true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return Fail(Cat("the line is no JSON; it is wrong at byte ", position));
  }

  absl::StatusOr<Relationship> Finish(bool parsed) {
    if (!fault_.empty() || !parsed) return InvalidArgument(fault_);
    std::string_view values[std::size(kColumns)];
    for (size_t i = 0; i < std::size(kColumns); ++i) values[i] = values_[i];
    return FromColumns(values);
  }

 private:
  static constexpr size_t kContext = 7;
  static_assert(std::string_view(kColumns[kContext]) == "caveat_context");

  bool Fail(std::string message) {
    if (fault_.empty()) fault_ = std::move(message);
    return false;
  }

  // Something else than text. At the top only null is fine: absent.
  bool Value(std::string_view text) {
    if (depth_ == 0) return Fail("a line holds one JSON object");
    if (depth_ == 1) {
      return text == "null" ||
             Fail(Cat("`", kColumns[column_], "` takes text", column_ == kContext ? " or an object" : ""));
    }
    Separate();
    context_ += text;
    return true;
  }

  // A comma between the elements of an array; those of an object have theirs before the name.
  void Separate() {
    if (open_.back() == ']' && context_.back() != '[') context_ += ',';
  }

  bool Open(char opening, char closing) {
    if (depth_ == 0 && opening != '{') return Fail("a line holds one JSON object");
    if (depth_ == 1 && (column_ != kContext || opening != '{')) {
      return Fail(Cat("`", kColumns[column_], "` takes text", column_ == kContext ? " or an object" : ""));
    }
    if (depth_ == kDepthMax) return Fail("the line is nested too deep");
    if (depth_ > 1) Separate();
    if (depth_ > 0) context_ += opening;
    open_.push_back(closing);
    ++depth_;
    return true;
  }

  bool Close(char closing) {
    open_.pop_back();
    if (--depth_ == 0) return true;
    context_ += closing;
    if (depth_ == 1) values_[kContext] = std::move(context_);
    return true;
  }

  size_t depth_ = 0;
  size_t column_ = 0;
  bool seen_[std::size(kColumns)] = {};
  std::string values_[std::size(kColumns)];
  std::string context_;
  std::string open_;  // The brackets that close what is open.
  std::string fault_;
};

class NdjsonReader : public RelationshipReader {
 public:
  explicit NdjsonReader(ByteSource* source) : RelationshipReader(source) {}

  absl::StatusOr<bool> Next() override {
    std::string_view line;
    auto more = NextLine(&line);
    if (!more.ok() || !*more || line.empty()) return more;
    LineHandler handler;
    const bool parsed = json::sax_parse(line.begin(), line.end(), &handler);
    record_.relationship = handler.Finish(parsed);
    return true;
  }
};

}  // namespace

std::unique_ptr<RelationshipReader> MakeNdjsonReader(ByteSource* source) {
  return std::make_unique<NdjsonReader>(source);
}

}  // namespace mandate
