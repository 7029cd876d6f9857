#include "cli/process_host.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace weir::cli {
namespace {

struct Folders {
  std::string code;
  std::string fetched;
};

Folders folders_of(std::vector<std::string> words) {
  CLI::App app;
  const HostOptions options(app, "info");
  std::ranges::reverse(words);  // as the library wants them
  app.parse(std::move(words));
  return {options.code_cache(), options.fetch_cache()};
}

TEST(HostOptionsTest, KeepsNothingWhereAFolderIsOffOrEmpty) {
  for (const std::string none : {"off", ""}) {
    const Folders folders = folders_of({"--code-cache", none, "--fetch-cache", none});
    EXPECT_EQ(folders.code, "");
    EXPECT_EQ(folders.fetched, "");
  }
  EXPECT_EQ(folders_of({"--no-code-cache"}).code, "");
}

TEST(HostOptionsTest, KeepsThingsInTheFoldersThatAreNamed) {
  const Folders folders = folders_of({"--code-cache", "./off", "--fetch-cache", "b"});
  EXPECT_EQ(folders.code, "./off");
  EXPECT_EQ(folders.fetched, "b");
}

}  // namespace
}  // namespace weir::cli
