#include "config/config_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "config/document.h"

namespace weir::config {
namespace {

namespace fs = std::filesystem;

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() {
    std::string name = fs::temp_directory_path() / "weir_config_file_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~ConfigFileTest() override { fs::remove_all(folder_); }

  static std::string error_of(const fs::path& path) {
    const auto text = read_config_file(path);
    return text.ok() ? "" : text.error().message;
  }

  fs::path folder_;
};

TEST_F(ConfigFileTest, SaysWhatToDo) {
  const std::string missing = folder_ / "missing.yaml";
  EXPECT_EQ(error_of(missing),
            missing + ": No such file or directory; put it there, or write where it is");
  EXPECT_EQ(error_of(folder_), folder_.string() + ": it is a folder; name a file that can be read");
}

TEST_F(ConfigFileTest, APipeThatNobodyWritesToIsNoEmptyFile) {
  const fs::path pipe = folder_ / "pipe.yaml";
  ASSERT_EQ(::mkfifo(pipe.c_str(), S_IRUSR | S_IWUSR), 0);
  const auto text = read_config_file(pipe, Pipes::Read);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(
      text.error().message,
      pipe.string() +
          ": it is a pipe with nothing in it, into which nobody writes; name a file that can be "
          "read");
}

TEST_F(ConfigFileTest, ReadsNoMoreThanAConfigurationMayHave) {
  const fs::path file = folder_ / "large.yaml";
  std::ofstream(file) << "a: b\n";
  EXPECT_EQ(read_config_file(file).value(), "a: b\n");
  fs::resize_file(file, kMaxFileBytes + 1);
  EXPECT_EQ(error_of(file), file.string() +
                                ": it is larger than 16 MiB; keep code in a file of its own "
                                "(code.local.filename)");
}

}  // namespace
}  // namespace weir::config
