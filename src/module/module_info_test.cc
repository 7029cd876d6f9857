#include "module/module_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "module/module_bytes.h"
#include "module/test_files.h"

namespace weir::wasm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ModuleInfo read(std::string_view wasm) {
  auto info = read_module(as_bytes(wasm));
  EXPECT_TRUE(info.ok()) << info.error().message;
  return info.ok() ? std::move(info).value() : ModuleInfo();
}

Error error_of(std::string_view wasm) {
  auto info = read_module(as_bytes(wasm));
  EXPECT_FALSE(info.ok());
  return info.ok() ? Error{} : std::move(info).error();
}

template <typename Item>
std::vector<std::string> names_of(const std::vector<Item>& items) {
  std::vector<std::string> names;
  std::ranges::transform(items, std::back_inserter(names), &Item::name);
  return names;
}

TEST(ModuleInfoTest, TellsImportedFunctionsInOrderWithDuplicates) {
  const ModuleInfo info = read(testdata("plugin"));
  const auto& imports = info.interface.imports;
  ASSERT_EQ(imports.size(), 3u);
  EXPECT_EQ(imports[0].module, "env");
  EXPECT_EQ(imports[0].name, "proxy_log");
  EXPECT_EQ(to_string(imports[0].type.view()), "(i32, i32, i32) -> i32");
  EXPECT_EQ(imports[1].name, "proxy_log");
  EXPECT_EQ(imports[2].module, "wasi_snapshot_preview1");
  EXPECT_EQ(to_string(imports[2].type.view()), "(i32, i64, f32, f64) -> i64");
  EXPECT_THAT(info.other_imports, IsEmpty());
}

TEST(ModuleInfoTest, TellsExportedFunctionsWithTheirTypes) {
  const ModuleInfo info = read(testdata("plugin"));
  EXPECT_THAT(names_of(info.interface.exports),
              ElementsAre("proxy_abi_version_0_2_1", "malloc", "pair", "log"));
  EXPECT_EQ(to_string(info.interface.find_export("malloc")->type.view()), "(i32) -> i32");
  EXPECT_EQ(to_string(info.interface.find_export("pair")->type.view()), "() -> (i32, i64)");
  // An import that is exported again.
  EXPECT_EQ(to_string(info.interface.find_export("log")->type.view()), "(i32, i32, i32) -> i32");
  EXPECT_EQ(info.defined_functions, 7u);
}

TEST(ModuleInfoTest, ListsExportsThatNoHostCanCallApart) {
  const ModuleInfo info = read(testdata("plugin"));
  ASSERT_THAT(names_of(info.uncallable_exports), ElementsAre("vector", "wide"));
  EXPECT_THAT(info.uncallable_exports[0].reason, HasSubstr("externref"));
  EXPECT_EQ(info.uncallable_exports[1].reason, "it has 25 parameters, more than 24");
}

TEST(ModuleInfoTest, ListsExportsThatAreNoFunctions) {
  const ModuleInfo info = read(testdata("plugin"));
  ASSERT_THAT(names_of(info.other_exports), ElementsAre("memory", "version"));
  EXPECT_EQ(to_string(info.other_exports[1].kind), "global");
}

TEST(ModuleInfoTest, ListsImportsThatAreNoFunctions) {
  const ModuleInfo info = read(testdata("other_imports"));
  ASSERT_THAT(names_of(info.other_imports), ElementsAre("table", "memory", "global", "tag"));
  EXPECT_EQ(info.other_imports[0].module, "env");
  EXPECT_EQ(info.other_imports[0].kind, ExternKind::Table);
  EXPECT_EQ(info.other_imports[1].kind, ExternKind::Memory);
  EXPECT_EQ(info.other_imports[2].kind, ExternKind::Global);
  EXPECT_EQ(info.other_imports[3].kind, ExternKind::Tag);
  ASSERT_EQ(info.interface.imports.size(), 1u);
  EXPECT_EQ(info.interface.imports[0].name, "f");
}

TEST(ModuleInfoTest, TellsTheStartFunction) {
  EXPECT_EQ(read(testdata("plugin")).start_function, 3u);
  EXPECT_EQ(read(testdata("markers")).start_function, std::nullopt);
}

TEST(ModuleInfoTest, TellsTheMemory) {
  const auto memory = read(testdata("plugin")).memory;
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->min_pages, 2u);
  EXPECT_EQ(memory->max_pages, 100u);
  EXPECT_TRUE(memory->exported);
  EXPECT_FALSE(memory->imported);
  EXPECT_FALSE(memory->shared);
  EXPECT_FALSE(read(testdata("markers")).memory);
}

TEST(ModuleInfoTest, TellsAnImportedMemory) {
  const auto memory = read(testdata("other_imports")).memory;
  ASSERT_TRUE(memory);
  EXPECT_TRUE(memory->imported);
  EXPECT_TRUE(memory->exported);
  EXPECT_EQ(memory->max_pages, 16u);
}

TEST(ModuleInfoTest, TellsAMemoryThatIsNotExported) {
  const auto memory = read(testdata("private_memory")).memory;
  ASSERT_TRUE(memory);
  EXPECT_FALSE(memory->exported);
  EXPECT_EQ(memory->min_pages, 3u);
  EXPECT_EQ(memory->max_pages, std::nullopt);
}

TEST(ModuleInfoTest, TakesTheExportedOneOfSeveralMemories) {
  const auto memory = read(testdata("several_memories")).memory;
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->min_pages, 5u);
  EXPECT_TRUE(memory->exported);
  EXPECT_TRUE(memory->shared);
}

TEST(ModuleInfoTest, Refuses64BitMemory) {
  const Error error = error_of(testdata("memory64"));
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_EQ(error.message, "a 64-bit memory: build the plugin for wasm32");
}

TEST(ModuleInfoTest, FindsEveryMarkerOfAnAbiVersion) {
  const AbiMarkers all = read(testdata("markers")).abi;
  EXPECT_TRUE(all.v0_1_0);
  EXPECT_TRUE(all.v0_2_0);
  EXPECT_TRUE(all.v0_2_1);
  EXPECT_TRUE(all.v0_2_100);
  // The global proxy_abi_version_9_9_9 is no marker.
  EXPECT_THAT(all.others, ElementsAre("proxy_abi_version_0_x_x"));

  const AbiMarkers one = read(testdata("plugin")).abi;
  EXPECT_TRUE(one.v0_2_1);
  EXPECT_FALSE(one.v0_1_0 || one.v0_2_0 || one.v0_2_100);
  EXPECT_THAT(one.others, IsEmpty());
  EXPECT_FALSE(one.none());
  EXPECT_TRUE(read(testdata("private_memory")).abi.none());
}

TEST(ModuleInfoTest, RefusesImportsThatNoHostCanSupply) {
  Error error = error_of(testdata("vector_import"));
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_EQ(error.message,
            "imported function 'env'.'take_vector' cannot be supplied: it uses v128");
  error = error_of(testdata("reference_import"));
  EXPECT_EQ(error.message,
            "imported function 'env'.'give_reference' cannot be supplied: it uses externref");
  error = error_of(testdata("too_wide_import"));
  EXPECT_EQ(
      error.message,
      "imported function 'env'.'takes_25' cannot be supplied: it has 25 parameters, more than 24");
  error = error_of(testdata("too_many_results"));
  EXPECT_EQ(
      error.message,
      "imported function 'env'.'returns_25' cannot be supplied: it has 25 results, more than 24");
}

TEST(ModuleInfoTest, TakesImportsOfUpTo24Parameters) {
  const ModuleInfo info = read(testdata("widest_import"));
  ASSERT_EQ(info.interface.imports.size(), 1u);
  EXPECT_EQ(info.interface.imports[0].type.params.size(), kMaxCrossingValues);
}

TEST(ModuleInfoTest, TellsWhereSectionsLie) {
  const std::string wasm =
      kPreamble + custom("first", "abc") + kEmptyType + custom("", "") + custom("first", "again");
  const ModuleInfo info = read(wasm);
  ASSERT_THAT(names_of(info.sections), ElementsAre("first", "type", "", "first"));
  EXPECT_EQ(info.sections[0].id, SectionId::Custom);
  EXPECT_EQ(info.sections[1].id, SectionId::Type);
  EXPECT_EQ(info.sections[0].offset, 16u);
  EXPECT_EQ(as_text(info.find_custom_section("first")->contents(as_bytes(wasm))), "abc");
  EXPECT_EQ(info.sections[1].size, 4u);
  EXPECT_EQ(info.sections[2].size, 0u);
  EXPECT_EQ(as_text(info.sections[3].contents(as_bytes(wasm))), "again");
  EXPECT_EQ(info.find_custom_section("type"), nullptr);
}

TEST(ModuleInfoTest, TakesAnEmptyModule) {
  const ModuleInfo info = read(kPreamble);
  EXPECT_THAT(info.sections, IsEmpty());
  EXPECT_THAT(info.interface.imports, IsEmpty());
}

// Compilers for languages with garbage collection write such types for functions of their own.
TEST(ModuleInfoTest, ReadsTypesOfGarbageCollection) {
  const std::string group =
      "\x4e\4"                    // 0 to 3, which may be recursive
      "\x5f\2\x78\1\x64\0\0"      // a struct of i8 and (ref 0)
      "\x50\1\0\x5f\0"            // a struct, subtype of 0
      "\x4f\0\x5e\x63\x71\0"      // a final array of (ref null none)
      "\x60\2\x64\0\x6e\1\x7f"s;  // (ref 0, anyref) -> i32
  const std::string types = type_section("\3" + group + "\x4e\0\x60\1\x7f\0"s);
  const ModuleInfo info = read(
      kPreamble + types + import_section("\1" + name("env") + name("f") + "\0\4"s) +
      function_section("\1\3") + export_section("\1" + name("g") + "\0\1"s) + code_section("\1"));
  ASSERT_EQ(info.interface.imports.size(), 1u);
  EXPECT_EQ(to_string(info.interface.imports[0].type.view()), "(i32) -> ()");
  EXPECT_THAT(names_of(info.uncallable_exports), ElementsAre("g"));

  const Error error =
      error_of(kPreamble + types + import_section("\1" + name("env") + name("f") + "\0\0"s));
  EXPECT_THAT(error.message, HasSubstr("type 0 is no function type"));
}

TEST(ModuleInfoTest, ReadsIntegersThatAreLongerThanTheyNeedBe) {
  const ModuleInfo info = read(kPreamble + memory_section("\x81\x80\x80\x80\0\0\x83\x80\0"sv));
  EXPECT_EQ(info.memory->min_pages, 3u);
}

TEST(ModuleInfoTest, RefusesEveryCutWithinASection) {
  const std::string wasm = testdata("plugin");
  std::set<uint64_t> ends = {8};
  for (const Section& section : read(wasm).sections) ends.insert(section.offset + section.size);
  for (size_t size = 0; size < wasm.size(); ++size) {
    const auto info = read_module(as_bytes(wasm).first(size));
    if (ends.contains(size)) continue;
    ASSERT_FALSE(info.ok()) << size;
    EXPECT_EQ(info.error().code, ErrorCode::BadModule);
  }
}

TEST(ModuleInfoTest, MakesNamesOfAGuestFitForALogLine) {
  const std::string hostile = "a\n'b'\x1b[2J" + std::string(1000, 'x');
  const Error error = error_of(kPreamble + type_section("\1\x60\1\x7b\0"sv) +
                               import_section("\1" + name("e\0v"sv) + name(hostile) + "\0\0"s));
  EXPECT_THAT(error.message, HasSubstr(R"('e\x00v'.'a\x0a\x27b\x27\x1b[2Jxxx)"));
  EXPECT_THAT(error.message, HasSubstr("xxx...'"));
  EXPECT_LT(error.message.size(), 250u);
}

// Types are shared: many exports of one large type must not multiply it.
TEST(ModuleInfoTest, TakesMemoryInProportionToTheFile) {
  const std::string large = "\x60" + leb(1000) + std::string(1000, '\x7f') + "\0"s;
  constexpr uint32_t kExports = 50'000;
  std::string exports = leb(kExports);
  for (uint32_t i = 0; i < kExports; ++i) exports += name(std::to_string(i)) + "\0\0"s;
  const ModuleInfo info = read(kPreamble + type_section("\1" + large) + function_section("\1\0"sv) +
                               export_section(exports) + code_section("\1"));
  EXPECT_EQ(info.uncallable_exports.size(), kExports);
  EXPECT_THAT(info.interface.exports, IsEmpty());
}

TEST(ModuleInfoTest, ReadsTheGuestsOfRealSdks) {
  const char* folder = std::getenv("WEIR_GUESTS");
  if (folder == nullptr || !std::filesystem::is_directory(folder)) {
    GTEST_SKIP() << "no guests in WEIR_GUESTS: run scripts/guests.sh";
  }
  int guests = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".wasm") continue;
    SCOPED_TRACE(entry.path().filename());
    const ModuleInfo info = read(read_file(entry.path()));
    EXPECT_FALSE(info.abi.none());
    EXPECT_TRUE(info.memory && info.memory->exported);
    EXPECT_TRUE(info.interface.find_export("malloc") != nullptr ||
                info.interface.find_export("proxy_on_memory_allocate") != nullptr);
    ++guests;
  }
  if (guests == 0) GTEST_SKIP() << "no guests in WEIR_GUESTS: run scripts/guests.sh";
}

}  // namespace
}  // namespace weir::wasm
