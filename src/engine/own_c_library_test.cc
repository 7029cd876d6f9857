#include "engine/own_c_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

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

TEST(OwnCLibraryTest, SaysWhyItCannotStartAgain) {
  const Error error = start_again_by("/nonexistent/ld.so", kArguments);
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("cannot start again by /nonexistent/ld.so"),
                    HasSubstr(WEIR_SANITIZED ? "sanitizers" : "No such file or directory")));
}

}  // namespace
}  // namespace weir::engine
