// The limits that Weir supplies, on every engine, though it may have them itself.

#include "abi/limited_module.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "abi/observed_engine.h"
#include "engine/engine_test_support.h"
#include "module/module_bytes.h"

namespace weir::abi {
namespace {

using namespace std::literals;
using engine::F64;
using engine::FakeHost;
using engine::Flow;
using engine::Guest;
using engine::I32;
using engine::Slots;
using engine::Trap;
using engine::TrapKind;

constexpr uint32_t kNothing = 100;
constexpr uint32_t kCallBack = 101;
const FuncType kNumber{{I32}, {I32}};

const engine::ImportList& imports() {
  static const engine::ImportList list{{"nothing", {}}, {"call_back", kNumber}};
  return list;
}

// One function, "s", that does one operation again and again, for long, without a loop or a call
// in between.
std::string straight_line(std::string_view operation) {
  using wasm::leb;
  using wasm::name;
  using wasm::section;
  constexpr uint32_t kPages = 2048;
  constexpr uint32_t kElements = 1u << 20;
  constexpr int kTimes = 1000;
  std::string body = "\0"s;
  for (int i = 0; i < kTimes; ++i) body += operation;
  body += "\x0b";
  return wasm::kPreamble + wasm::kEmptyType + wasm::function_section("\1\0"sv) +
         section(4, "\1\x70\0"s + leb(kElements)) + wasm::memory_section("\1\0"s + leb(kPages)) +
         wasm::export_section("\1\1s\0\0"sv) + wasm::code_section("\1" + name(body));
}

class LimitedModuleTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<const engine::Module> compile(Bytes wasm,
                                                std::span<const engine::Import> imported,
                                                const engine::Limits& limits = {},
                                                SupplyLimits supply = SupplyLimits::All) {
    auto made = compile_limited(engine, nullptr, wasm, imported, limits, supply);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? std::move(made).value() : nullptr;
  }

  // limits.wat, running.
  std::unique_ptr<Guest> start(const engine::Limits& limits = {}) {
    module = compile(engine::read_guest("limits"), imports().view(), limits);
    auto guest = std::make_unique<Guest>(*module, host, limits);
    EXPECT_EQ(guest->instance().instantiate(), Flow::Return);
    return guest;
  }

  enum class Ended : uint8_t { Interrupted, ByItself, TooLate };

  // Runs straight_line(operation), with the limits that the engine lacks alone, and interrupts it a
  // little later: whether that has ended it, it had ended before, or it has gone on.
  Ended run_straight(std::string_view operation) {
    const std::string wasm = straight_line(operation);
    module = compile(as_bytes(wasm), {}, {}, SupplyLimits::Missing);
    if (module == nullptr) return Ended::TooLate;
    Guest guest(*module, host);
    EXPECT_EQ(guest.instance().instantiate(), Flow::Return);
    std::atomic<bool> interrupted = false;
    std::jthread watchdog([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      interrupted = true;
      guest.instance().interrupt();
    });
    const auto run = guest.call("s", {});
    if (run.flow != Flow::Trap) return interrupted ? Ended::TooLate : Ended::ByItself;
    EXPECT_EQ(guest.instance().take_trap().kind, TrapKind::Interrupted);
    return Ended::Interrupted;
  }

  const engine::Engine& engine = engine::engine_named(GetParam());
  const std::unique_ptr<engine::ThreadAttachment> attachment = engine.attach_thread();
  FakeHost host;
  std::unique_ptr<const engine::Module> module;
};

INSTANTIATE_TEST_SUITE_P(Engines, LimitedModuleTest, testing::ValuesIn(engine::built_engines()),
                         engine::engine_name);

// ---- Interruption ----

TEST_P(LimitedModuleTest, AGuestIsInterruptedHoweverItGoesOn) {
  struct Way {
    std::string_view name;
    FuncType type;
    uint64_t argument;
  };
  for (const Way& way : {Way{"spin", {}, 0}, Way{"spin_inside", {{I32}, {}}, 0},
                         Way{"spin_calling", {}, 0}, Way{"spin_filling", {}, 0},
                         Way{"spin_copying", {}, 0}, Way{"spin_branching", {{I32}, {}}, 60}}) {
    auto guest = start();
    std::atomic<bool> running = false;
    host.answer(kCallBack, [&](Slots, engine::Memory) {
      running = true;
      return guest->call(way.name, way.type, {way.argument}).flow;
    });
    std::thread watchdog([&] {
      while (!running) std::this_thread::yield();
      guest->instance().interrupt();
    });
    const Trap trap = guest->trap_of("deeper_by_host_often", kNumber, {1});
    EXPECT_EQ(trap.kind, TrapKind::Interrupted) << way.name;
    EXPECT_EQ(trap.message, "interrupted by the host");
    watchdog.join();
  }
}

// 1, 0 and the length: where a copy is not from a place to itself.
std::string operands(uint64_t length) {
  // i32.const has a sign.
  std::string third;
  for (; length >= 0x40; length >>= 7) third += static_cast<char>(length | 0x80);
  third += static_cast<char>(length);
  return "\x41\1\x41\0\x41"s + third;
}

// With the limits that the engine lacks alone. It would take seconds or minutes to come to the end.
TEST_P(LimitedModuleTest, LongOperationsInARowAreInterrupted) {
  constexpr uint64_t kBytes = (128u << 20) - 1;
  constexpr uint64_t kElements = (1u << 20) - 1;
  const std::pair<std::string_view, std::string> kWays[] = {
      {"memory.fill", operands(kBytes) + "\xfc\x0b\0"s},
      {"memory.copy", operands(kBytes) + "\xfc\x0a\0\0"s},
      {"table.copy", operands(kElements) + "\xfc\x0e\0\0"s}};
  for (const auto& [what, operation] : kWays) {
    EXPECT_EQ(run_straight(operation), Ended::Interrupted) << what;
  }
}

// Some engines take seconds for all of these, too; others have finished before the interrupt.
TEST_P(LimitedModuleTest, ShorterOperationsInARowAreInterruptedWhereTheyTakeLong) {
  constexpr uint64_t kElements = 65'535;
  const std::string null = "\x41\0\xd0\x70\x41\xff\xff\3"s;  // 0, no function, 65535
  const std::pair<std::string_view, std::string> kWays[] = {
      {"memory.grow", "\x41\0\x40\0\x1a"s},
      {"table.fill", null + "\xfc\x11\0"s},
      {"table.copy", operands(kElements) + "\xfc\x0e\0\0"s}};
  for (const auto& [what, operation] : kWays) {
    if (what == "table.fill" && !engine.capabilities().reference_types) continue;
    EXPECT_NE(run_straight(operation), Ended::TooLate) << what;
  }
}

// By these calls a guest asks for leave to go on.
TEST_P(LimitedModuleTest, WhatWeirAddsIsNoHostcallToAnObserver) {
  class Counter final : public CallObserver {
   public:
    void on_enter(std::string_view, Signature, Slots) override {}
    void on_leave(std::string_view, Signature, Slots, Flow, engine::Memory) override {}
    void on_hostcall(const engine::Import& import, Slots, engine::Memory) override {
      calls.emplace_back(import.name);
    }
    void on_answer(const engine::Import&, Slots, Flow, engine::Memory) override {}

    std::vector<std::string> calls;
  };
  Counter counter;
  const auto observed = make_observed_engine(engine, counter);
  const std::string wasm = straight_line("\x41\0\x41\0\x41\xff\xff\3\xfc\x0b\0"s);  // memory.fill
  for (const SupplyLimits supply : {SupplyLimits::Missing, SupplyLimits::All}) {
    auto made = compile_limited(*observed, nullptr, as_bytes(wasm), {}, {}, supply);
    ASSERT_TRUE(made.ok()) << made.error().message;
    Guest guest(*made.value(), host);
    ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
    EXPECT_EQ(guest.call("s", {}).flow, Flow::Return);
    EXPECT_THAT(counter.calls, testing::IsEmpty());
  }
}

TEST_P(LimitedModuleTest, AGuestThatCallsOutIsInterruptedThere) {
  auto guest = start();
  int calls = 0;
  host.answer(kNothing, [&](Slots, engine::Memory) {
    if (++calls == 10) guest->instance().interrupt();
    return Flow::Return;
  });
  EXPECT_EQ(guest->trap_of("spin_calling_out", {}).kind, TrapKind::Interrupted);
  EXPECT_EQ(calls, 10);
}

TEST_P(LimitedModuleTest, AnInterruptStopsTheNextCallWhenNoneRuns) {
  auto guest = start();
  guest->instance().interrupt();
  EXPECT_EQ(guest->trap_of("depth", kNumber, {1}).kind, TrapKind::Interrupted);
}

TEST_P(LimitedModuleTest, AnInterruptStopsACallNestedInAnother) {
  auto guest = start();
  host.answer(kCallBack, [&](Slots slots, engine::Memory) {
    guest->instance().interrupt();
    return guest->call("deeper", kNumber, {slots[0]}).flow;
  });
  EXPECT_EQ(guest->trap_of("deeper_by_host_often", kNumber, {1}).kind, TrapKind::Interrupted);
}

TEST_P(LimitedModuleTest, AnInterruptStopsTheStartSection) {
  const engine::ImportList in_start{{"in_start", kNumber}};
  module = compile(engine::read_guest("start"), in_start.view());
  for (const bool early : {false, true}) {
    Guest guest(*module, host);
    host.answer(100, [&](Slots, engine::Memory) {
      guest.instance().interrupt();
      return Flow::Return;  // not 0: the start function goes on for ever
    });
    if (early) guest.instance().interrupt();
    ASSERT_EQ(guest.instance().instantiate(), Flow::Trap);
    EXPECT_EQ(guest.instance().take_trap().kind, TrapKind::Interrupted);
  }
}

TEST_P(LimitedModuleTest, AnInterruptLetsOtherInstancesRunOn) {
  auto stopped = start();
  Guest running(*module, host);
  ASSERT_EQ(running.instance().instantiate(), Flow::Return);
  stopped->instance().interrupt();
  EXPECT_EQ(running.call("fibonacci", kNumber, {22}).value(), 17711u);
  EXPECT_TRUE(stopped->call("fibonacci", kNumber, {22}).trapped());
}

// One is Weir's own, and no author's.
TEST_P(LimitedModuleTest, WavmCountsTheGlobalsThatTheModuleHas) {
  if (GetParam() != "wavm") GTEST_SKIP() << GetParam() << " takes more";
  const auto with_globals = [](uint64_t count) {
    std::string globals = wasm::leb(count);
    for (uint64_t i = 0; i < count; ++i) globals += "\x7f\1\x41\0\x0b"s;
    return wasm::kPreamble + wasm::kEmptyType + wasm::function_section("\1\0"sv) +
           wasm::section(6, globals) + wasm::code_section("\1\2\0\x0b"sv);
  };
  EXPECT_NE(compile(as_bytes(with_globals(214)), {}, {}, SupplyLimits::Missing), nullptr);
  const auto made =
      compile_limited(engine, nullptr, as_bytes(with_globals(215)), {}, {}, SupplyLimits::Missing);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message,
              testing::HasSubstr("WAVM has room for 214 mutable globals: the module has 215"));
}

// ---- The stack ----

// Weir's own limit comes before any that the engine has: what a frame is counted as is no less than
// what it takes.
TEST_P(LimitedModuleTest, EndlessRecursionIsATrap) {
  struct Way {
    std::string_view name;
    FuncType type;
  };
  for (const Way& way : {Way{"recurse", {{}, {I32}}}, Way{"recurse_by_turns", {{}, {I32}}},
                         Way{"recurse_by_table", kNumber}, Way{"recurse_wide", {{F64}, {F64}}}}) {
    const Trap trap = start()->trap_of(way.name, way.type, {0});
    EXPECT_EQ(trap.kind, TrapKind::StackOverflow) << way.name;
    EXPECT_EQ(trap.message, "the guest's stack is used up") << way.name;
  }
}

TEST_P(LimitedModuleTest, TheStackIsThatOfAnEngineWithLimits) {
  EXPECT_EQ(start()->call("depth", kNumber, {2000}).value(), 2000u);
}

TEST_P(LimitedModuleTest, TheStackIsWholeAfterEachCall) {
  auto guest = start();
  EXPECT_EQ(guest->call("depth_often", kNumber, {5000}).value(), 500'000u);
  for (int i = 0; i < 5000; ++i) guest->call("depth", kNumber, {100});
  EXPECT_EQ(guest->call("depth", kNumber, {2000}).value(), 2000u);
}

TEST_P(LimitedModuleTest, TheStackIsWholeAfterCallsFromTheHost) {
  auto guest = start();
  host.answer(kCallBack, [&](Slots slots, engine::Memory) {
    slots[0] = guest->call("deeper", kNumber, {slots[0]}).value();
    return Flow::Return;
  });
  EXPECT_EQ(guest->call("deeper_by_host_often", kNumber, {5000}).value(), 500'000u);
  EXPECT_EQ(guest->call("depth", kNumber, {2000}).value(), 2000u);
}

TEST_P(LimitedModuleTest, TailCallsTakeNoStack) {
  if (!engine.capabilities().tail_calls) GTEST_SKIP() << GetParam() << " has no tail calls";
  module = compile(engine::read_guest("tail_call"), {});
  Guest guest(*module, host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_EQ(guest.call("count", kNumber, {1'000'000}).value(), 42u);
}

// Translated beforehand, since wabt knows the proposal's older form only:
//   (tag $t)
//   (func $throw (export "thrown") (param i32) (result i32)
//     (if (local.get 0) (then (throw $t)))
//     (i32.const 0))
//   (func $deep (param i32) (result i32)
//     (if (result i32) (local.get 0)
//       (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
//       (else (call $throw (i32.const 1)))))
//   (func (export "catch_often") (param i32) (result i32)
//     (local i32)
//     (loop
//       (block $caught
//         (try_table (catch $t $caught) (drop (call $deep (i32.const 50))))
//         (unreachable))
//       (local.set 1 (i32.add (local.get 1) (i32.const 1)))
//       (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
//     local.get 1)
constexpr uint8_t kExceptions[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x09, 0x02, 0x60, 0x00, 0x00, 0x60, 0x01,
    0x7f, 0x01, 0x7f, 0x03, 0x04, 0x03, 0x01, 0x01, 0x01, 0x0d, 0x03, 0x01, 0x00, 0x00, 0x07, 0x18,
    0x02, 0x06, 0x74, 0x68, 0x72, 0x6f, 0x77, 0x6e, 0x00, 0x00, 0x0b, 0x63, 0x61, 0x74, 0x63, 0x68,
    0x5f, 0x6f, 0x66, 0x74, 0x65, 0x6e, 0x00, 0x02, 0x0a, 0x4e, 0x03, 0x0b, 0x00, 0x20, 0x00, 0x04,
    0x40, 0x08, 0x00, 0x0b, 0x41, 0x00, 0x0b, 0x16, 0x00, 0x20, 0x00, 0x04, 0x7f, 0x41, 0x01, 0x20,
    0x00, 0x41, 0x01, 0x6b, 0x10, 0x01, 0x6a, 0x05, 0x41, 0x01, 0x10, 0x00, 0x0b, 0x0b, 0x29, 0x01,
    0x01, 0x7f, 0x03, 0x40, 0x02, 0x40, 0x1f, 0x40, 0x01, 0x00, 0x00, 0x00, 0x41, 0x32, 0x10, 0x01,
    0x1a, 0x0b, 0x00, 0x0b, 0x20, 0x01, 0x41, 0x01, 0x6a, 0x21, 0x01, 0x20, 0x00, 0x41, 0x01, 0x6b,
    0x22, 0x00, 0x0d, 0x00, 0x0b, 0x20, 0x01, 0x0b};

TEST_P(LimitedModuleTest, TheStackIsWholeAfterAnException) {
  if (!engine.capabilities().exceptions) GTEST_SKIP() << GetParam() << " has no exceptions";
  module = compile(std::as_bytes(std::span(kExceptions)), {});
  Guest guest(*module, host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_EQ(guest.call("catch_often", kNumber, {1000}).value(), 1000u);
  EXPECT_EQ(guest.trap_of("thrown", kNumber, {1}).kind, TrapKind::Other);
}

// ---- Sizes ----

TEST_P(LimitedModuleTest, MemoryGrowsUpToItsLimit) {
  auto guest = start({.max_memory_bytes = 5 * engine::kPage});
  EXPECT_EQ(guest->call("grow_memory", kNumber, {3}).value(), 2u);
  EXPECT_EQ(guest->call("grow_memory", kNumber, {1}).value(), 0xffffffffu);
  EXPECT_EQ(guest->instance().memory().size(), 5 * engine::kPage);
}

TEST_P(LimitedModuleTest, TablesGrowUpToTheirLimit) {
  const engine::Limits limits{.max_table_elements = 10};
  auto made =
      compile_limited(engine, nullptr, engine::read_guest("tables"), {}, limits, SupplyLimits::All);
  if (!made.ok() && made.error().code == ErrorCode::Unsupported) {
    GTEST_SKIP() << made.error().message;
  }
  ASSERT_TRUE(made.ok()) << made.error().message;
  Guest guest(*made.value(), host, limits);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_EQ(guest.call("grow_table", kNumber, {10}).value(), 0xffffffffu);
  EXPECT_EQ(guest.call("grow_table", kNumber, {9}).value(), 1u);
  EXPECT_EQ(guest.call("grow_table", kNumber, {1}).value(), 0xffffffffu);
}

TEST_P(LimitedModuleTest, WhatBeginsBeyondItsLimitIsNotInstantiated) {
  const engine::Limits limits{.max_memory_bytes = engine::kPage};
  module = compile(engine::read_guest("limits"), imports().view(), limits);
  Guest guest(*module, host, limits);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Trap);
  EXPECT_EQ(guest.instance().memory().size(), 0u);
  const Trap trap = guest.instance().take_trap();
  EXPECT_EQ(trap.kind, TrapKind::NoResources);
  EXPECT_EQ(trap.message, "a memory begins with 2 pages of 64 KiB where 1 are allowed");
}

// ---- What is not to be noticed ----

TEST_P(LimitedModuleTest, TrapsTellWhereTheyHappenedInTheFile) {
  const auto wasm = engine::read_guest("guest");
  const auto frames = [&](SupplyLimits supply, std::string_view name) {
    module = compile(wasm, engine::guest_imports().view(), {}, supply);
    Guest guest(*module, host);
    EXPECT_EQ(guest.instance().instantiate(), Flow::Return);
    return guest.trap_of(name, {}).frames;
  };
  host.answer(engine::kRefuse, [](Slots, engine::Memory) { return Flow::Trap; });
  for (const std::string_view name : {"trap_unreachable", "call_refuse"}) {
    const auto with = frames(SupplyLimits::All, name);
    const auto without = frames(SupplyLimits::Missing, name);
    ASSERT_EQ(with.size(), without.size());
    for (size_t i = 0; i < with.size(); ++i) {
      EXPECT_EQ(with[i].function_index, without[i].function_index);
      EXPECT_EQ(with[i].function, without[i].function);
      EXPECT_EQ(with[i].module_offset, without[i].module_offset);
    }
  }
}

TEST_P(LimitedModuleTest, AStackOverflowTellsWhoRecursed) {
  if (!engine.capabilities().function_names) GTEST_SKIP() << GetParam() << " has no names";
  auto guest = start();
  const Trap overflow = guest->trap_of("recurse", {{}, {I32}});
  ASSERT_GT(overflow.frames.size(), 1u);
  EXPECT_EQ(overflow.frames[0].function, "recurse");
  EXPECT_EQ(overflow.frames[1].function, "recurse");
}

TEST_P(LimitedModuleTest, HandlersSeeTheirOwnCallsOnly) {
  auto guest = start();
  std::vector<uint64_t> seen;
  host.answer(kCallBack, [&](Slots slots, engine::Memory memory) {
    EXPECT_EQ(memory.size(), 2 * engine::kPage);
    seen.push_back(slots[0]);
    slots[0] = 1;
    return Flow::Return;
  });
  EXPECT_EQ(guest->call("fibonacci", kNumber, {25}).value(), 75'025u);
  EXPECT_EQ(guest->call("deeper_by_host_often", kNumber, {3}).value(), 3u);
  EXPECT_EQ(seen, std::vector<uint64_t>({100, 100, 100}));
}

TEST_P(LimitedModuleTest, BrokenCodeIsRefused) {
  auto wasm = engine::read_guest("limits");
  wasm.resize(wasm.size() / 2);
  const auto made = compile_limited(engine, nullptr, wasm, imports().view(), {}, SupplyLimits::All);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::BadModule);
}

}  // namespace
}  // namespace weir::abi
