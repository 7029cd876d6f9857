#include "module/nesting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "module/module_bytes.h"

namespace weir::wasm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string repeated(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

constexpr std::string_view kBlock = "\x02\x40";
constexpr std::string_view kEnd = "\x0b";

std::string body(const std::string& code) {
  const std::string whole = "\0"s + code + "\x0b";
  return leb(whole.size()) + whole;
}

// Two functions of that type, the second with that code.
Done check(const std::string& code) {
  const std::string file = kPreamble + kEmptyType + function_section("\2\0\0"sv) +
                           code_section("\2" + body("") + body(code));
  const Bytes wasm = as_bytes(file);
  const auto info = read_module(wasm);
  EXPECT_TRUE(info.ok());
  return check_nesting(wasm, info.value());
}

std::string nested(std::string_view begin, size_t depth, std::string_view end = kEnd) {
  return repeated(begin, depth) + repeated(end, depth);
}

TEST(NestingTest, TakesWhatRealCompilersMakeAndMore) {
  EXPECT_TRUE(check("").ok());
  EXPECT_TRUE(check(nested(kBlock, 600)).ok());
  EXPECT_TRUE(check(nested(kBlock, kMaxNesting)).ok());
}

TEST(NestingTest, CountsEachKindOfBlock) {
  for (const std::string_view begin :
       {"\x02\x40"sv, "\x03\x40"sv, "\x41\0\x04\x40"sv, "\x06\x40"sv, "\x1f\x40\0"sv}) {
    EXPECT_TRUE(check(nested(begin, kMaxNesting)).ok());
    EXPECT_FALSE(check(nested(begin, kMaxNesting + 1)).ok());
  }
  EXPECT_FALSE(check(nested("\x06\x40", kMaxNesting + 1, "\x18\0"sv)).ok());
}

TEST(NestingTest, TellsWhichFunctionInOneSentence) {
  const Done done = check(nested(kBlock, 60'000));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::Unsupported);
  EXPECT_THAT(done.error().message,
              AllOf(HasSubstr("function 1 has more than 4096 blocks in each other"),
                    HasSubstr("in section 'code' at byte ")));
}

// A chain of blocks, one after the other, is no deeper than each.
TEST(NestingTest, TakesAnyNumberOfBlocks) {
  EXPECT_TRUE(check(repeated(nested(kBlock, 100), 1000)).ok());
  EXPECT_TRUE(check(repeated("\x06\x40\x18\0"sv, 10'000)).ok());  // try, delegate
}

// Nothing can hide behind what cannot be read.
TEST(NestingTest, RefusesALongFunctionThatCannotBeRead) {
  const Done done = check("\xff" + nested(kBlock, kMaxNesting + 1));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::BadModule);
}

}  // namespace
}  // namespace weir::wasm
