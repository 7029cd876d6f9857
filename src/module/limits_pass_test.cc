// What the pass does to a module. How it then behaves on an engine, abi/limited_module_test.cc
// tells.

#include "module/limits_pass.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "module/custom_sections.h"
#include "module/fuel_plan.h"
#include "module/module_bytes.h"
#include "module/module_info.h"
#include "module/test_files.h"

namespace weir::wasm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr SizeLimits kSizes{.memory_bytes = 256u << 20, .table_elements = 1u << 20};

LimitsToAdd all() { return {.interrupt = true, .stack_bytes = 512 * 1024, .sizes = kSizes}; }
LimitsToAdd sizes(uint64_t memory_bytes, uint64_t table_elements = 1000) {
  return {.sizes = SizeLimits{memory_bytes, table_elements}};
}

struct Limited {
  LimitedCode code;
  ModuleInfo info;

  Bytes wasm() const { return code.wasm; }
};

Limited limited(std::string_view wasm, const LimitsToAdd& limits = all()) {
  auto code = add_limits(as_bytes(wasm), limits);
  EXPECT_TRUE(code.ok()) << code.error().message;
  if (!code.ok()) return {};
  auto info = read_module(code.value().wasm);
  EXPECT_TRUE(info.ok()) << info.error().message;
  if (!info.ok()) return {};
  return {std::move(code).value(), std::move(info).value()};
}

Error error_of(std::string_view wasm, const LimitsToAdd& limits = all()) {
  auto code = add_limits(as_bytes(wasm), limits);
  EXPECT_FALSE(code.ok());
  return code.ok() ? Error{} : std::move(code).error();
}

std::vector<std::string> section_names(const ModuleInfo& info) {
  std::vector<std::string> names;
  for (const Section& section : info.sections) names.push_back(section.name);
  return names;
}

// A module of one function, () -> (), with this code; other sections may follow the type section.
std::string with_code(std::string_view code, std::string_view sections = {}) {
  const std::string body = "\0"s + std::string(code) + "\x0b";
  return kPreamble + kEmptyType + function_section("\1\0"sv) + std::string(sections) +
         code_section("\1" + name(body));
}

std::string code_of(const Limited& module) {
  const Section* code = module.info.find_section(SectionId::Code);
  return std::string(as_text(code->contents(module.wasm())));
}

TEST(LimitsPassTest, ImportsTheLimitAfterTheModulesOwnImports) {
  const Limited module = limited(testdata("limits"));
  const auto& imports = module.info.interface.imports;
  ASSERT_EQ(imports.size(), 3u);
  EXPECT_EQ(imports[0].name, "first");
  EXPECT_EQ(imports[1].name, "second");
  EXPECT_EQ(imports[2].module, kLimitModule);
  EXPECT_EQ(imports[2].name, kLimitName);
  EXPECT_EQ(to_string(imports[2].type.view()), "(i32) -> ()");
  EXPECT_TRUE(module.code.imports_limit);
}

TEST(LimitsPassTest, ExportsWhatTheModuleExports) {
  for (const LimitsToAdd& limits : {all(), LimitsToAdd{.interrupt = true}, sizes(1 << 20)}) {
    const Limited module = limited(testdata("limits"), limits);
    const auto& exports = module.info.interface.exports;
    ASSERT_EQ(exports.size(), 3u);
    EXPECT_EQ(exports[0].name, "second");
    EXPECT_EQ(exports[1].name, "called");
    EXPECT_EQ(exports[2].name, "called_again");
    EXPECT_EQ(to_string(exports[2].type.view()), "(i32) -> i32");
    EXPECT_EQ(module.info.uncallable_exports.size(), 1u);
    EXPECT_TRUE(module.info.memory->exported);
  }
}

TEST(LimitsPassTest, NamesGoWithTheirFunctions) {
  const Limited module = limited(testdata("limits"));
  const FunctionNames names(module.wasm(), module.info);
  const std::vector<std::string_view> expected = {"first", "second", "",
                                                  "start", "called", "caller"};
  for (uint32_t function = 0; function < expected.size(); ++function) {
    EXPECT_EQ(names.find(function), expected[function]);
  }
  EXPECT_EQ(module.code.origin.old_function(1), 1u);
  EXPECT_EQ(module.code.origin.old_function(2), std::nullopt);
  EXPECT_EQ(module.code.origin.old_function(3), 2u);
}

TEST(LimitsPassTest, IndexesOfFunctionsMoveInEverySection) {
  const Limited module = limited(
      with_code("\xd2\0\x1a\x10\0"sv,
                section(4, "\1\x40\0\x70\0\1\xd2\0\x0b"sv) + section(6, "\1\x70\0\xd2\0\x0b"sv) +
                    export_section("\1\1f\0\0"sv) + start_section("\0"sv) +
                    section(9, "\3\0\x41\0\x0b\1\0\3\0\1\0\6\0\x41\0\x0b\x70\1\xd2\0\x0b"sv)));
  const auto contents = [&](SectionId id) {
    return as_text(module.info.find_section(id)->contents(module.wasm()));
  };
  EXPECT_EQ(contents(SectionId::Table), "\1\x40\0\x70\1\1\x80\x80\x40\xd2\1\x0b"sv);
  EXPECT_THAT(contents(SectionId::Global), StartsWith("\3\x70\0\xd2\1\x0b"sv));
  EXPECT_EQ(contents(SectionId::Element),
            "\3\0\x41\0\x0b\1\1\3\0\1\1\6\0\x41\0\x0b\x70\1\xd2\1\x0b"sv);
  EXPECT_THAT(contents(SectionId::Code), HasSubstr("\xd2\1\x1a"sv));
  // The host calls a wrapper: it comes after the limit, the function, and two of Weir's.
  EXPECT_EQ(contents(SectionId::Export), "\1\1f\0\4"sv);
  EXPECT_EQ(contents(SectionId::Start), "\4"sv);
}

// For engines that interrupt loops and calls by themselves.
TEST(LimitsPassTest, LooksBeforeLongOperationsCanBeAddedAlone) {
  const std::string lengths = "\x41\0\x41\0\x41\0"s;
  const std::string fill = "\xfc\x0b\0"s;
  const std::string copy = "\xfc\x0e\0\0"s;
  const std::string wasm = with_code(lengths + fill + lengths + copy,
                                     section(4, "\1\x70\0\1"sv) + section(5, "\1\0\1"sv));
  const Limited module = limited(wasm, {.look_if_long = true});
  EXPECT_TRUE(module.code.imports_limit);
  ASSERT_EQ(module.info.interface.imports.size(), 1u);
  EXPECT_EQ(module.info.interface.imports[0].module, kLookModule);
  // local.tee 0, local.get 0, i32.const SHIFT, i32.shr_u, i32.const 1, i32.add, local.get 1,
  // i32.add, local.tee 1, i32.const 256, i32.gt_u, if, i32.const 0, call 0, i32.const 0,
  // local.set 1, end
  const auto look = [](std::string_view shift) {
    return "\x22\0\x20\0\x41"s + std::string(shift) +
           "\x76\x41\1\x6a\x20\1\x6a\x22\1\x41\x80\2\x4b\x04\x40\x41\0\x10\0\x41\0\x21\1\x0b"s;
  };
  EXPECT_EQ(code_of(module), "\1" + name("\1\2\x7f"s + lengths + look("\x08") + fill + lengths +
                                         look("\1") + copy + "\x0b"));
}

// A function with few of them costs an engine little more than an interrupt does anyway.
TEST(LimitsPassTest, LooksBeforeEachOfManyGrowths) {
  const auto growths = [](uint32_t count) {
    std::string code;
    for (uint32_t i = 0; i < count; ++i) code += "\x41\0\x40\0\x1a"s;
    return code;
  };
  const auto made =
      add_limits(as_bytes(with_code(growths(bulk::kFewGrowths), memory_section("\1\0\1"sv))),
                 {.look_if_long = true});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(made.value().unchanged);

  const Limited many =
      limited(with_code(growths(5), memory_section("\1\0\1"sv)), {.look_if_long = true});
  std::string expected;
  for (int i = 0; i < 5; ++i) expected += "\x41\0\x41\0\x10\0\x40\0\x1a"s;
  EXPECT_EQ(code_of(many), "\1" + name("\0"s + expected + "\x0b"));

  // Not where another function alone has looks.
  const std::string few = "\0"s + growths(1) + "\x0b",
                    filling = "\0\x41\0\x41\0\x41\0\xfc\x0b\0\x0b"s;
  const Limited both =
      limited(kPreamble + kEmptyType + function_section("\2\0\0"sv) + memory_section("\1\0\1"sv) +
                  code_section("\2" + name(few) + name(filling)),
              {.look_if_long = true});
  EXPECT_THAT(code_of(both), StartsWith("\2" + name(few)));
}

TEST(LimitsPassTest, WithoutLongOperationsAModuleStaysAsItIs) {
  for (const std::string& wasm : {with_code("\x01"sv), kPreamble, testdata("limits")}) {
    const auto made = add_limits(as_bytes(wasm), {.look_if_long = true});
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_TRUE(made.value().unchanged);
  }
}

TEST(LimitsPassTest, WhatOnlyHasToBeSmallerKeepsItsCode) {
  const std::string wasm = testdata("limits");
  const Limited module = limited(wasm, sizes(1 << 20));
  EXPECT_FALSE(module.code.imports_limit);
  const ModuleInfo before = read_module(as_bytes(wasm)).value();
  const Section* old_code = before.find_section(SectionId::Code);
  const Section* new_code = module.info.find_section(SectionId::Code);
  EXPECT_EQ(as_text(new_code->contents(module.wasm())),
            as_text(old_code->contents(as_bytes(wasm))));
  EXPECT_EQ(module.code.origin.old_offset(new_code->offset + 9), old_code->offset + 9);
  EXPECT_EQ(module.code.origin.old_function(2), 2u);
}

TEST(LimitsPassTest, WhatSpeaksOfPlacesInTheCodeGoesWhereThoseMove) {
  const std::string wasm = with_code("") + custom("producers", "p") + custom(".debug_info", "d") +
                           custom("name", "") + custom("target_features", "t");
  EXPECT_THAT(section_names(limited(wasm, sizes(1 << 20)).info),
              ElementsAre("type", "function", "code", "producers", ".debug_info", "name",
                          "target_features"));
  const Limited module = limited(wasm);
  EXPECT_THAT(section_names(module.info),
              ElementsAre("type", "import", "function", "global", "code", "producers", "name",
                          "target_features"));
  EXPECT_EQ(as_text(module.info.find_custom_section("producers")->contents(module.wasm())), "p");
}

TEST(LimitsPassTest, ABrokenNameSectionIsLeftOut) {
  for (const std::string_view names : {"\1\5\1\0"sv, "\1\2\1\0"sv, "\2\3\1\0\1"sv}) {
    EXPECT_THAT(section_names(limited(with_code("") + custom("name", names)).info),
                ElementsAre("type", "import", "function", "global", "code"));
  }
}

// Or what the pass adds would be called so, or no name of the module's be known.
TEST(LimitsPassTest, NamesOfFunctionsThatThereAreNotAreLeftOut) {
  const Limited module =
      limited(with_code("") + custom("name", "\1\7\2\0\1f\1\1x\2\x0b\2\0\1\0\1l\1\1\0\1m"sv));
  EXPECT_EQ(as_text(module.info.find_custom_section("name")->contents(module.wasm())),
            "\1\4\1\1\1f\2\6\1\1\1\0\1l"sv);
}

TEST(LimitsPassTest, AModuleWithoutCodeImportsNothing) {
  const Limited module = limited(kPreamble + memory_section("\1\0\1"sv));
  EXPECT_FALSE(module.code.imports_limit);
  EXPECT_THAT(module.info.interface.imports, IsEmpty());
  EXPECT_EQ(module.info.memory->max_pages, 4096u);
}

// ---- Sizes ----

TEST(LimitsPassTest, MemoryHasAMaximumWithinTheLimit) {
  const auto maximum = [](std::string_view memory, uint64_t bytes) {
    const Limited module = limited(kPreamble + memory_section(memory), sizes(bytes));
    EXPECT_EQ(module.code.excess, "");
    return module.info.memory->max_pages;
  };
  constexpr uint64_t kPage = 65536;
  EXPECT_EQ(maximum("\1\0\1"sv, 3 * kPage), 3u);
  EXPECT_EQ(maximum("\1\0\1"sv, 4 * kPage - 1), 3u);
  EXPECT_EQ(maximum("\1\1\1\2"sv, 3 * kPage), 2u);
  EXPECT_EQ(maximum("\1\1\1\4"sv, 3 * kPage), 3u);
  EXPECT_EQ(maximum("\1\0\1"sv, 65536 * kPage), std::nullopt);
  EXPECT_EQ(maximum("\2\0\1\0\1"sv, 6 * kPage), 3u);
}

TEST(LimitsPassTest, WhatBeginsTooLargeIsTold) {
  EXPECT_EQ(limited(kPreamble + memory_section("\1\0\4"sv), sizes(200'000)).code.excess,
            "a memory begins with 4 pages of 64 KiB where 3 are allowed");
  EXPECT_EQ(limited(kPreamble + section(4, "\1\x70\0\5"sv), sizes(0, 4)).code.excess,
            "a table begins with 5 elements where 4 are allowed");
  EXPECT_EQ(limited(kPreamble + section(4, "\2\x70\0\3\x70\0\1"sv), sizes(0, 4)).code.excess,
            "a table begins with 3 elements where 2 are allowed");
}

TEST(LimitsPassTest, TablesHaveAMaximumWithinTheLimit) {
  const Limited module = limited(
      kPreamble + section(4, "\3\x70\0\1\x6f\1\1\x7f\x40\0\x70\0\2\xd0\x70\x0b"sv), sizes(0, 30));
  const Section* tables = module.info.find_section(SectionId::Table);
  EXPECT_EQ(as_text(tables->contents(module.wasm())),
            "\3\x70\1\1\x0a\x6f\1\1\x0a\x40\0\x70\1\2\x0a\xd0\x70\x0b"sv);
}

TEST(LimitsPassTest, SixtyFourBitsAreUnsupported) {
  for (const std::string& wasm :
       {kPreamble + memory_section("\1\4\1"sv), kPreamble + section(4, "\1\x70\4\1"sv),
        kPreamble + memory_section("\1\x08\1\0"sv)}) {
    EXPECT_EQ(error_of(wasm).code, ErrorCode::Unsupported);
  }
}

// ---- Hostile modules ----

// What is added comes right after the module's own: a module that names what it does not have would
// otherwise become a valid one, which refills its fuel by itself.
TEST(LimitsPassTest, WhatIsNamedHasToExist) {
  const std::string global = section(6, "\1\x7f\1\x41\0\x0b"sv);
  EXPECT_TRUE(add_limits(as_bytes(with_code("\x23\0\x24\0"sv, global)), all()).ok());
  const std::pair<std::string, std::string_view> hostile[] = {
      {with_code("\x41\1\x24\1"sv, global), "global 1 does not exist"},
      {with_code("\x41\1\x24\2"sv, global), "global 2 does not exist"},
      {with_code("\x23\0\x1a"sv), "global 0 does not exist"},
      {with_code("\x41\1\x21\0"sv), "local 0 does not exist"},
      {with_code("\x20\0\x1a"sv), "local 0 does not exist"},
      {with_code("\x22\0"sv), "local 0 does not exist"},
      {with_code("\x10\1"sv), "function 1 does not exist"},
      {with_code("\x12\1"sv), "function 1 does not exist"},
      {with_code("\xd2\1"sv), "function 1 does not exist"},
      {with_code("\x11\1\0"sv), "type 1 does not exist"},
      {with_code("\x02\1"sv), "type 1 does not exist"},
      {with_code("\x06\x40\x07\0\x0b"sv), "tag 0 does not exist"},
      {with_code("", export_section("\1\1g\3\0"sv)), "global 0 does not exist"},
      {with_code("", export_section("\1\1f\0\1"sv)), "function 1 does not exist"},
      {with_code("", start_section("\1")), "function 1 does not exist"},
      {with_code("", section(6, "\1\x70\0\xd2\1\x0b"sv)), "function 1 does not exist"},
      {with_code("", section(6, "\1\x7f\0\x23\1\x0b"sv)), "global 1 does not exist"},
      {with_code("", section(9, "\1\0\x41\0\x0b\1\1"sv)), "function 1 does not exist"},
      {with_code("", section(9, "\1\5\x70\1\xd2\1\x0b"sv)), "function 1 does not exist"},
      {with_code("", section(9, "\1\0\x23\0\x0b\0"sv)), "global 0 does not exist"},
      {with_code("", section(4, "\1\x40\0\x70\0\1\xd2\1\x0b"sv)), "function 1 does not exist"},
  };
  for (const auto& [wasm, message] : hostile) {
    const Error error = error_of(wasm);
    EXPECT_EQ(error.code, ErrorCode::BadModule) << message;
    EXPECT_THAT(error.message, HasSubstr(message));
  }
}

TEST(LimitsPassTest, TheNamesOfTheLimitAreWeirsOwn) {
  const auto importing = [](std::string_view module) {
    return kPreamble + kEmptyType + import_section("\1" + name(module) + name("limit") + "\0\0"s) +
           function_section("\1\0"sv) + code_section("\1\2\0\x0b"sv);
  };
  for (const std::string_view module : {kLimitModule, kLookModule}) {
    const Done checked =
        check_own_names(read_module(as_bytes(importing(module))).value().interface);
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().message, "the module imports '" + std::string(module) +
                                           ".limit', of a module name that Weir keeps for itself");
  }
  EXPECT_THAT(error_of(importing(kLimitModule)).message, HasSubstr("'weir.limit'"));
  // Such a module is one that has the look for long operations already.
  EXPECT_TRUE(add_limits(as_bytes(importing(kLookModule)), all()).ok());
}

TEST(LimitsPassTest, CodeHasToEndWhereItSaysThatItDoes) {
  const auto code = [](std::string_view contents) {
    return kPreamble + kEmptyType + function_section("\1\0"sv) + code_section(contents);
  };
  EXPECT_THAT(error_of(code("\1\3\0\x0b\x0b"sv)).message, HasSubstr("1 bytes too many"));
  EXPECT_THAT(error_of(code("\1\2\0\1"sv)).message, HasSubstr("runs past the end"));
  EXPECT_THAT(error_of(code("\1\x7f\0\x0b"sv)).message, HasSubstr("runs past the end"));
  EXPECT_THAT(error_of(code("\1\2\0\x0b\1"sv)).message, HasSubstr("1 bytes too many"));
  EXPECT_THAT(error_of(code("\1\7\1\xff\xff\xff\xff\x0f\x7f\x0b"sv)).message,
              HasSubstr("more than 50000 local variables"));
}

TEST(LimitsPassTest, TakesMemoryInProportionToTheFile) {
  std::string nested;
  for (int i = 0; i < 300'000; ++i) nested += "\x02\x40";
  nested += std::string(300'000, '\x0b');
  std::string loops;
  for (int i = 0; i < 100'000; ++i) loops += "\x03\x40\x0b";
  std::string table = "\x41\0\x0e" + leb(1'000'000) + std::string(1'000'001, '\0');
  std::string fills = "\0"s;  // unreachable: what follows needs no operands
  for (int i = 0; i < 100'000; ++i) fills += "\xfc\x11\0"s;
  for (const std::string& code : {nested, loops, table, fills}) {
    const std::string wasm = with_code(code);
    EXPECT_LT(limited(wasm).code.wasm.size(), 20 * wasm.size());
  }

  // No wrapper for what no host can call: one that hands on a thousand parameters is large.
  const std::string type = type_section("\1\x60" + leb(1000) + std::string(1000, '\x7f') + "\0"s);
  constexpr uint32_t kFunctions = 10'000;
  std::string exports = leb(kFunctions);
  std::string bodies = leb(kFunctions);
  for (uint32_t i = 0; i < kFunctions; ++i) {
    exports += name(std::to_string(i)) + "\0"s + leb(i);
    bodies += "\2\0\x0b"s;
  }
  const std::string wide = kPreamble + type +
                           function_section(leb(kFunctions) + std::string(kFunctions, '\0')) +
                           export_section(exports) + code_section(bodies);
  EXPECT_LT(limited(wide).code.wasm.size(), 10 * wide.size());
}

// ---- Real modules ----

TEST(LimitsPassTest, RewritesTheGuestsOfRealSdks) {
  const char* folder = std::getenv("WEIR_GUESTS");
  int guests = 0;
  if (folder != nullptr && std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".wasm") continue;
      // Examples in Go are go_http over again to the pass, and take seconds each.
      if (entry.path().stem().string().ends_with("-go")) continue;
      SCOPED_TRACE(entry.path().filename());
      const std::string wasm = read_file(entry.path());
      const ModuleInfo before = read_module(as_bytes(wasm)).value();
      const Limited after = limited(wasm);
      EXPECT_EQ(after.info.interface.imports.size(), before.interface.imports.size() + 1);
      EXPECT_EQ(after.info.interface.exports.size(), before.interface.exports.size());
      EXPECT_LT(after.wasm().size(), wasm.size() + wasm.size() / 3);
      ++guests;
    }
  }
  if (guests == 0) GTEST_SKIP() << "no guests in WEIR_GUESTS: run scripts/guests.sh";
}

}  // namespace
}  // namespace weir::wasm
