#include "engine/own_c_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weir::engine {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

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

TEST(OwnCLibraryTest, SaysWhyItCannotStartAgain) {
  const Error error = start_again_by("/nonexistent/ld.so", kArguments);
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("cannot start again by /nonexistent/ld.so"),
                    HasSubstr(WEIR_SANITIZED ? "sanitizers" : "No such file or directory")));
}

}  // namespace
}  // namespace weir::engine
