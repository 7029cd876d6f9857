#include "module/precompiled.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module/module_bytes.h"

namespace weir::wasm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kBefore = kPreamble + custom("a", "before") + kEmptyType;
const std::string kAfter = custom("b", "after");

ModuleInfo info_of(std::string_view wasm) { return read_module(as_bytes(wasm)).value(); }

std::string plain_of(std::string_view wasm) {
  return std::string(as_text(PlainModule(as_bytes(wasm), info_of(wasm)).bytes()));
}

std::vector<std::string> sections_of(std::string_view wasm) {
  std::vector<std::string> texts;
  for (const Bytes contents : precompiled_sections(as_bytes(wasm), info_of(wasm))) {
    texts.emplace_back(as_text(contents));
  }
  return texts;
}

Precompiled example(std::string_view artifact = "machine code") {
  return {.engine = "wasmtime",
          .version = "50.0.1",
          .fingerprint = "wasmtime 50.0.1 x86_64",
          .plain = sha256({as_bytes("plain")}),
          .compiled = sha256({as_bytes("compiled")}),
          .artifact = as_bytes(artifact)};
}

std::string contents_of(const Precompiled& section) {
  return std::string(as_text(write_precompiled(section)));
}

TEST(PrecompiledTest, IsReadAsItWasWritten) {
  for (const std::string_view artifact : {"", "machine code"}) {
    const Precompiled written = example(artifact);
    const std::string contents = contents_of(written);
    const Precompiled read = read_precompiled(as_bytes(contents)).value();
    EXPECT_EQ(read.engine, written.engine);
    EXPECT_EQ(read.version, written.version);
    EXPECT_EQ(read.fingerprint, written.fingerprint);
    EXPECT_EQ(read.plain, written.plain);
    EXPECT_EQ(read.compiled, written.compiled);
    EXPECT_EQ(as_text(read.artifact), artifact);
    EXPECT_TRUE(checksum_matches(as_bytes(contents)));
  }
}

TEST(PrecompiledTest, AnyFlippedBitIsFound) {
  const std::string whole = contents_of(example());
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char bit : {'\x01', '\x10', '\x80'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ bit);
      EXPECT_FALSE(checksum_matches(as_bytes(damaged))) << "byte " << at;
    }
  }
}

TEST(PrecompiledTest, ACutSectionIsFound) {
  const std::string whole = contents_of(example());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(checksum_matches(as_bytes(whole).first(size))) << size;
  }
}

TEST(PrecompiledTest, AnotherFormatIsToldFromDamage) {
  std::string contents = contents_of(example());
  contents[0] = '\2';
  const auto read = read_precompiled(as_bytes(contents));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::Unsupported);
  EXPECT_EQ(read.error().message, "it has the format 2, where 1 is known");
}

TEST(PrecompiledTest, ATextWithoutEndIsDamage) {
  const auto read = read_precompiled(as_bytes("\1" + name(std::string(2000, 'x'))));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::BadModule);
  EXPECT_THAT(read.error().message, HasSubstr("a text of 2000 bytes"));
}

TEST(PrecompiledTest, SectionsAreFoundByTheirNameAlone) {
  const std::string foreign =
      custom("precompiled_envoy", "x") + custom(".weir.precompiled", "y") + custom("", "z");
  EXPECT_THAT(sections_of(kBefore + foreign), IsEmpty());
  EXPECT_THAT(sections_of(kBefore + custom("weir.precompiled", "one") + foreign +
                          custom("weir.precompiled", "two")),
              ElementsAre("one", "two"));
}

TEST(PrecompiledTest, AnAppendedSectionIsFoundAndTheRestIsAsBefore) {
  std::vector<std::byte> module(as_bytes(kBefore).begin(), as_bytes(kBefore).end());
  append_precompiled(as_bytes("one"), module);
  append_precompiled(as_bytes(std::string(300, 'x')), module);
  const std::string file(as_text(module));
  EXPECT_THAT(sections_of(file), ElementsAre("one", std::string(300, 'x')));
  EXPECT_EQ(plain_of(file), kBefore);
}

TEST(PlainModuleTest, IsTheFileWhereThereIsNothingToLeaveOut) {
  const std::string file = kBefore + kAfter;
  const PlainModule plain(as_bytes(file), info_of(file));
  EXPECT_EQ(plain.bytes().data(), as_bytes(file).data());
  EXPECT_EQ(plain.bytes().size(), file.size());
  EXPECT_EQ(plain_of(kPreamble), kPreamble);
}

TEST(PlainModuleTest, LeavesOutSectionsWhereverTheyAre) {
  const std::string one = custom("weir.precompiled", "one");
  const std::string two = custom("weir.precompiled", "two");
  EXPECT_EQ(plain_of(kPreamble + one + two), kPreamble);
  EXPECT_EQ(plain_of(kBefore + one + kAfter), kBefore + kAfter);
  EXPECT_EQ(plain_of(kBefore + one + kAfter + two), kBefore + kAfter);
  EXPECT_EQ(plain_of(kPreamble + one + two + kBefore.substr(8) + kAfter + one), kBefore + kAfter);
}

}  // namespace
}  // namespace weir::wasm
