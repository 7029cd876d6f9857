#include "module/toolchain.h"

#include <algorithm>
#include <string_view>

namespace weir::wasm {
namespace {

using namespace std::literals;

// "~lib/" in UTF-16: where the library of AssemblyScript lies, in the messages of its assertions.
constexpr std::string_view kAssemblyScriptLibrary = "~\0l\0i\0b\0/\0"sv;

// Source paths that SDKs leave in the data of their programs; a version follows.
struct PathClue {
  std::string_view path;
  std::string_view language;
  std::string_view sdk;
};
constexpr PathClue kPaths[] = {
    {"github.com/proxy-wasm/proxy-wasm-go-sdk@v", "Go", "Go SDK (proxy-wasm-go-sdk)"},
    {"github.com/proxy-wasm/proxy-wasm-go-sdk/", "Go", "Go SDK (proxy-wasm-go-sdk)"},
    {"github.com/tetratelabs/proxy-wasm-go-sdk", "Go", "Go SDK for TinyGo"},
    {"higress-group/proxy-wasm-go-sdk", "Go", "Go SDK of Higress"},
    {"/proxy-wasm-", "Rust", "Rust SDK (proxy-wasm)"},
};

std::string_view section_text(Bytes wasm, const Section* section) {
  return section == nullptr ? std::string_view() : as_text(section->contents(wasm));
}

// The version at the front of `text`: it begins with a digit and ends before a '/'.
std::string_view leading_version(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return {};
  const size_t end = text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz.-+");
  return end != text.npos && text[end] == '/' ? text.substr(0, end) : std::string_view();
}

bool imports_any(const ModuleInfo& info, std::string_view name) {
  const auto& imports = info.interface.imports;
  return std::ranges::find(imports, name, &ModuleInterface::Import::name) != imports.end();
}

// A program's libraries may be of another language than itself: of C, as a rule.
std::string language_of(std::span<const Producer> producers) {
  std::string language;
  for (const Producer& producer : producers) {
    if (producer.field != "language") continue;
    // Clang writes the standard with it: C_plus_plus_14, C11.
    if (producer.name.starts_with("C_plus_plus")) return "C++";
    const bool is_c = producer.name.starts_with("C1") || producer.name.starts_with("C9");
    if (language.empty() || language == "C") language = is_c ? "C" : producer.name;
  }
  return language;
}

// The SDK whose sources' path is in `data`, where the next thing after the path is a version
// wherever one belongs there.
bool find_path(std::string_view data, const PathClue& clue, Toolchain& made_with) {
  const bool versioned = clue.path.ends_with('v') || clue.path.ends_with('-');
  for (size_t at = data.find(clue.path); at != data.npos; at = data.find(clue.path, at + 1)) {
    const auto version = leading_version(data.substr(at + clue.path.size()));
    if (versioned && version.empty()) continue;
    made_with = {std::string(clue.language), std::string(clue.sdk), std::string(version)};
    return true;
  }
  return false;
}

}  // namespace

Toolchain guess_toolchain(Bytes wasm, const ModuleInfo& info, std::span<const Producer> producers) {
  Toolchain made_with;
  if (const Section* mark = info.find_custom_section("weir.sdk")) {
    return {"C++", "C++ SDK of Weir", std::string(section_text(wasm, mark))};
  }
  if (const Section* mark = info.find_custom_section("weir.sdk.zig")) {
    return {"Zig", "Zig SDK of Weir", std::string(section_text(wasm, mark))};
  }
  const std::string_view data = section_text(wasm, info.find_section(SectionId::Data));
  for (const PathClue& clue : kPaths) {
    if (find_path(data, clue, made_with)) return made_with;
  }
  made_with.language = language_of(producers);
  const bool tiny = std::ranges::any_of(
      producers, [](const Producer& p) { return p.name.find("TinyGo") != p.name.npos; });
  if (tiny) {
    made_with = {"Go", "Go SDK for TinyGo", ""};
  } else if (imports_any(info, "emscripten_notify_memory_growth")) {
    made_with = {"C++", "C++ SDK (proxy-wasm-cpp-sdk), by Emscripten", ""};
  } else if (data.find(kAssemblyScriptLibrary) != data.npos) {
    made_with = {"AssemblyScript", "AssemblyScript SDK", ""};
  }
  return made_with;
}

}  // namespace weir::wasm
