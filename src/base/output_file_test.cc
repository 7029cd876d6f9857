#include "base/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/descriptor.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public ::testing::Test {
 protected:
  OutputFileTest() {
    std::string name = (fs::temp_directory_path() / "weir_output_file_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~OutputFileTest() override { fs::remove_all(folder_); }

  static void write(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string error_of(const Done& done) { return done.ok() ? "" : done.error().message; }
  // Of which nothing is to be left beside what was there.
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

TEST_F(OutputFileTest, MakesAFileAndReplacesOne) {
  const fs::path file = folder_ / "a";
  const std::string text("a\0b\r\n\xff", 6);
  EXPECT_EQ(error_of(write_output_file(file, text)), "");
  EXPECT_EQ(read(file), text);
  std::ifstream before(file);
  EXPECT_EQ(error_of(write_output_file(file, "new")), "");
  EXPECT_EQ(read(file), "new");
  std::string old(std::istreambuf_iterator<char>(before), {});
  EXPECT_EQ(old, text);  // whoever reads has the whole old one
  EXPECT_EQ(entries(), 1u);
}

TEST_F(OutputFileTest, ReplacesWhatLinksLeadTo) {
  write(folder_ / "a", "old");
  fs::create_symlink("a", folder_ / "link");
  fs::create_symlink(folder_ / "link", folder_ / "further");
  EXPECT_EQ(error_of(write_output_file(folder_ / "further", "new")), "");
  EXPECT_TRUE(fs::is_symlink(folder_ / "further"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read(folder_ / "a"), "new");

  fs::create_symlink("b", folder_ / "to_nothing");
  EXPECT_EQ(error_of(write_output_file(folder_ / "to_nothing", "b")), "");
  EXPECT_TRUE(fs::is_symlink(folder_ / "to_nothing"));
  EXPECT_EQ(read(folder_ / "b"), "b");

  fs::create_symlink("circle", folder_ / "circle");
  EXPECT_EQ(error_of(write_output_file(folder_ / "circle", "")),
            "Too many levels of symbolic links");
}

TEST_F(OutputFileTest, WritesIntoAPipe) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), S_IRUSR | S_IWUSR), 0);
  const std::string text(1 << 20, 'x');  // more than it holds
  std::string got;
  std::thread reader([&] { got = read(pipe); });
  EXPECT_EQ(error_of(write_output_file(pipe, text)), "");
  reader.join();
  EXPECT_EQ(got, text);
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(OutputFileTest, WritesIntoWhatAProcessHasOpened) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  // As /dev/stdout is one.
  fs::create_symlink("/proc/self/fd/" + std::to_string(in.number()), folder_ / "link");
  EXPECT_EQ(error_of(write_output_file(folder_ / "link", "text")), "");
  std::array<char, 16> got = {};
  EXPECT_EQ(::read(out.number(), got.data(), got.size()), 4);
  EXPECT_STREQ(got.data(), "text");

  write(folder_ / "file", "before,");
  const Descriptor file(::open((folder_ / "file").c_str(), O_WRONLY | O_CLOEXEC));
  const std::string opened = "/proc/self/fd/" + std::to_string(file.number());
  EXPECT_EQ(error_of(write_output_file(opened, "after")), "");
  EXPECT_EQ(read(folder_ / "file"), "before,after");
}

TEST_F(OutputFileTest, TellsWhyItCannot) {
  EXPECT_EQ(error_of(write_output_file(folder_, "")), "it is a folder");
  EXPECT_EQ(error_of(write_output_file(folder_ / "no" / "file", "")), "No such file or directory");
}

TEST_F(OutputFileTest, KnowsStandardOutput) {
  EXPECT_TRUE(is_standard_output("/proc/self/fd/1"));
  write(folder_ / "a", "");
  EXPECT_FALSE(is_standard_output(folder_ / "a"));
  EXPECT_FALSE(is_standard_output(folder_ / "none"));
}

}  // namespace
}  // namespace weir
