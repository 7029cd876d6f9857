#include "module/instruction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "module/module_bytes.h"
#include "module/module_info.h"
#include "module/operand_height.h"
#include "module/test_files.h"

namespace weir::wasm {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Result<Instruction> read(std::string_view code) {
  Reader in(as_bytes(code), 0, code.size(), "code");
  return read_instruction(in);
}

// The most values that each function of a module keeps at once.
std::vector<uint32_t> peaks(std::string_view wasm) {
  const ModuleInfo info = read_module(as_bytes(wasm)).value();
  const Section* section = info.find_section(SectionId::Code);
  Reader in(as_bytes(wasm), section->offset, section->offset + section->size, "code");
  OperandHeight height(info);
  std::vector<uint32_t> found;
  const uint32_t count = in.u32().value();
  for (uint32_t i = 0; i < count; ++i) {
    const size_t end = in.u32().value() + in.offset();
    for (uint32_t groups = in.u32().value(); groups > 0; --groups) {
      EXPECT_TRUE(in.u32().ok() && in.byte().ok());
    }
    height.begin(info.types[info.functions[i]]);
    while (height.in_function()) {
      auto instruction = read_instruction(in);
      EXPECT_TRUE(instruction.ok()) << instruction.error().message;
      if (!instruction.ok() || !height.apply(instruction.value()).ok()) return {};
    }
    EXPECT_EQ(in.offset(), end);
    found.push_back(height.peak());
  }
  return found;
}

TEST(InstructionTest, EveryOneIsReadAndItsOperandsCounted) {
  auto found = peaks(testdata("instructions"));
  ASSERT_THAT(found, SizeIs(8));
  EXPECT_EQ(found.front(), 3u);  // of the one with three results
  found.erase(found.begin());
  EXPECT_THAT(found, Each(9u));
}

// What the tools that translate text do not know yet.
TEST(InstructionTest, KnowsTheNewerProposals) {
  const std::string_view codes[] = {
      "\x0a"sv,                              // throw_ref
      "\x14\x03"sv,                          // call_ref 3
      "\x15\x03"sv,                          // return_call_ref 3
      "\x1f\x40\x04\0\0\0\1\0\0\2\0\3\0"sv,  // try_table with a catch of each kind
      "\x1f\x63\x03\0"sv,                    // with a result of type (ref null 3)
      "\x02\x83\x01"sv,                      // block of type 131
      "\xd4"sv,                              // ref.as_non_null
      "\xd5\x03"sv,                          // br_on_null 3
      "\xd6\x03"sv,                          // br_on_non_null 3
      "\x28\x42\x01\x80\x80\x80\x80\x10"sv,  // i32.load of memory 1, at an offset of 33 bits
      "\xfd\x93\x02"sv,                      // i32x4.relaxed_dot_i8x16_i7x16_add_s
  };
  for (const std::string_view code : codes) {
    const auto instruction = read(code);
    ASSERT_TRUE(instruction.ok()) << instruction.error().message;
    EXPECT_EQ(instruction.value().end, code.size());
  }
  EXPECT_EQ(read("\x14\x83\x01").value().index, 131u);
  EXPECT_EQ(read("\x02\x83\x01").value().block.type, 131u);
  EXPECT_TRUE(read("\x1f\x63\x03\0"sv).value().block.one_result);
}

TEST(InstructionTest, RefusesWhatItDoesNotKnow) {
  const auto error = [](std::string_view code) { return read(code).error(); };
  EXPECT_EQ(error("\xfb\x01").code, ErrorCode::Unsupported);
  EXPECT_THAT(error("\xfb\x01").message,
              HasSubstr("garbage collection proposal in section 'code'"));
  EXPECT_EQ(error("\xfe\x01").code, ErrorCode::Unsupported);
  EXPECT_THAT(error("\xfe\x01").message, HasSubstr("threads proposal"));
  EXPECT_EQ(error("\x27").code, ErrorCode::BadModule);
  EXPECT_THAT(error("\x27").message,
              HasSubstr("unknown instruction 0x27 in section 'code' at byte 0"));
  EXPECT_THAT(error("\xfc\x12").message, HasSubstr("unknown instruction 0xfc 18"));
  EXPECT_THAT(error("\xfd\x9a\x01").message, HasSubstr("unknown instruction 0xfd 154"));
  EXPECT_THAT(error("\xfd\xff\xff\xff\xff\x0f").message, HasSubstr("0xfd 4294967295"));
  EXPECT_THAT(error("\x1f\x40\1\4\0"sv).message, HasSubstr("unknown kind 0x04 of catch"));
}

TEST(InstructionTest, RefusesWhatRunsPastTheEnd) {
  for (const std::string_view code :
       {"\x41\x80"sv, "\x42"sv, "\x43\0\0\0"sv, "\x44\0\0\0\0\0\0\0"sv, "\x10"sv, "\x11\0"sv,
        "\x0e\xff\xff\xff\xff\x0f"sv, "\x1c\2\x7f"sv, "\xfd\x0c\0"sv, "\x28\0"sv, "\xfc"sv}) {
    EXPECT_EQ(read(code).error().code, ErrorCode::BadModule);
  }
  EXPECT_THAT(read("\x41\x80\x80\x80\x80\x80\0"sv).error().message,
              HasSubstr("an integer of too many bytes"));
}

}  // namespace
}  // namespace weir::wasm
