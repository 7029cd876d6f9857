#include "module/table_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "module/module_bytes.h"

namespace weir::wasm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kMost = 1000;

// A module with one function, of that code, and with these tables and element segments.
Result<TableUse> use_of(const std::string& tables, const std::string& elements,
                        const std::string& code = "") {
  const std::string body = "\0"s + code + "\x0b";
  std::string file = kPreamble + kEmptyType + function_section("\1\0"sv);
  if (!tables.empty()) file += section(4, tables);
  if (!elements.empty()) file += section(9, elements);
  file += code_section("\1" + leb(body.size()) + body);
  const Bytes wasm = as_bytes(file);
  const auto info = read_module(wasm);
  EXPECT_TRUE(info.ok()) << info.error().message;
  return read_table_use(wasm, info.value(), kMost);
}

uint64_t elements_of(const std::string& tables, const std::string& code = "") {
  const auto use = use_of(tables, "", code);
  return use.ok() ? use.value().elements : UINT64_MAX;
}

// ref.null func, i32.const 1, table.grow 0, drop
const std::string kGrow = "\xd0\x70\x41\1\xfc\x0f\0\x1a"s;

std::string segment(uint64_t entries) {
  std::string text = "\0\x41\0\x0b"s + leb(entries);
  return text + std::string(entries, '\0');
}

std::string message_of(const std::string& elements) {
  const auto use = use_of("\1\x70\0\1"s, elements);
  if (use.ok()) return "";
  EXPECT_EQ(use.error().code, ErrorCode::Unsupported);
  return use.error().message;
}

TEST(TableUseTest, TablesTakeWhatTheyBeginWith) {
  EXPECT_EQ(elements_of(""), 0u);
  EXPECT_EQ(elements_of("\1\x70\0\5"s), 5u);
  EXPECT_EQ(elements_of("\1\x70\1\5\x20"s), 5u);
  EXPECT_EQ(elements_of("\3\x70\0\5\x6f\1\7\x20\x40\0\x70\0\1\xd0\x70\x0b"s), 13u);
}

TEST(TableUseTest, WhereCodeGrowsThemTheirMaxima) {
  EXPECT_EQ(elements_of("\1\x70\1\5\x20"s, kGrow), 0x20u);
  EXPECT_EQ(elements_of("\2\x70\1\5\x20\x70\1\1\1"s, kGrow), 0x21u);
  EXPECT_EQ(elements_of("\1\x70\0\5"s, kGrow), kMost);
  EXPECT_EQ(elements_of("\1\x70\1\5\5"s, kGrow), 5u);
}

TEST(TableUseTest, NoneHaveMoreThanTheyMay) {
  EXPECT_EQ(elements_of("\1\x70\0"s + leb(UINT32_MAX)), kMost);
  EXPECT_EQ(elements_of("\2\x70\0"s + leb(UINT32_MAX) + "\x70\0"s + leb(UINT32_MAX)), kMost);
}

TEST(TableUseTest, EntriesOfEachKindOfSegmentCount) {
  const auto entries = [](const std::string& elements) {
    const auto use = use_of("\1\x70\0\1"s, elements);
    return use.ok() ? use.value().entries : UINT64_MAX;
  };
  EXPECT_EQ(entries(""), 0u);
  EXPECT_EQ(entries("\1\0\x41\0\x0b\2\0\0"s), 3u);
  EXPECT_EQ(entries("\1\1\0\2\0\0"s), 3u);
  EXPECT_EQ(entries("\1\2\0\x41\0\x0b\0\2\0\0"s), 3u);
  EXPECT_EQ(entries("\1\3\0\1\0"s), 2u);
  EXPECT_EQ(entries("\1\4\x41\0\x0b\1\xd0\x70\x0b"s), 2u);
  EXPECT_EQ(entries("\1\5\x70\1\xd2\0\x0b"s), 2u);
  EXPECT_EQ(entries("\1\6\0\x41\0\x0b\x70\1\xd2\0\x0b"s), 2u);
  EXPECT_EQ(entries("\1\7\x70\1\xd2\0\x0b"s), 2u);
  EXPECT_EQ(entries("\1\x08\0"s), UINT64_MAX);
}

TEST(TableUseTest, MoreEntriesThanAnInstanceIsToBeginWithAreRefused) {
  EXPECT_EQ(message_of("\1"s + segment(kMaxElementEntries - 1)), "");
  EXPECT_EQ(message_of("\2"s + segment(100'000) + segment(162'142)), "");
  const auto refused = AllOf(HasSubstr("the module's element segments have 262145 entries"),
                             HasSubstr("262144 are allowed"));
  EXPECT_THAT(message_of("\1"s + segment(kMaxElementEntries)), refused);
  EXPECT_THAT(message_of("\2"s + segment(100'000) + segment(162'143)), refused);
  // Empty ones cost something, too.
  std::string many = leb(kMaxElementEntries + 1);
  for (uint64_t i = 0; i <= kMaxElementEntries; ++i) many += "\1\0\0"sv;
  EXPECT_THAT(message_of(many), refused);
}

}  // namespace
}  // namespace weir::wasm
