#include "config/trial.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "cli/command_line.h"

namespace weir::test {

Trial::Trial() { add_plugin("plugin.wasm"); }

void Trial::add_plugin(const std::string& file_name) { add_file(file_name, plugin_code()); }

void Trial::add_file(const std::string& file_name, const std::string& text) {
  std::filesystem::create_directories((folder_ / file_name).parent_path());
  folder_.write(file_name, text);
}

Trial::Outcome Trial::check(const std::string& file_name, std::string_view text) {
  folder_.write(file_name, std::string(text));
  const std::string path = this->path(file_name);
  const char* words[] = {"weir", "check", "--no-code-cache", "--fetch-cache", "", path.c_str()};
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int code = cli::run_command_line(static_cast<int>(std::size(words)), words);
  std::string out = ::testing::internal::GetCapturedStdout();
  return {code, std::move(out), ::testing::internal::GetCapturedStderr()};
}

std::string plugin_code() {
  std::ifstream in(WEIR_TEST_PLUGIN, std::ios::binary);
  EXPECT_TRUE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace weir::test
