#include "engine/own_c_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/own_file.h"
#include "engine/engine_test_support.h"

namespace weir::engine {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::array kArguments = {"weir", "serve", "--config", "a b"};

TEST(OwnCLibraryTest, KeepsTheArgumentsAndTheProgramsName) {
  EXPECT_THAT(command_by("/engines/wasmedge/ld.so", "/usr/bin/weir", kArguments, ""),
              ElementsAre("/engines/wasmedge/ld.so", "--library-path", "/engines/wasmedge",
                          "--argv0", "weir", "/usr/bin/weir", "serve", "--config", "a b"));
}

TEST(OwnCLibraryTest, LooksForLibrariesWhereTheEnvironmentSaysToo) {
  EXPECT_EQ(command_by("/a/ld.so", "/usr/bin/weir", kArguments, "/b:/c")[2], "/a:/b:/c");
}

TEST(OwnCLibraryTest, StartsAProgramWithoutArguments) {
  EXPECT_THAT(command_by("/a/ld.so", "/usr/bin/weir", {}, ""),
              ElementsAre("/a/ld.so", "--library-path", "/a", "/usr/bin/weir"));
}

// To start by a loader is to run it, and what it loads.
TEST(OwnCLibraryTest, StartsByNothingThatAnyoneCouldHaveWritten) {
  if (WEIR_SANITIZED) GTEST_SKIP() << "sanitizers start nothing again";
  std::string name = (std::filesystem::temp_directory_path() / "weir-loader-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const std::filesystem::path folder = name;
  std::filesystem::create_directory(folder / "wasmedge");
  const std::filesystem::path loader = folder / "wasmedge/ld.so";
  for (const char* part : {"ld.so", "libc.so.6"}) {
    const std::filesystem::path file = folder / "wasmedge" / part;
    std::ofstream(file) << "text";
    ASSERT_EQ(chmod(file.c_str(), 0666), 0);
    EXPECT_THAT(
        start_again_by(loader, kArguments).message,
        HasSubstr(file.string() + " is not loaded, since somebody else could have written"));
    ASSERT_EQ(chmod(file.c_str(), 0644), 0);
  }
  std::filesystem::remove_all(folder);
}

// A folder with a C library as engines bring one, gone with the test.
class WholeCLibraryTest : public testing::Test {
 protected:
  ~WholeCLibraryTest() override { fs::remove_all(folder_); }

  const fs::path& libraries() const { return libraries_; }
  fs::path loader() const { return libraries_ / "ld.so"; }

  // What is wrong with it; empty for nothing.
  std::string fault() const {
    const Done checked = check_own_c_library(libraries_);
    EXPECT_EQ(needed_loader(libraries_), checked.ok() ? loader() : fs::path());
    return checked.ok() ? "" : checked.error().message;
  }

 private:
  static fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "weir-libraries-XXXXXX").string();
    WEIR_CHECK(mkdtemp(name.data()) != nullptr);
    put_c_library(fs::path(name) / "engine");
    return name;
  }
  fs::path folder_ = make_folder();
  fs::path libraries_ = folder_ / "engine";
};

TEST_F(WholeCLibraryTest, IsTakenWithALoader) { EXPECT_EQ(fault(), ""); }

// The loader would take the system's in its place, of another version.
TEST_F(WholeCLibraryTest, LacksNoPart) {
  for (const char* part : {"libc.so.6", "libm.so.6", "libresolv.so.2", "libnss_files.so.2"}) {
    const fs::path file = libraries() / part;
    fs::rename(file, libraries() / "kept");
    EXPECT_EQ(fault(), file.string() +
                           ", which is not there; install the adapter anew, with all that lies in "
                           "engine/ beside it, ld.so and libraries");
    std::ofstream(file) << "text";
    EXPECT_THAT(fault(), StartsWith(file.string() +
                                    ", which is no program or library for this machine; install"));
    fs::rename(libraries() / "kept", file);
  }
}

TEST_F(WholeCLibraryTest, HasWhatOtherLibrariesThereNeed) {
  fs::create_symlink(fs::canonical(own_file()), libraries() / "libengine.so");
  EXPECT_THAT(fault(), AllOf(StartsWith((libraries() / "lib").string()),
                             HasSubstr(", which is not there; install the adapter anew")));
}

TEST_F(WholeCLibraryTest, HasALoaderThatIsOne) {
  for (const fs::path& other : {own_file(), libraries() / "libc.so.6"}) {
    fs::copy_file(fs::canonical(other), loader(), fs::copy_options::overwrite_existing);
    EXPECT_THAT(fault(),
                StartsWith(loader().string() + ", which is no dynamic loader; install the"));
  }
  std::ofstream(loader(), std::ios::trunc) << "#!/bin/sh\n";
  EXPECT_THAT(fault(), HasSubstr("ld.so, which is no program or library for this machine"));
  fs::remove(loader());
  fs::create_directory(loader());
  EXPECT_THAT(fault(), HasSubstr("ld.so, which is no regular file"));
}

TEST_F(WholeCLibraryTest, HasALoaderThatMayBeExecuted) {
  ASSERT_EQ(chmod(loader().c_str(), 0644), 0);
  EXPECT_EQ(fault(), loader().string() + ", which may not be executed: run `chmod a+x " +
                         loader().string() +
                         "`, or have it on a file system that is not mounted noexec");
}

TEST(OwnCLibraryTest, SaysWhyItCannotStartAgain) {
  const Error error = start_again_by("/nonexistent/ld.so", kArguments);
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("cannot start again by /nonexistent/ld.so"),
                    HasSubstr(WEIR_SANITIZED ? "sanitizers" : "No such file or directory")));
}

}  // namespace
}  // namespace weir::engine
