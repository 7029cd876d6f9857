#include "cli/inspect_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "module/module_bytes.h"

namespace weir::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class InspectCommandTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (!file_.empty()) std::filesystem::remove(file_);
  }

  // Runs `weir inspect`; what it wrote is in `out` and `err`. Wasmtime alone keeps it quick.
  int inspect(std::vector<std::string> words) {
    words.insert(words.begin(), {"weir", "inspect", "--engine", "wasmtime"});
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run_command_line(static_cast<int>(argv.size()), argv.data());
    out = ::testing::internal::GetCapturedStdout();
    err = ::testing::internal::GetCapturedStderr();
    return code;
  }

  nlohmann::json json_of(const std::string& file, std::vector<std::string> words = {}) {
    words.insert(words.end(), {file, "--json"});
    EXPECT_EQ(inspect(words), 0) << err;
    return nlohmann::json::parse(out);
  }

  // The file of a guest; empty where the guests are not compiled.
  static std::string guest(const std::string& name) {
    const char* folder = std::getenv("WEIR_GUESTS");
    const auto path = std::filesystem::path(folder == nullptr ? "" : folder) / (name + ".wasm");
    return std::filesystem::exists(path) ? path.string() : "";
  }

  const std::string& file_of(const std::string& contents) {
    file_ = (std::filesystem::temp_directory_path() /
             ("weir-inspect-" + std::to_string(::getpid()) + ".wasm"))
                .string();
    std::ofstream(file_, std::ios::binary) << contents;
    return file_;
  }

  std::string out;
  std::string err;

 private:
  std::string file_;
};

TEST_F(InspectCommandTest, SaysInOneSentenceWhatIsWrongWithAFile) {
  using namespace std::literals;
  const std::pair<std::string, std::string> files[] = {
      {"", "the file is empty"},
      {"\x7f"
       "ELF\2\1\1",
       "a native ELF file"},
      {"\x1f\x8b\x08", "a gzip file"},
      {"(module)", "WebAssembly text"},
      {"\0asm\1\0\0\0"s, "not a Proxy-Wasm plugin"},
      {"\0asm\1\0\0\0\1\x7f"s, "at byte"},
  };
  for (const auto& [contents, sentence] : files) {
    EXPECT_EQ(inspect({file_of(contents)}), 1);
    EXPECT_THAT(err, AllOf(MatchesRegex("weir inspect: [^\n]*\n"), HasSubstr(file_of(contents)),
                           HasSubstr(sentence)));
    EXPECT_EQ(out, "");
  }
  EXPECT_EQ(inspect({"/nonexistent/a.wasm"}), 1);
  EXPECT_EQ(err,
            "weir inspect: /nonexistent/a.wasm: No such file or directory; put it there, or write "
            "where it is\n");
}

// What only engines look at: the report was printed, with an exit code of 0.
TEST_F(InspectCommandTest, SaysInOneSentenceWhatEnginesFindWrongWithAModule) {
  using namespace wasm;
  const std::string begin =
      kPreamble + type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) + function_section("\2\0\1"sv);
  const std::string version = name("proxy_abi_version_0_2_1") + "\0\0"s;
  const std::string allocator = name("malloc") + "\0\1"s;
  const std::string code = code_section("\2\2\0\x0b\4\0\x20\0\x0b"sv);
  const std::pair<std::string, const char*> modules[] = {
      {begin + export_section("\3" + version + version + allocator) + code, "duplicate export"},
      {begin + export_section("\3" + version + name("\xff\xfe") + "\0\0"s + allocator) + code,
       "UTF-8"},
      // (local.get 9) in a function without locals
      {begin + export_section("\2" + version + allocator) +
           code_section("\2\2\0\x0b\4\0\x20\x09\x0b"sv),
       "unknown local 9"},
      // 2^32 - 1 locals
      {begin + export_section("\2" + version + allocator) +
           code_section("\2\x08\1\xff\xff\xff\xff\x0f\x7f\x0b\4\0\x20\0\x0b"sv),
       "locals"},
  };
  for (const auto& [module, reason] : modules) {
    SCOPED_TRACE(reason);
    for (const bool json : {false, true}) {
      std::vector<std::string> words{file_of(module)};
      if (json) words.emplace_back("--json");
      EXPECT_EQ(inspect(words), 1) << out;
      EXPECT_EQ(out, "");
      EXPECT_THAT(err, AllOf(MatchesRegex("weir inspect: [^\n]*\n"), HasSubstr(reason),
                             HasSubstr(file_of(module) +
                                       ": not a valid WebAssembly module, says wasmtime ")));
    }
  }
}

TEST_F(InspectCommandTest, NamesAnEngineThatItDoesNotKnow) {
  EXPECT_EQ(inspect({"--engine", "spidermonkey", "a.wasm"}), 2);
  EXPECT_THAT(err, HasSubstr("'spidermonkey'"));
  EXPECT_EQ(inspect({"--engine", "null", "a.wasm"}), 2);
  EXPECT_THAT(err, HasSubstr("'null' runs no .wasm files"));
}

TEST_F(InspectCommandTest, TellsOfGuestsOfEverySdk) {
  struct Expected {
    std::string guest, abi, language, start, allocator;
    std::vector<std::string> options;
  };
  const Expected guests[] = {
      {"http_all", "0.2.1", "Rust", "_initialize", "proxy_on_memory_allocate", {}},
      {"header_v1", "0.1.0", "Rust", "_start", "malloc", {}},
      {"go_http", "0.2.0", "Go", "_initialize", "proxy_on_memory_allocate", {}},
      {"as_http", "0.2.1", "AssemblyScript", "_start", "malloc", {"--root-id", "as_http"}},
      {"cpp_http", "0.2.1", "C++", "_initialize", "malloc", {}},
  };
  for (const Expected& expected : guests) {
    const std::string file = guest(expected.guest);
    if (file.empty()) GTEST_SKIP() << "no guests in WEIR_GUESTS: run scripts/guests.sh";
    SCOPED_TRACE(expected.guest);
    const auto told = json_of(file, expected.options);
    EXPECT_EQ(told["abi"], expected.abi);
    EXPECT_EQ(told["language"], expected.language);
    EXPECT_EQ(told["start_sequence"][0], expected.start);
    EXPECT_EQ(told["allocator"], expected.allocator);
    EXPECT_GE(told["memory"]["min_pages"], 1);
    EXPECT_THAT(told["capabilities"], Contains("proxy_on_request_headers"));
    ASSERT_EQ(told["engines"].size(), 1u);
    EXPECT_EQ(told["engines"][0]["outcome"], "loads") << told["engines"][0]["reason"];
    EXPECT_EQ(told["loads"], true);
  }
}

TEST_F(InspectCommandTest, TellsWhatThePluginRefused) {
  const std::string file = guest("http_all");
  if (file.empty()) GTEST_SKIP() << "no guests in WEIR_GUESTS: run scripts/guests.sh";
  const auto told = json_of(file, {"--config", "fail=configure"});
  EXPECT_EQ(told["loads"], false);
  EXPECT_EQ(told["engines"][0]["outcome"], "refuses");
  const std::string reason = told["engines"][0]["reason"];
  EXPECT_THAT(reason, HasSubstr("proxy_on_configure returned false"));
}

TEST_F(InspectCommandTest, LongSubjectsLeaveTheColumnStraight) {
  const std::string file = guest("cpp_sdk/usual_statics");
  if (file.empty()) GTEST_SKIP() << "no guests in WEIR_GUESTS: run scripts/guests.sh";
  EXPECT_EQ(inspect({file}), 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("\n  properties and functions proxy_"),
                         HasSubstr("\n  shared data and queues   proxy_"),
                         HasSubstr("\n  metrics                  proxy_"),
                         HasSubstr("\n  size             ")));
}

TEST_F(InspectCommandTest, WritesCapabilitiesToPaste) {
  const std::string file = guest("header-edit-cpp");
  if (file.empty()) GTEST_SKIP() << "no guests in WEIR_GUESTS: run scripts/guests.sh";
  EXPECT_EQ(inspect({file}), 0);
  EXPECT_THAT(out, HasSubstr("\ncapability_restriction_config:\n"
                             "  allowed_capabilities:\n"
                             "    proxy_get_buffer_bytes: {}\n"
                             "    proxy_get_header_map_value: {}\n"
                             "    proxy_log: {}\n"));
  EXPECT_THAT(out, AllOf(HasSubstr("\n  ABI              0.2.1 ("), HasSubstr("made with"),
                         HasSubstr("\n  loads            yes\n")));
}

// An empty list allows everything; it was printed, and pasted it restricted nothing.
TEST_F(InspectCommandTest, HoldsAPluginThatUsesNothingToOneName) {
  using namespace wasm;
  const std::string wasm = kPreamble + type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) +
                           function_section("\2\0\1"sv) + memory_section("\1\0\1"sv) +
                           export_section("\3" + name("proxy_abi_version_0_2_1") + "\0\0"s +
                                          name("malloc") + "\0\1"s + name("memory") + "\2\0"s) +
                           code_section("\2\2\0\x0b\4\0\x20\0\x0b"sv);
  ASSERT_EQ(inspect({file_of(wasm)}), 0) << err;
  EXPECT_THAT(out, HasSubstr("\nTo allow what it uses, and no more:\n"
                             "It uses nothing. An empty list would allow everything, so one name "
                             "stands here that it has no use for.\n"
                             "capability_restriction_config:\n"
                             "  allowed_capabilities:\n"
                             "    proxy_on_delete: {}\n"));
  EXPECT_THAT(out, HasSubstr("  memory           1 page (64 KiB) at the start"));
  const auto told = json_of(file_of(wasm));
  EXPECT_EQ(told["capabilities"], nlohmann::json::array());
  EXPECT_EQ(told["allowed_capabilities"], nlohmann::json::array({"proxy_on_delete"}));
}

TEST_F(InspectCommandTest, StopsAPluginThatDoesNotStartInItsTime) {
  using namespace wasm;
  // Its start section runs (loop $again (br $again)).
  const std::string wasm =
      kPreamble + type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) + function_section("\3\0\0\1"sv) +
      export_section("\2" + name("proxy_abi_version_0_2_1") + "\0\0"s + name("malloc") + "\0\2"s) +
      start_section("\1") + code_section("\3\2\0\x0b\7\0\3\x40\x0c\0\x0b\x0b\4\0\x20\0\x0b"sv);
  const auto told = json_of(file_of(wasm), {"--start-ms", "20"});
  EXPECT_EQ(told["engines"][0]["outcome"], "refuses");
  const std::string reason = told["engines"][0]["reason"];
  EXPECT_THAT(reason, AllOf(HasSubstr("start: interrupted"),
                            HasSubstr("it had 20 ms of processor time, --start-ms gives it more")));
  EXPECT_EQ(inspect({"--start-ms", "0", file_of(wasm)}), 2);
}

// A plugin that logs in a loop filled the terminal, or all memory, until its time was over.
TEST_F(InspectCommandTest, KeepsTheBeginningOfWhatAPluginLogs) {
  using namespace wasm;
  // _initialize logs nothing at level warn, 300 times.
  const std::string wasm =
      kPreamble + type_section("\3\x60\0\0\x60\1\x7f\1\x7f\x60\3\x7f\x7f\x7f\1\x7f"sv) +
      import_section("\1" + name("env") + name("proxy_log") + "\0\2"s) +
      function_section("\3\0\1\0"sv) + memory_section("\1\0\1"sv) +
      export_section("\4" + name("proxy_abi_version_0_2_1") + "\0\1"s + name("malloc") + "\0\2"s +
                     name("_initialize") + "\0\3"s + name("memory") + "\2\0"s) +
      code_section(
          "\3\2\0\x0b\4\0\x20\0\x0b\x1d\1\1\x7f\3\x40\x41\3\x41\0\x41\0\x10\0\x1a"
          "\x20\0\x41\1\x6a\x22\0\x41\xac\2\x49\x0d\0\x0b\x0b"sv);
  const auto told = json_of(file_of(wasm));
  EXPECT_EQ(told["engines"][0]["outcome"], "loads") << told["engines"][0]["reason"];
  EXPECT_EQ(told["engines"][0]["log"].size(), 100u);
  EXPECT_EQ(told["engines"][0]["log_left_out"], 200);
  ASSERT_EQ(inspect({file_of(wasm)}), 0) << err;
  EXPECT_THAT(out, HasSubstr("logged: 200 more lines\n"));
}

TEST_F(InspectCommandTest, CountsNamesBeyondThoseThatAnyoneReads) {
  using namespace wasm;
  constexpr uint64_t kImports = 60;
  std::string imports = leb(kImports);
  for (uint64_t i = 0; i < kImports; ++i) {
    imports += name("env") + name("g" + std::to_string(i)) + "\0\0"s;
  }
  std::string exports = leb(kImports + 1) + name("proxy_abi_version_0_2_1") + "\0\x3c"s;
  for (uint64_t i = 0; i < kImports; ++i) exports += name("h" + std::to_string(i)) + "\0\x3c"s;
  const std::string wasm = kPreamble + kEmptyType + import_section(imports) +
                           function_section("\1\0"sv) + export_section(exports) +
                           code_section("\1\2\0\x0b"sv);
  ASSERT_EQ(inspect({file_of(wasm)}), 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr(" env.g49 () -> (); and 10 more\n"), Not(HasSubstr("env.g50"))));
  EXPECT_THAT(out, AllOf(HasSubstr(" h48 h49 and 10 more\n"), Not(HasSubstr(" h50"))));
  EXPECT_THAT(out, HasSubstr("'env.g19' () -> (); and 40 more\n"));
  EXPECT_EQ(json_of(file_of(wasm))["imports"].size(), kImports);
}

// A module's names go to a terminal.
TEST_F(InspectCommandTest, PrintsNoControlCharactersOfAFile) {
  using namespace std::literals;
  const std::string version = "\x17proxy_abi_version_0_2_1\0\0"s;
  const std::string other = "\4\x1b[2J\0\0"s;
  const std::string wasm = "\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0"s + "\7" +
                           static_cast<char>(1 + version.size() + other.size()) + "\2" + version +
                           other + "\x0a\4\1\2\0\x0b"s;
  EXPECT_EQ(inspect({file_of(wasm)}), 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("\\x1b[2J"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(out, HasSubstr("loads            no"));
  EXPECT_THAT(out, HasSubstr("is not taken: "));
}

}  // namespace
}  // namespace weir::cli
