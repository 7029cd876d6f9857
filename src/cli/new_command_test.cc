#include "cli/new_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "cli/new_plugin.h"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class NewCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("weir-new-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  int run(std::vector<std::string> words) {
    words.insert(words.begin(), {"weir", "new"});
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run_command_line(static_cast<int>(argv.size()), argv.data());
    out = ::testing::internal::GetCapturedStdout();
    err = ::testing::internal::GetCapturedStderr();
    return code;
  }

  std::string path(const char* name) const { return (folder_ / name).string(); }

  std::string read(const char* name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name).rdbuf();
    return text.str();
  }

  std::string out;
  std::string err;
  fs::path folder_;
};

TEST_F(NewCommandTest, HasTheLanguagesThatThereAreSdksOf) {
  EXPECT_THAT(template_languages(),
              UnorderedElementsAre("cpp", "rust", "go", "assemblyscript", "zig"));
}

TEST_F(NewCommandTest, WritesEachLanguage) {
  for (const std::string& language : template_languages()) {
    SCOPED_TRACE(language);
    EXPECT_EQ(run({language, "my-plugin", "--folder", path(language.c_str())}), 0) << err;
    EXPECT_THAT(out, AllOf(HasSubstr("/Makefile\n"), HasSubstr("/README.md\n"),
                           HasSubstr("/weir.yaml\n"), HasSubstr("/.gitignore\n")));
    for (const auto& file : fs::recursive_directory_iterator(folder_ / language)) {
      if (!file.is_regular_file()) continue;
      const std::string text = read(fs::relative(file.path(), folder_).c_str());
      EXPECT_THAT(
          text, AllOf(Not(HasSubstr("@NAME")), Not(HasSubstr("@SDK@")), Not(HasSubstr("@TAKES@"))))
          << file.path();
      EXPECT_NE(text, "");
    }
  }
  EXPECT_THAT(read("rust/Makefile"), HasSubstr("/release/my_plugin.wasm"));
  EXPECT_THAT(read("rust/Cargo.toml"), HasSubstr("name = \"my-plugin\""));
  EXPECT_THAT(read("cpp/plugin.cc"), HasSubstr("\"x-my-plugin\""));
  EXPECT_THAT(read("zig/proxy_wasm.zig"), HasSubstr("extern \"env\" fn proxy_log("));
  EXPECT_TRUE(fs::exists(folder_ / "assemblyscript/.npmrc"));
}

// A module path without a dot is the standard library's: `plugin` and `log` did not compile.
TEST_F(NewCommandTest, GivesGoAModulePathThatIsNotTheStandardLibrarys) {
  for (const std::string name : {"plugin", "log", "fmt", "std", "go"}) {
    EXPECT_EQ(run({"go", name, "--folder", path(name.c_str())}), 0) << err;
    EXPECT_THAT(read((name + "/go.mod").c_str()), HasSubstr("module example.com/" + name + "\n"));
  }
}

TEST_F(NewCommandTest, SaysWhatToInstallWhereItIsNotThere) {
  const std::string path_before = std::getenv("PATH");
  ::setenv("PATH", folder_.c_str(), 1);
  const std::pair<const char*, const char*> told[] = {
      {"cpp", "no 'clang++-14' in PATH. make takes clang 14"},
      {"rust", "rustup target add wasm32-wasip1"},
      {"go", "go.dev/dl"},
      {"assemblyscript", "nodejs.org"},
      {"zig", "install ziglang==0.14.1"},
  };
  for (const auto& [language, remedy] : told) {
    EXPECT_EQ(run({language, "a", "--folder", path(language)}), 0) << err;
    EXPECT_THAT(err, HasSubstr(remedy));
    EXPECT_THAT(read((std::string(language) + "/README.md").c_str()), HasSubstr("`make` takes "));
  }
  std::ofstream(folder_ / "npm") << "";
  fs::permissions(folder_ / "npm", fs::perms::owner_all);
  EXPECT_EQ(run({"assemblyscript", "a", "--folder", path("with-npm")}), 0);
  EXPECT_THAT(err, Not(HasSubstr("in PATH")));
  // The program is there, and lacks what it needs.
  const auto script = [&](const char* name, const char* text) {
    std::ofstream(folder_ / name) << "#!/bin/sh\n" << text << "\n";
    fs::permissions(folder_ / name, fs::perms::owner_all);
  };
  script("python3", "exit 1");
  EXPECT_EQ(run({"zig", "a", "--folder", path("without-ziglang")}), 0);
  EXPECT_THAT(err, HasSubstr("there is no module 'ziglang' of python3. make takes Zig 0.14"));
  script("python3", "exit 0");
  EXPECT_EQ(run({"zig", "a", "--folder", path("with-ziglang")}), 0);
  EXPECT_EQ(err, "");
  script("cargo", "exit 0");
  script("rustc", "echo /nowhere");
  EXPECT_EQ(run({"rust", "a", "--folder", path("without-target")}), 0);
  EXPECT_THAT(err, HasSubstr("there is no standard library for wasm32-wasip1. make takes cargo"));
  script("rustc", "echo /");
  EXPECT_EQ(run({"rust", "a", "--folder", path("with-target")}), 0);
  EXPECT_EQ(err, "");
  ::setenv("PATH", path_before.c_str(), 1);
}

TEST_F(NewCommandTest, OverwritesNothing) {
  std::ofstream(folder_ / "mine") << "work";
  EXPECT_EQ(run({"go", "a", "--folder", path("")}), 1);
  EXPECT_THAT(err, HasSubstr("is there already"));
  EXPECT_EQ(read("mine"), "work");
}

TEST_F(NewCommandTest, TakesAFreshRepository) {
  fs::create_directory(folder_ / ".git");
  EXPECT_EQ(run({"zig", "a", "--folder", path("")}), 0) << err;
  // What the compiler leaves beside the module is no part of it.
  EXPECT_THAT(read(".gitignore"), HasSubstr("*.wasm.new*\n"));
  EXPECT_THAT(read("Makefile"), HasSubstr("rm -rf .zig-cache a.wasm a.wasm.new*"));
}

TEST_F(NewCommandTest, TakesAnEmptyFolder) {
  EXPECT_EQ(run({"go", "a", "--folder", path("")}), 0) << err;
}

TEST_F(NewCommandTest, SaysHowToGoToAFolderOfAnyName) {
  const std::pair<const char*, std::string> folders[] = {
      {"plain", path("plain")},
      {"of two words", "'" + path("of two words") + "'"},
      {"quote'd;$(x)", "'" + path("quote'\\''d;$(x)") + "'"},
  };
  for (const auto& [name, word] : folders) {
    EXPECT_EQ(run({"cpp", "a", "--folder", path(name)}), 0) << err;
    EXPECT_THAT(out, HasSubstr("\nNext: cd " + word + " && make && "));
  }
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  EXPECT_EQ(run({"cpp", "a", "--folder=-f"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("\nNext: cd ./-f && make && "));
  fs::current_path(before);
}

TEST_F(NewCommandTest, SaysThatAFolderIsALinkToNothing) {
  fs::create_symlink("nowhere", folder_ / "link");
  EXPECT_EQ(run({"go", "a", "--folder", path("link")}), 1);
  EXPECT_THAT(err, HasSubstr("/link is a link to what is not there: remove it"));
  EXPECT_FALSE(fs::exists(folder_ / "nowhere"));
}

TEST_F(NewCommandTest, RefusesNamesThatDoNotFitEverywhere) {
  const std::vector<std::string> names{
      "", "A", "1a", "a_b", "a/b", "../a", "a-", "a b", std::string(65, 'a')};
  for (const std::string& name : names) {
    EXPECT_EQ(run({"go", name, "--folder", path("new")}), 1) << name;
    EXPECT_THAT(err,
                HasSubstr("is to be of small letters, digits and '-', at most 64 of them, to begin "
                          "with a letter and not to end with '-'\n"))
        << name;
  }
  EXPECT_FALSE(fs::exists(folder_ / "new"));
}

// Go took no module of such a name.
TEST_F(NewCommandTest, RefusesNamesOfDevices) {
  for (const std::string name : {"aux", "con", "nul", "prn", "com1", "lpt9"}) {
    EXPECT_EQ(run({"go", name, "--folder", path("new")}), 1) << name;
    EXPECT_EQ(err, "weir new: the name '" + name +
                       "' is a device of Windows, and Go takes it for no module: choose another, "
                       "as '" +
                       name + "-plugin'\n");
  }
  EXPECT_FALSE(fs::exists(folder_ / "new"));
  for (const std::string name : {"com0", "lpt10", "com", "console", "aux-plugin"}) {
    EXPECT_EQ(run({"go", name, "--folder", path(name.c_str())}), 0) << name << err;
  }
}

TEST_F(NewCommandTest, NamesTheLanguagesWhereOneIsUnknown) {
  EXPECT_EQ(run({"cobol", "a", "--folder", path("new")}), 1);
  EXPECT_THAT(err, AllOf(HasSubstr("'cobol'"), HasSubstr("assemblyscript"), HasSubstr("rust")));
  EXPECT_EQ(run({"rsut", "a", "--folder", path("new")}), 1);
  EXPECT_THAT(err, HasSubstr("no template for 'rsut'; did you mean 'rust'?"));
}

}  // namespace
}  // namespace weir::cli
