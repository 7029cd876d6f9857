#include "module/custom_sections.h"

#include <gtest/gtest.h>

#include "module/module_bytes.h"

namespace weir::wasm {
namespace {

ModuleInfo info_of(std::string_view wasm) { return read_module(as_bytes(wasm)).value(); }

FunctionNames names_of(std::string_view wasm) { return {as_bytes(wasm), info_of(wasm)}; }

std::vector<Producer> producers_of(std::string_view wasm) {
  return read_producers(as_bytes(wasm), info_of(wasm));
}

// A name section whose subsection of function names holds `contents`; one for the module's own name
// precedes it.
std::string name_section(std::string_view contents) {
  return custom("name", "\0"s + name(name("module")) + "\1" + name(contents));
}

TEST(FunctionNamesTest, FindsNamesByIndex) {
  const FunctionNames names =
      names_of(kPreamble + name_section("\3\0"s + name("first") + "\1" + name("second") + leb(300) +
                                        name("last")));
  EXPECT_EQ(names.size(), 3u);
  EXPECT_EQ(names.find(0), "first");
  EXPECT_EQ(names.find(1), "second");
  EXPECT_EQ(names.find(300), "last");
  EXPECT_EQ(names.find(2), "");
  EXPECT_EQ(names.find(UINT32_MAX), "");
}

TEST(FunctionNamesTest, KeepsTheFirstOfTwoNamesInAnyOrder) {
  const FunctionNames names = names_of(
      kPreamble + name_section("\3\5" + name("five") + "\1" + name("one") + "\5" + name("other")));
  EXPECT_EQ(names.find(1), "one");
  EXPECT_EQ(names.find(5), "five");
}

TEST(FunctionNamesTest, HasNoneWithoutANameSection) {
  EXPECT_EQ(names_of(kPreamble).size(), 0u);
  EXPECT_EQ(FunctionNames().find(0), "");
}

TEST(FunctionNamesTest, KeepsWhatPrecedesAFault) {
  const FunctionNames names = names_of(kPreamble + name_section("\2\0"s + name("first") +
                                                                "\1\x7f"
                                                                "cut"));
  EXPECT_EQ(names.find(0), "first");
  EXPECT_EQ(names.find(1), "");
  EXPECT_EQ(names_of(kPreamble + custom("name", "\1\xff\xff\xff\xff\x0f")).size(), 0u);
  EXPECT_EQ(names_of(kPreamble + name_section("\xff\xff\xff\xff\x0f")).size(), 0u);
}

TEST(ProducersTest, TellsFieldsNamesAndVersions) {
  const auto producers =
      producers_of(kPreamble + custom("producers", "\2" + name("language") + "\1" + name("Rust") +
                                                       name("") + name("processed-by") + "\1" +
                                                       name("rustc") + name("1.95.0")));
  ASSERT_EQ(producers.size(), 2u);
  EXPECT_EQ(producers[0].field, "language");
  EXPECT_EQ(producers[0].name, "Rust");
  EXPECT_EQ(producers[0].version, "");
  EXPECT_EQ(producers[1].field, "processed-by");
  EXPECT_EQ(producers[1].version, "1.95.0");
}

TEST(ProducersTest, KeepsWhatPrecedesAFault) {
  const auto producers = producers_of(
      kPreamble + custom("producers", "\2" + name("sdk") + "\2" + name("a") + name("1") + "\x50"));
  ASSERT_EQ(producers.size(), 1u);
  EXPECT_EQ(producers[0].name, "a");
  EXPECT_TRUE(producers_of(kPreamble).empty());
}

}  // namespace
}  // namespace weir::wasm
