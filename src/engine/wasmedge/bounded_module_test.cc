#include "engine/wasmedge/bounded_module.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace weir::engine::wasmedge {
namespace {

using Raw = std::vector<int>;

// A module of sections, each of less than 128 bytes: its id and its content.
struct Section {
  int id;
  Raw content;
};

std::vector<std::byte> module_of(std::initializer_list<Section> sections) {
  std::vector<std::byte> wasm;
  const auto add = [&](int byte) { wasm.push_back(static_cast<std::byte>(byte)); };
  for (int byte : Raw{0, 'a', 's', 'm', 1, 0, 0, 0}) add(byte);
  for (const Section& section : sections) {
    add(section.id);
    add(static_cast<int>(section.content.size()));
    for (int byte : section.content) add(byte);
  }
  return wasm;
}

constexpr int kFuncRef = 0x70;

TEST(BoundedModuleTest, LeavesOutWhatIsNotPartOfThePlugin) {
  const Section native_code{0, {8, 'w', 'a', 's', 'm', 'e', 'd', 'g', 'e', 1, 2, 3}};
  const Section types{1, {1, 0x60, 0, 0}};
  auto bounded = bound_module(module_of({native_code, types, native_code}), 1000);
  ASSERT_TRUE(bounded.ok());
  EXPECT_EQ(bounded.value().wasm, module_of({types}));
}

TEST(BoundedModuleTest, GivesATableAMaximum) {
  auto bounded = bound_module(module_of({{4, {1, kFuncRef, 0, 3}}}), 100);
  ASSERT_TRUE(bounded.ok());
  EXPECT_EQ(bounded.value().wasm, module_of({{4, {1, kFuncRef, 1, 3, 100}}}));
  EXPECT_EQ(bounded.value().table_elements, 3u);
}

TEST(BoundedModuleTest, KeepsASmallerMaximum) {
  const auto wasm = module_of({{4, {1, kFuncRef, 1, 3, 50}}});
  auto bounded = bound_module(wasm, 100);
  ASSERT_TRUE(bounded.ok());
  EXPECT_EQ(bounded.value().wasm, wasm);
}

TEST(BoundedModuleTest, SharesTheBoundAmongTables) {
  auto bounded = bound_module(module_of({{4, {2, kFuncRef, 0, 10, kFuncRef, 0, 30}}}), 100);
  ASSERT_TRUE(bounded.ok());
  EXPECT_EQ(bounded.value().wasm, module_of({{4, {2, kFuncRef, 1, 10, 40, kFuncRef, 1, 30, 60}}}));
  EXPECT_EQ(bounded.value().table_elements, 40u);
}

TEST(BoundedModuleTest, CountsWhatATableBeyondTheBoundWants) {
  // 2^32 - 1
  auto bounded =
      bound_module(module_of({{4, {1, kFuncRef, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}}}), 100);
  ASSERT_TRUE(bounded.ok());
  EXPECT_EQ(bounded.value().table_elements, 0xffffffffu);
}

TEST(BoundedModuleTest, RefusesTablesThatItCannotRead) {
  for (const Raw& table : {Raw{1, kFuncRef, 4, 3}, Raw{1, 0x40, 0, kFuncRef, 0, 3},
                           Raw{1, kFuncRef, 0, 3, 9}, Raw{2, kFuncRef, 0, 3}}) {
    auto bounded = bound_module(module_of({{4, table}}), 100);
    ASSERT_FALSE(bounded.ok());
    EXPECT_EQ(bounded.error().code, ErrorCode::BadModule);
  }
}

TEST(BoundedModuleTest, TellsHowMuchMemoryIsDeclared) {
  auto bounded = bound_module(module_of({{5, {1, 1, 3, 9}}}), 100);
  ASSERT_TRUE(bounded.ok());
  EXPECT_EQ(bounded.value().memory_bytes, 3u * 65536);
}

TEST(BoundedModuleTest, RefusesMemoriesThatItCannotRead) {
  // Shared, of 64 bits, cut off.
  for (const Raw& memory : {Raw{1, 3, 1, 2}, Raw{1, 4, 1}, Raw{2, 0, 1}}) {
    auto bounded = bound_module(module_of({{5, memory}}), 100);
    ASSERT_FALSE(bounded.ok());
    EXPECT_EQ(bounded.error().code, ErrorCode::BadModule);
  }
}

TEST(BoundedModuleTest, RefusesTypesThatAreNoFunctions) {
  constexpr int kI32 = 0x7f;
  const Raw functions{2, 0x60, 2, kI32, kFuncRef, 1, kI32, 0x60, 0, 0};
  EXPECT_TRUE(bound_module(module_of({{1, functions}}), 100).ok());
  for (const Raw& types : {Raw{1, 0x5f, 1, kI32, 0},                          // a structure
                           Raw{2, 0x60, 1, kI32, 1, kI32, 0x5e, kI32, 0}}) {  // an array
    auto bounded = bound_module(module_of({{1, types}}), 100);
    ASSERT_FALSE(bounded.ok());
    EXPECT_EQ(bounded.error().code, ErrorCode::BadModule);
  }
}

TEST(BoundedModuleTest, RefusesAFunctionOfTooManyLocals) {
  constexpr int kI32 = 0x7f;
  const auto code = [](int groups) {
    Raw section{1, 2 + 4 * groups, groups};
    for (int i = 0; i < groups; ++i) section.insert(section.end(), {0xa8, 0xc3, 0x01, kI32});
    section.push_back(0x0b);
    return section;
  };
  EXPECT_TRUE(bound_module(module_of({{10, code(2)}}), 100).ok());  // 25000 each
  auto bounded = bound_module(module_of({{10, code(3)}}), 100);
  ASSERT_FALSE(bounded.ok());
  EXPECT_EQ(bounded.error().code, ErrorCode::LimitExceeded);
}

TEST(BoundedModuleTest, RefusesWhatIsCutOff) {
  auto wasm = module_of({{1, {1, 0x60, 0, 0}}});
  wasm.pop_back();
  EXPECT_FALSE(bound_module(wasm, 100).ok());
  EXPECT_FALSE(bound_module(as_bytes("no module"), 100).ok());
}

}  // namespace
}  // namespace weir::engine::wasmedge
