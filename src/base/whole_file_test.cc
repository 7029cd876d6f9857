#include "base/whole_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/clock.h"
#include "base/descriptor.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

class WholeFileTest : public ::testing::Test {
 protected:
  WholeFileTest() : folder_(fs::temp_directory_path() / "weir_whole_file_XXXXXX") {
    std::string name = folder_.string();
    folder_ = ::mkdtemp(name.data());
  }
  ~WholeFileTest() override { fs::remove_all(folder_); }

  fs::path write(std::string_view text) const {
    std::ofstream(folder_ / "file", std::ios::binary) << text;
    return folder_ / "file";
  }
  fs::path make_pipe() const {
    EXPECT_EQ(::mkfifo((folder_ / "pipe").c_str(), S_IRUSR | S_IWUSR), 0);
    return folder_ / "pipe";
  }
  static std::string error_of(const Result<std::string>& read) {
    return read.ok() ? "read: " + read.value() : read.error().message;
  }

  fs::path folder_;
};

TEST_F(WholeFileTest, ReadsBytesAsTheyAre) {
  const std::string text("a\0b\r\n\xff", 6);
  EXPECT_EQ(read_whole_file(write(text), 6).value(), text);
  EXPECT_EQ(read_whole_file(write(""), 0).value(), "");
}

TEST_F(WholeFileTest, ReadsWhatHasNoSizeBeforehand) {
  const auto read = read_whole_file("/proc/self/maps", 16 << 20);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_GT(read.value().size(), 100u);
  EXPECT_EQ(error_of(read_whole_file("/proc/self/maps", 100)), "it is larger than 100 bytes");
}

// 512 MiB were read of a configuration before anybody looked at its bound: the file here is larger
// than all memory.
TEST_F(WholeFileTest, ReadsNothingOfWhatIsTooLarge) {
  const fs::path file = write("");
  fs::resize_file(file, uintmax_t{1} << 42);
  const auto read = read_whole_file(file, 16 << 20);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::LimitExceeded);
  EXPECT_EQ(read.error().message, "it is larger than 16 MiB");
  EXPECT_EQ(error_of(read_whole_file(write("1234567"), 6)), "it is larger than 6 bytes");
}

TEST_F(WholeFileTest, SaysWhatLiesThereInstead) {
  EXPECT_EQ(error_of(read_whole_file(folder_, 9)), "it is a folder");
  EXPECT_EQ(error_of(read_whole_file("/dev/zero", 9)), "it is a device, and no file");
  const auto missing = read_whole_file(folder_ / "missing", 9);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_EQ(missing.error().message, "No such file or directory");
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_EQ(error_of(read_whole_file(folder_ / "loop", 9)), "Too many levels of symbolic links");
}

TEST_F(WholeFileTest, WaitsForNoPipeThatNobodyWrites) {
  const fs::path pipe = make_pipe();
  EXPECT_EQ(error_of(read_whole_file(pipe, 9)), "it is a pipe, and no file");
  EXPECT_EQ(error_of(read_whole_file(pipe, 9, Pipes::Read)),
            "it is a pipe with nothing in it, into which nobody writes");
}

TEST_F(WholeFileTest, ReadsAPipeToItsEndAndItsBound) {
  const fs::path pipe = make_pipe();
  const auto read_what_comes = [&](size_t max_bytes) {
    // Both ends, so that the reader finds somebody at the other.
    Descriptor other(::open(pipe.c_str(), O_RDWR | O_CLOEXEC));
    std::jthread writer([&] {
      std::this_thread::sleep_for(Milliseconds(20));
      EXPECT_EQ(::write(other.number(), "late", 4), 4);
      other = Descriptor();
    });
    return error_of(read_whole_file(pipe, max_bytes, Pipes::Read));
  };
  EXPECT_EQ(read_what_comes(4), "read: late");
  EXPECT_EQ(read_what_comes(3), "it is larger than 3 bytes");
}

}  // namespace
}  // namespace weir
