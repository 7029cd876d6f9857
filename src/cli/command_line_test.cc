#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "module/module_bytes.h"

namespace weir::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

namespace fs = std::filesystem;

constexpr const char* kPutItThere = "; put it there, or write where it is\n";

class CommandLineTest : public ::testing::Test {
 protected:
  // Runs `weir` with these words; what it wrote is in `out` and `err`.
  int run(std::vector<const char*> words) {
    words.insert(words.begin(), "weir");
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run_command_line(static_cast<int>(words.size()), words.data(), start_again);
    out = ::testing::internal::GetCapturedStdout();
    err = ::testing::internal::GetCapturedStderr();
    return code;
  }

  std::string out;
  std::string err;
  StartAgain start_again;
};

// Commands that need another process than the one they are in. It is not made here: what asks for
// it is noted, and refused.
class StartAgainTest : public CommandLineTest {
 protected:
  void SetUp() override {
    const engine::Engines engines(engine::Engines::default_search_path(), {});
    if (engines.needed_loader("wasmedge").empty()) {
      GTEST_SKIP() << "WasmEdge needs no C library but the one of this process";
    }
    start_again = [this](const fs::path& loader) {
      loaders.push_back(loader.filename().string());
      return Error{ErrorCode::Unsupported, "cannot start again: a test"};
    };
  }

  std::vector<std::string> loaders;
};

TEST_F(StartAgainTest, IsForAPluginWhoseEngineNeedsIt) {
  EXPECT_EQ(run({"serve", "a.wasm", "--upstream", "http://127.0.0.1:1", "--engine", "wasmedge"}),
            1);
  EXPECT_THAT(loaders, ElementsAre("ld.so"));
  EXPECT_THAT(err, AllOf(HasSubstr("starting again by "), HasSubstr("engine 'wasmedge'"),
                         HasSubstr("\nweir serve: cannot start again: a test\n")));
}

// A broken file had two lines: that the process starts again, and what is wrong.
TEST_F(StartAgainTest, IsNotToldWhereAFilesFaultIsToBeTheOnlyLine) {
  using namespace std::literals;
  const std::string file =
      (fs::temp_directory_path() / ("weir-broken-" + std::to_string(::getpid()) + ".wasm"))
          .string();
  // A function with one parameter and no locals, that takes local 9.
  std::ofstream(file, std::ios::binary)
      << "\0asm\1\0\0\0\1\x09\2\x60\0\0\x60\1\x7f\1\x7f\3\3\2\0\1\7\x24\2\x17"
         "proxy_abi_version_0_2_1\0\0\6malloc\0\1\x0a\x09\2\2\0\x0b\4\0\x20\x09\x0b"s;
  EXPECT_EQ(run({"inspect", file.c_str()}), 1);
  EXPECT_THAT(loaders, ElementsAre("ld.so"));
  EXPECT_THAT(err, AllOf(Not(HasSubstr("starting again")),
                         HasSubstr(file + ": not a valid WebAssembly module, says ")));
  fs::remove(file);
}

TEST_F(StartAgainTest, ComesWhenScenariosHaveBeenRead) {
  const std::string file =
      (fs::temp_directory_path() / ("weir-wrong-" + std::to_string(::getpid()) + ".yaml")).string();
  std::ofstream(file) << "scenarioz: []";
  for (const char* command : {"test", "bench"}) {
    EXPECT_EQ(run({command, file.c_str(), "--engine", "wasmedge"}), 2);
    EXPECT_THAT(loaders, IsEmpty());
    EXPECT_THAT(err, AllOf(Not(HasSubstr("again")), HasSubstr("scenarioz: unknown field")));
  }
  fs::remove(file);
}

TEST_F(StartAgainTest, IsForNoOtherPlugin) {
  EXPECT_EQ(run({"serve", "/nonexistent/a.wasm", "--upstream", "http://127.0.0.1:1", "--engine",
                 "null", "--listen", "127.0.0.1:0"}),
            1);
  EXPECT_THAT(loaders, IsEmpty());
}

TEST_F(StartAgainTest, IsForListingAllEngines) {
  EXPECT_EQ(run({"engines", "--json"}), 0);
  EXPECT_THAT(loaders, ElementsAre("ld.so"));
  EXPECT_THAT(err, HasSubstr("weir engines: cannot start again: a test\n"));
  EXPECT_THAT(out, HasSubstr("start the process by"));
}

// A name in a plugin's file may be of any bytes, those that lead a terminal among them.
TEST_F(CommandLineTest, ShowsNoControlCharactersOfAPlugin) {
  using namespace std::literals;
  using wasm::name;
  const auto plugin = [](const std::string& imported, const std::string& marker) {
    return wasm::kPreamble + wasm::type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) +
           wasm::import_section("\1" + name("env") + name(imported) + "\0\0"s) +
           wasm::function_section("\2\0\1"sv) +
           wasm::export_section("\2" + name(marker) + "\0\1"s + name("malloc") + "\0\2"s) +
           wasm::code_section("\2\2\0\x0b\4\0\x20\0\x0b"sv);
  };
  const std::string stem =
      (fs::temp_directory_path() / ("weir-shown-" + std::to_string(::getpid()))).string();
  const std::string wasm = stem + ".wasm";
  const std::string suite = stem + ".yaml";
  std::ofstream(suite) << "plugin: {file: " << wasm
                       << "}\nscenarios: [{name: a, steps: [{http: {}}]}]\n";

  std::ofstream(wasm, std::ios::binary) << plugin("a\x1b[31m\nb\0c"s, "proxy_abi_version_0_2_1");
  const auto shown = AllOf(HasSubstr("'env.a\\x1b[31m\\x0ab\\x00c' () -> ()"),
                           Not(HasSubstr("\x1b")), Not(HasSubstr("\0"s)));
  EXPECT_EQ(run({"test", suite.c_str(), "--engine", "wasmtime"}), 1);
  EXPECT_THAT(out, shown);
  EXPECT_EQ(run({"bench", wasm.c_str(), "--engine", "wasmtime"}), 1);
  EXPECT_THAT(out, shown);

  std::ofstream(wasm, std::ios::binary) << plugin("a", "proxy_abi_version_\x1b[31m");
  for (const char* command : {"bench", "inspect"}) {
    run({command, wasm.c_str(), "--engine", "wasmtime"});
    EXPECT_THAT(err, AllOf(HasSubstr("'proxy_abi_version_\\x1b[31m'"), Not(HasSubstr("\x1b"))));
  }
  fs::remove(wasm);
  fs::remove(suite);
}

// It was told twice in one line: as what the plugin answered, and as what was logged.
TEST_F(CommandLineTest, TellsAFailedStartOnce) {
  using namespace std::literals;
  using wasm::name;
  const std::string stem =
      (fs::temp_directory_path() / ("weir-start-" + std::to_string(::getpid()))).string();
  const std::string file = stem + ".wasm";
  const std::string suite = stem + ".yaml";
  std::ofstream(file, std::ios::binary)
      << wasm::kPreamble + wasm::type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) +
             wasm::function_section("\2\0\1"sv) +
             wasm::export_section("\2" + name("proxy_abi_version_0_2_1") + "\0\0"s +
                                  name("malloc") + "\0\1"s) +
             wasm::start_section("\0"s) + wasm::code_section("\2\3\0\0\x0b\4\0\x20\0\x0b"sv);
  std::ofstream(suite) << "plugin: {file: " << file
                       << "}\nscenarios: [{name: a, steps: [{http: {}}]}]\n";
  EXPECT_EQ(run({"test", suite.c_str(), "--engine", "wasmtime"}), 1);
  const std::string finding = out.substr(0, out.find("\n      log "));
  EXPECT_THAT(finding, HasSubstr("start: unreachable: "));
  EXPECT_EQ(finding.find("start: "), finding.rfind("start: ")) << finding;
  fs::remove(file);
  fs::remove(suite);
}

TEST_F(CommandLineTest, TellsItsVersion) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_THAT(out, StartsWith("weir "));
}

TEST_F(CommandLineTest, NeedsASubcommand) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(err, "weir: A subcommand is required; see weir --help\n");
}

TEST_F(CommandLineTest, NamesAnUnknownOption) {
  EXPECT_EQ(run({"serve", "--nothing"}), 2);
  EXPECT_THAT(err, HasSubstr("--nothing"));
}

TEST_F(CommandLineTest, TellsWhatAMisspelledWordMayHaveMeant) {
  EXPECT_EQ(run({"inpsect", "plugin.wasm"}), 2);
  EXPECT_EQ(err, "weir: 'inpsect': unknown; did you mean 'inspect'?\n");
  EXPECT_EQ(run({"test", "--jnuit", "results.xml", "scenario.yaml"}), 2);
  EXPECT_EQ(err, "weir: '--jnuit': unknown; did you mean '--junit'?\n");
  EXPECT_EQ(run({"bench"}), 2);
  EXPECT_EQ(err, "weir: file is required; see weir bench --help\n");
}

TEST_F(CommandLineTest, NeedsAnUpstream) {
  EXPECT_EQ(run({"serve", "plugin.wasm"}), 1);
  EXPECT_EQ(err, "weir serve: say where requests go, by --upstream URL or -c FILE\n");
}

TEST_F(CommandLineTest, RefusesAFileBesideTheShortForm) {
  EXPECT_EQ(run({"serve", "-c", "weir.yaml", "--upstream", "http://127.0.0.1:1"}), 2);
}

TEST_F(CommandLineTest, NamesWhatIsWrongWithACluster) {
  EXPECT_EQ(run({"serve", "--upstream", "http://127.0.0.1:1", "--cluster", "auth"}), 1);
  EXPECT_EQ(err, "weir serve: --cluster 'auth' is not NAME=URL\n");
  EXPECT_EQ(run({"serve", "--upstream", "http://127.0.0.1:1", "--cluster", "a=http://127.0.0.1:2",
                 "--cluster", "a=http://127.0.0.1:3"}),
            1);
  EXPECT_EQ(err, "weir serve: --cluster 'a' is there twice\n");
}

TEST_F(CommandLineTest, NamesAFileThatCannotBeRead) {
  EXPECT_EQ(run({"serve", "-c", "/nonexistent/weir.yaml"}), 1);
  EXPECT_EQ(err, std::string("weir serve: /nonexistent/weir.yaml: No such file or directory") +
                     kPutItThere);
  const std::string folder = std::filesystem::temp_directory_path().string();
  EXPECT_EQ(run({"serve", "-c", folder.c_str()}), 1);
  EXPECT_EQ(err, "weir serve: " + folder + ": it is a folder; name a file that can be read\n");
}

TEST_F(CommandLineTest, NamesAPluginThatIsNotThere) {
  EXPECT_EQ(run({"serve", "/nonexistent/a.wasm", "--upstream", "http://127.0.0.1:1", "--listen",
                 "127.0.0.1:0"}),
            1);
  EXPECT_THAT(err, AllOf(HasSubstr("plugin 'a'"), HasSubstr("/nonexistent/a.wasm")));
}

TEST_F(CommandLineTest, ChecksWhatItWouldServe) {
  EXPECT_EQ(run({"check"}), 1);
  EXPECT_EQ(err, "weir check: name a configuration, or a .wasm file\n");
  EXPECT_EQ(run({"check", "/nonexistent/weir.yaml"}), 1);
  EXPECT_EQ(err, std::string("weir check: /nonexistent/weir.yaml: No such file or directory") +
                     kPutItThere);
  EXPECT_EQ(run({"check", "/nonexistent/a.wasm"}), 1);
  EXPECT_THAT(err, AllOf(StartsWith("weir check: plugin 'a': "), HasSubstr("/nonexistent/a.wasm")));
  EXPECT_EQ(run({"check", "none", "--engine", "null"}), 1);
  EXPECT_THAT(err, AllOf(StartsWith("weir check: plugin 'none': "), HasSubstr("'none'")));
  EXPECT_EQ(run({"check", "-c", "weir.yaml", "weir.yaml"}), 2);
}

TEST_F(CommandLineTest, SaysAnErrorInOneLineWhateverIsInIt) {
  EXPECT_EQ(run({"check", "a\nb\x1b[0m", "--engine", "null"}), 1);
  EXPECT_EQ(std::ranges::count(err, '\n'), 1);
  EXPECT_THAT(err, HasSubstr("'a\\x0ab\\x1b[0m'"));
}

TEST_F(CommandLineTest, ListsTheEngines) {
  EXPECT_EQ(run({"engines"}), 0);
  EXPECT_THAT(out, AllOf(HasSubstr("\nnull "), HasSubstr("\nwasmtime "),
                         HasSubstr("wasmtime can: interrupt"),
                         HasSubstr("wasmtime takes: reference types, SIMD, ")));
}

TEST_F(CommandLineTest, ListsTheEnginesForPrograms) {
  EXPECT_EQ(run({"engines", "--json"}), 0);
  const auto told = nlohmann::json::parse(out);
  for (const auto& engine : told["engines"]) {
    if (engine.contains("error")) continue;
    const std::string name = engine["name"];
    const std::string limit = engine["capabilities"]["memory_limit"];
    EXPECT_EQ(limit, name == "null" ? "missing" : name == "v8" ? "supplied" : "native") << name;
    if (name == "wasmtime") {
      EXPECT_THAT(engine["features"], ::testing::Contains("SIMD"));
    }
  }
  EXPECT_GE(told["engines"].size(), 6u);
}

}  // namespace
}  // namespace weir::cli
