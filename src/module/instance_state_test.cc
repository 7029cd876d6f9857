// How a module tells its state and begins with one. How it then behaves on an engine,
// abi/started_module_test.cc tells.

#include "module/instance_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "module/module_bytes.h"
#include "module/module_info.h"
#include "module/state_plan.h"
#include "module/test_files.h"

namespace weir::wasm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ModuleInfo info_of(Bytes wasm) {
  auto info = read_module(wasm);
  EXPECT_TRUE(info.ok()) << info.error().message;
  return info.ok() ? std::move(info).value() : ModuleInfo();
}

ObservableModule observable(std::string_view wasm) {
  auto made = make_observable(as_bytes(wasm));
  EXPECT_TRUE(made.ok()) << made.error().message;
  return made.ok() ? std::move(made).value() : ObservableModule();
}

RewrittenModule baked(std::string_view wasm, const InstanceState& state) {
  auto made = bake_state(as_bytes(wasm), state);
  EXPECT_TRUE(made.ok()) << made.error().message;
  return made.ok() ? std::move(made).value() : RewrittenModule();
}

std::string obstacle(std::string_view wasm) {
  auto made = make_observable(as_bytes(wasm));
  EXPECT_FALSE(made.ok());
  if (made.ok()) return "";
  EXPECT_EQ(made.error().code, ErrorCode::Unsupported);
  return made.error().message;
}

// A module of one function, () -> (), with this code; other sections follow the type section.
std::string with_code(std::string_view code, std::string_view sections = {}) {
  const std::string body = "\0"s + std::string(code) + "\x0b";
  return kPreamble + kEmptyType + function_section("\1\0"sv) + std::string(sections) +
         code_section("\1" + name(body));
}

// The state of state.wat when it has started.
class StateTest : public testing::Test {
 protected:
  StateTest() : memory(3 * 65536) {
    memory[8] = std::byte{'d'};
    memory[10] = std::byte{'t'};
    memory[3 * 65536 - 1] = std::byte{1};
  }

  InstanceState state() const { return {memory, {1, 2, 3, 4, 5, 6}}; }

  const std::string wasm = testdata("state");
  std::vector<std::byte> memory;
};

TEST_F(StateTest, AFunctionTellsEachWordOfWhatCodeSets) {
  const ObservableModule made = observable(wasm);
  EXPECT_THAT(made.state_functions, ElementsAre("weir.state.0", "weir.state.1", "weir.state.2",
                                                "weir.state.3", "weir.state.4", "weir.state.5"));
  const ModuleInfo before = info_of(as_bytes(wasm));
  const ModuleInfo after = info_of(made.module.wasm);
  EXPECT_EQ(after.functions.size(), before.functions.size() + 6);
  for (const std::string& name : made.state_functions) {
    const auto* function = after.interface.find_export(name);
    ASSERT_NE(function, nullptr);
    EXPECT_EQ(to_string(function->type.view()), "() -> i64");
  }
  EXPECT_NE(after.interface.find_export("add"), nullptr);
  EXPECT_EQ(after.start_function, before.start_function);
}

TEST_F(StateTest, AModuleWhoseCodeSetsNoGlobalStaysAsItIs) {
  const std::string plain = with_code("");
  const ObservableModule made = observable(plain);
  EXPECT_THAT(made.state_functions, IsEmpty());
  EXPECT_EQ(as_text(made.module.wasm), plain);
}

TEST_F(StateTest, AnImageHasTheMemoryAsItWasAndDoesNotStart) {
  const ModuleInfo image = info_of(baked(wasm, state()).wasm);
  EXPECT_EQ(image.memory->min_pages, 3u);
  EXPECT_EQ(image.memory->max_pages, 10u);
  EXPECT_EQ(image.start_function, std::nullopt);
  EXPECT_EQ(image.defined_functions, info_of(as_bytes(wasm)).defined_functions);
}

TEST_F(StateTest, ZerosAreNoPartOfAnImage) {
  const RewrittenModule image = baked(wasm, state());
  const ModuleInfo info = info_of(image.wasm);
  const Section* data = info.find_section(SectionId::Data);
  ASSERT_NE(data, nullptr);
  const std::string_view contents = as_text(data->contents(image.wasm));
  // The module's own two keep their numbers: the active one is empty, the passive one whole.
  EXPECT_EQ(contents,
            "\4"
            "\1\0"
            "\1\7passive"
            "\0\x41\x08\x0b\3d\0t"
            "\0\x41\xff\xff\x0b\x0b\1\1"sv);
}

TEST_F(StateTest, CodeIsFoundWhereItWas) {
  const auto offset_of = [](Bytes file) { return as_text(file).find("\x23\x01\x20\x00\x6a"); };
  const size_t before = offset_of(as_bytes(wasm));
  ASSERT_NE(before, std::string_view::npos);
  for (const RewrittenModule& made : {observable(wasm).module, baked(wasm, state())}) {
    const auto after = static_cast<int64_t>(offset_of(made.wasm));
    EXPECT_EQ(after - static_cast<int64_t>(before), made.code_shift);
    EXPECT_NE(made.code_shift, 0);
  }
}

TEST_F(StateTest, WhatNoFileCanSayIsAnObstacle) {
  const std::string one_i32 = section(6, "\1\x7f\1\x41\0\x0b"sv);
  const std::string one_reference = section(6, "\1\x70\1\xd0\x70\x0b"sv);
  EXPECT_EQ(obstacle(with_code("\x41\0\xd0\x70\x26\0"sv, section(4, "\1\x70\0\1"sv))),
            "its code may change a table");
  EXPECT_EQ(obstacle(with_code("\xfc\x09\0"sv)), "its code may drop a data segment");
  EXPECT_EQ(obstacle(with_code("\xd0\x70\x24\0"sv, one_reference)),
            "its code sets a global that holds a reference");
  EXPECT_EQ(obstacle(with_code("", memory_section("\2\0\1\0\1"sv))), "it has several memories");
  EXPECT_EQ(obstacle(with_code("", memory_section("\1\0\1"sv))),
            "its memory is not exported as 'memory'");
  EXPECT_EQ(obstacle(with_code("\x41\0\x24\0"sv,
                               one_i32 + export_section("\1" + name("weir.state.7") + "\3\0"s))),
            "it exports a name that Weir keeps");
}

TEST_F(StateTest, AMalformedModuleIsAnError) {
  for (size_t size = 0; size < wasm.size(); ++size) {
    const auto part = std::string_view(wasm).substr(0, size);
    if (auto made = make_observable(as_bytes(part)); !made.ok()) continue;
    EXPECT_TRUE(read_module(as_bytes(part)).ok()) << size;
  }
}

}  // namespace
}  // namespace weir::wasm
