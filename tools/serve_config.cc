#include "tools/serve_config.h"

#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "schema/text.h"
#include "tools/validation/input.h"

namespace mandate {
namespace {

// What is no setting of the server, but says where they are.
bool IsSetting(const CLI::Option* option) {
  return !option->get_lnames().empty() && option->get_lnames()[0] != "help" && option->get_lnames()[0] != "config";
}

CLI::Option* Find(CLI::App* command, const std::string& name) {
  for (CLI::Option* option : command->get_options()) {
    if (IsSetting(option) && option->get_lnames()[0] == name) return option;
  }
  return nullptr;
}

}  // namespace

void NameVariables(CLI::App* command) {
  for (CLI::Option* option : command->get_options()) {
    if (!IsSetting(option)) continue;
    const std::string name = absl::AsciiStrToUpper(absl::StrReplaceAll(option->get_lnames()[0], {{"-", "_"}}));
    option->envname("MANDATE_SERVE_" + name);
  }
}

void ReadConfigFile(CLI::App* command, const std::string& file) {
  auto text = ReadFile(file);
  if (!text.ok()) throw CLI::ValidationError("--config", std::string(text.status().message()));
  std::vector<std::string> faults;
  std::vector<CLI::ConfigItem> items;
  try {
    std::istringstream stream(*text);
    items = CLI::ConfigTOML().from_config(stream);
  } catch (const CLI::Error& error) {
    faults.push_back(error.what());
  }
  for (const CLI::ConfigItem& item : items) {
    const std::string name = item.fullname();
    CLI::Option* option = Find(command, name);
    if (option == nullptr) {
      std::vector<std::string> names;
      for (const CLI::Option* each : command->get_options()) {
        if (IsSetting(each)) names.push_back(each->get_lnames()[0]);
      }
      const std::string closest = ClosestName(name, names);
      faults.push_back(Cat("`", name, "` is no option of `mandate serve`",
                           closest.empty() ? "" : Cat("; did you mean `", closest, "`?")));
      continue;
    }
    if (option->count() > 0) continue;
    try {
      const bool is_flag = option->get_items_expected_max() == 0;
      if (is_flag && item.inputs != std::vector<std::string>{"true"} &&
          item.inputs != std::vector<std::string>{"false"}) {
        throw CLI::ValidationError(name, "is true or false");
      }
      if (is_flag && item.inputs[0] == "false") continue;
      option->add_result(item.inputs);
      option->run_callback();
    } catch (const CLI::Error& error) {
      faults.push_back(error.what());
    }
  }
  if (!faults.empty()) throw CLI::ValidationError(file, absl::StrJoin(faults, "; "));
}

}  // namespace mandate
