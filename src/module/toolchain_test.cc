#include "module/toolchain.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "module/module_bytes.h"
#include "module/test_files.h"

namespace weir::wasm {
namespace {

Toolchain guess(std::string_view wasm) {
  const auto info = read_module(as_bytes(wasm));
  EXPECT_TRUE(info.ok()) << info.error().message;
  if (!info.ok()) return {};
  return guess_toolchain(as_bytes(wasm), info.value(),
                         read_producers(as_bytes(wasm), info.value()));
}

// A module whose data section holds `text`.
std::string with_data(std::string_view text) {
  return kPreamble + memory_section("\1\0\1"sv) + section(11, "\1\0\x41\0\x0b"s + name(text));
}

std::string language(std::string_view name_of_it) {
  return kPreamble +
         custom("producers", "\1"s + name("language") + "\1" + name(name_of_it) + name(""));
}

TEST(ToolchainTest, TellsSdksByThePathsOfTheirSources) {
  const Toolchain rust = guess(with_data("/registry/src/x/proxy-wasm-0.2.5/src/dispatcher.rs"));
  EXPECT_EQ(rust.language, "Rust");
  EXPECT_EQ(rust.sdk_version, "0.2.5");
  const Toolchain go = guess(with_data("github.com/proxy-wasm/proxy-wasm-go-sdk@v0.0.1-a/x.go"));
  EXPECT_EQ(go.language, "Go");
  EXPECT_EQ(go.sdk_version, "0.0.1-a");
}

TEST(ToolchainTest, IsNotMisledByAFolderOfLikeName) {
  EXPECT_EQ(guess(with_data("/home/me/proxy-wasm-plugin/src/lib.rs")).sdk, "");
  EXPECT_EQ(guess(with_data("/home/me/proxy-wasm-plugin/ /proxy-wasm-1.0/")).sdk_version, "1.0");
}

TEST(ToolchainTest, TellsTheLanguageAsPeopleCallIt) {
  EXPECT_EQ(guess(language("C_plus_plus_14")).language, "C++");
  EXPECT_EQ(guess(language("C11")).language, "C");
  EXPECT_EQ(guess(language("Zig")).language, "Zig");
  EXPECT_EQ(guess(kPreamble).language, "");
}

TEST(ToolchainTest, TellsWeirsOwnSdksByTheirMarks) {
  const Toolchain made_with = guess(kPreamble + custom("weir.sdk", "0.1.0"));
  EXPECT_EQ(made_with.sdk, "C++ SDK of Weir");
  EXPECT_EQ(made_with.sdk_version, "0.1.0");
  EXPECT_EQ(guess(kPreamble + custom("weir.sdk.zig", "0.1.0")).sdk, "Zig SDK of Weir");
}

TEST(ToolchainTest, TellsTheGuestsOfRealSdks) {
  const char* folder = std::getenv("WEIR_GUESTS");
  const std::filesystem::path guests = folder == nullptr ? "" : folder;
  if (!std::filesystem::exists(guests / "go_http.wasm")) {
    GTEST_SKIP() << "no guests in WEIR_GUESTS: run scripts/guests.sh";
  }
  const auto sdk_of = [&](const char* stem) {
    const Toolchain made_with = guess(read_file(guests / (std::string(stem) + ".wasm")));
    return made_with.language + ": " + made_with.sdk + " " + made_with.sdk_version;
  };
  EXPECT_EQ(sdk_of("http_all"), "Rust: Rust SDK (proxy-wasm) 0.2.5");
  EXPECT_EQ(sdk_of("header_v1"), "Rust: Rust SDK (proxy-wasm) 0.1.4");
  EXPECT_EQ(sdk_of("go_http"), "Go: Go SDK (proxy-wasm-go-sdk) 0.0.0-20260105142703-44c7d5847745");
  EXPECT_EQ(sdk_of("as_http"), "AssemblyScript: AssemblyScript SDK ");
  EXPECT_EQ(sdk_of("cpp_http"), "C++:  ");
  EXPECT_EQ(sdk_of("zig_sdk"), "Zig: Zig SDK of Weir 0.1.0");
}

}  // namespace
}  // namespace weir::wasm
