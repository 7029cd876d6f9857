#pragma once
// What a command is to serve or to check: a file, or the command line instead of one.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/bootstrap.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace weir::cli {

class SettingsOptions {
 public:
  // What the argument that is no option names.
  enum class Argument : uint8_t {
    Plugin,        // a .wasm file; an upstream has to be said too
    FileOrPlugin,  // a .wasm file if its name ends so or an engine is named, else a configuration
  };

  // Adds the options to `command`, which writes into this when it is parsed.
  SettingsOptions(CLI::App& command, Argument argument);

  // Reads the file, each time. The error names it, or the option. Thread: any, once parsed.
  Result<config::ServeSettings> read() const;
  // The same with what is in the file; without one, the short form.
  Result<config::ServeSettings> make(const std::string& text) const;
  // The configuration; empty for the short form.
  std::string file() const;
  // Where relative paths of plugins start.
  std::filesystem::path base_dir() const { return std::filesystem::path(file()).parent_path(); }

 private:
  Result<config::ServeSettings> read_short_form() const;

  Argument argument_;
  config::Shorthand shorthand_;
  std::vector<std::string> clusters_;  // NAME=URL
  std::string file_;
};

}  // namespace weir::cli
