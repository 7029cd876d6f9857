#include "cli/new_command.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "cli/new_plugin.h"
#include "cli/program_path.h"
#include "cli/toolchains.h"

namespace weir::cli {
namespace {

// What of a toolchain is missing: a phrase behind "there is no"; empty: nothing.
std::string missing_part(const Toolchain& toolchain) {
  if (find_in_path(toolchain.program).empty()) {
    return "'" + std::string(toolchain.program) + "' in PATH";
  }
  if (toolchain.check.empty()) return "";
  const std::string command = "{ " + std::string(toolchain.check) + "; } > /dev/null 2>&1";
  // The command is ours, and nothing else runs here meanwhile.
  return std::system(command.c_str()) == 0 ? "" : std::string(toolchain.checked);
}

// As one word of a shell's command line.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

// For `cd`, which takes what begins with '-' as an option, and "-" as the folder before.
std::string folder_word(const std::string& folder) {
  return shell_word(folder.starts_with('-') ? "./" + folder : folder);
}

}  // namespace

NewCommand::NewCommand(CLI::App& app) {
  std::string languages;
  for (const std::string& each : template_languages()) {
    languages += (languages.empty() ? "" : ", ") + each;
  }
  CLI::App* command = app.add_subcommand("new", "Writes a plugin to begin from.");
  command_ = command;
  command->add_option("language", language_, languages)->type_name("LANGUAGE")->required();
  command->add_option("name", name_, "The plugin's name")->type_name("NAME")->required();
  command->add_option("--folder", folder_, "Where to write it; NAME, unless given")
      ->type_name("DIR");
}

bool NewCommand::was_asked_for() const { return command_->parsed(); }

ExitCode NewCommand::run() const {
  const std::string folder = folder_.empty() ? name_ : folder_;
  NewPlugin plugin{
      .language = language_, .name = name_, .folder = folder, .cpp_sdk = find_cpp_sdk()};
  const bool lacks_sdk = language_ == "cpp" && plugin.cpp_sdk.empty();
  if (lacks_sdk) plugin.cpp_sdk = "/usr/local/share/weir/sdk/cpp";
  const auto written = write_new_plugin(plugin);
  if (!written.ok()) {
    std::cerr << "weir new: " << written.error().message << "\n";
    return ExitCode::Failure;
  }
  for (const std::string& path : written.value()) std::cout << folder << "/" << path << "\n";
  if (lacks_sdk) {
    std::cerr
        << "weir new: the C++ SDK is not beside this program: set WEIR_CPP_SDK to its folder\n";
  }
  const Toolchain& toolchain = toolchain_of(language_);
  if (const std::string missing = missing_part(toolchain); !missing.empty()) {
    std::cerr << "weir new: there is no " << missing << ". make takes " << toolchain.takes << "\n";
  }
  std::cout << "Next: cd " << folder_word(folder) << " && make && weir serve -c weir.yaml\n";
  return ExitCode::Success;
}

}  // namespace weir::cli
