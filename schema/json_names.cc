#include "schema/json_names.h"

#include <vector>

#include "absl/container/flat_hash_set.h"

namespace mandate {
namespace {

class NameWatch final : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::string& repeated() const { return repeated_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override {
    names_.emplace_back();
    return true;
  }
  bool key(string_t& name) override {
    if (!names_.back().insert(name).second && repeated_.empty()) repeated_ = name.empty() ? "\"\"" : name;
    return true;
  }
  bool end_object() override {
    names_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  std::vector<absl::flat_hash_set<std::string>> names_;  // Of the objects that are open.
  std::string repeated_;
};

}  // namespace

bool ParseJson(std::string_view text, nlohmann::json* value, std::string* repeated) {
  NameWatch watch;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &watch)) return false;
  *repeated = watch.repeated();
  *value = nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  return !value->is_discarded();
}

}  // namespace mandate
