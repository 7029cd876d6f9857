#pragma once
// `weir check` in this process, on files that a test has written.

#include <string>
#include <string_view>

#include "planes/common/temporary_folder.h"

namespace weir::test {

// A folder with plugin.wasm, which takes every configuration.
class Trial {
 public:
  Trial();

  struct Outcome {
    int exit_code;
    std::string out;
    std::string err;
  };
  // Writes the file and checks it.
  Outcome check(const std::string& file_name, std::string_view text);
  // Puts the plugin into another file too.
  void add_plugin(const std::string& file_name);
  void add_file(const std::string& file_name, const std::string& text);
  std::string path(const std::string& file_name) const { return (folder_ / file_name).string(); }

 private:
  planes::test::TemporaryFolder folder_;
};

// The bytes of plugin.wasm.
std::string plugin_code();

}  // namespace weir::test
