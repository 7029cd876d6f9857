// Modules that begin as an instance of theirs was, on every engine.

#include <string>

#include "abi/limited_module.h"
#include "engine/engine_test_support.h"
#include "module/instance_state.h"

namespace weir::abi {
namespace {

using engine::F64;
using engine::FakeHost;
using engine::Flow;
using engine::Guest;
using engine::I32;
using engine::I64;

class StartedModuleTest : public testing::TestWithParam<std::string> {
 protected:
  struct Module {
    std::vector<std::byte> bytes;
    std::unique_ptr<const engine::Module> compiled;
  };

  Module compile(Result<wasm::RewrittenModule> made) {
    EXPECT_TRUE(made.ok()) << made.error().message;
    auto compiled = compile_limited(engine, nullptr, made.value().wasm, {}, {}, supply);
    EXPECT_TRUE(compiled.ok()) << compiled.error().message;
    return {std::move(made.value().wasm), std::move(compiled).value()};
  }

  std::unique_ptr<Guest> start(const Module& module) {
    auto guest = std::make_unique<Guest>(*module.compiled, host);
    EXPECT_EQ(guest->instance().instantiate(), Flow::Return);
    return guest;
  }

  // The module made into an image after `used` was done with an instance.
  template <typename Use>
  Module image_after(Use&& used) {
    auto observable = wasm::make_observable(as_bytes(source));
    EXPECT_TRUE(observable.ok()) << observable.error().message;
    const Module module = compile(std::move(observable.value().module));
    auto guest = start(module);
    used(*guest);
    wasm::InstanceState state;
    for (const std::string& name : observable.value().state_functions) {
      state.globals.push_back(guest->call(name, {{}, {I64}}).value());
    }
    const engine::Memory memory = guest->instance().memory();
    state.memory = Bytes(memory.at(0, memory.size()), memory.size());
    return compile(wasm::bake_state(as_bytes(source), state));
  }

  const engine::Engine& engine = engine::engine_named(GetParam());
  const std::unique_ptr<engine::ThreadAttachment> attachment = engine.attach_thread();
  FakeHost host;
  SupplyLimits supply = SupplyLimits::Missing;
  std::string source = std::string(as_text(engine::read_guest("state")));
};

INSTANTIATE_TEST_SUITE_P(Engines, StartedModuleTest, testing::ValuesIn(engine::built_engines()),
                         engine::engine_name);

TEST_P(StartedModuleTest, AnImageGoesOnWhereTheInstanceWas) {
  for (SupplyLimits limits : {SupplyLimits::Missing, SupplyLimits::All}) {
    supply = limits;
    const Module image = image_after([](Guest& guest) {
      EXPECT_EQ(guest.call("starts", {{}, {I32}}).value(), 1u);
      guest.call("change", {{I32}, {}}, {40});
    });
    for (int i = 0; i < 2; ++i) {
      auto guest = start(image);
      // Its start section has run once, in another instance.
      EXPECT_EQ(guest->call("starts", {{}, {I32}}).value(), 1u);
      EXPECT_EQ(guest->call("word", {{}, {I32}}).value(), 0xffff'fffeu);
      EXPECT_EQ(guest->call("long", {{}, {I64}}).value(), static_cast<uint64_t>(-3));
      EXPECT_EQ(guest->call("single_bits", {{}, {I32}}).value(), 0x7fa00001u);
      EXPECT_EQ(guest->call("double", {{}, {F64}}).value(), 0xbfe0'0000'0000'0000u);
      EXPECT_EQ(guest->call("load", {{I32}, {I32}}, {3 * 65536 - 4}).value(), 40u);
      EXPECT_EQ(guest->call("load", {{I32}, {I32}}, {8}).value(), 0x61'74'00'64u);
      EXPECT_EQ(guest->instance().memory().size(), 3u * 65536);
      EXPECT_EQ(guest->call("call_table", {{I32}, {I32}}, {1}).value(), 0xffff'fffeu);
      // What the first one does, the second does not see.
      guest->call("change", {{I32}, {}}, {50});
    }
  }
}

TEST_P(StartedModuleTest, AnImageOfAnImageIsOneToo) {
  const Module first = image_after([](Guest& guest) { guest.call("change", {{I32}, {}}, {1}); });
  source = std::string(as_text(first.bytes));
  const Module second = image_after([](Guest& guest) { guest.call("change", {{I32}, {}}, {2}); });
  auto guest = start(second);
  EXPECT_EQ(guest->call("load", {{I32}, {I32}}, {5 * 65536 - 4}).value(), 2u);
  EXPECT_EQ(guest->instance().memory().size(), 5u * 65536);
}

}  // namespace
}  // namespace weir::abi
