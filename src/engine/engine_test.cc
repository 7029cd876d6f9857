// The claims that every engine makes at the seam.

#include "engine/engine.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include "engine/engine_test_support.h"

namespace weir::engine {
namespace {

INSTANTIATE_TEST_SUITE_P(Engines, EngineTest, testing::ValuesIn(built_engines()), engine_name);

TEST_P(EngineTest, TellsItsName) {
  EXPECT_EQ(engine.info().name, GetParam());
  EXPECT_FALSE(engine.info().version.empty());
  EXPECT_NE(engine.fingerprint().find(engine.info().version), std::string::npos);
}

TEST_P(EngineTest, CallsAnExport) {
  auto guest = start();
  EXPECT_FALSE(guest->call("empty", {}).trapped());
  EXPECT_EQ(guest->call("identity", {{I32}, {I32}}, {7}).value(), 7u);
  EXPECT_EQ(guest
                ->call("sum9", {{I32, I32, I32, I32, I32, I32, I32, I32, I32}, {I32}},
                       {1, 2, 3, 4, 5, 6, 7, 8, 9})
                .value(),
            45u);
}

TEST_P(EngineTest, CarriesEveryTypeInASlot) {
  auto guest = start();
  EXPECT_EQ(guest->call("identity_i64", {{I64}, {I64}}, {UINT64_MAX - 1}).value(), UINT64_MAX - 1);
  EXPECT_EQ(guest->call("identity_f32", {{F32}, {F32}}, {slot(1.5f)}).value(), slot(1.5f));
  EXPECT_EQ(as_f64(guest->call("identity_f64", {{F64}, {F64}}, {slot(-0.1)}).value()), -0.1);
}

TEST_P(EngineTest, ZeroExtendsNarrowResults) {
  auto guest = start();
  EXPECT_EQ(guest->call("minus_one", {{}, {I32}}).value(), 0xffffffffu);
  EXPECT_EQ(guest->call("identity_f32", {{F32}, {F32}}, {slot(-1.5f)}).value(), slot(-1.5f));
}

TEST_P(EngineTest, ReturnsSeveralResults) {
  auto guest = start();
  const auto outcome = guest->call("pair", {{I32, I64}, {I64, I32}}, {5, 1ull << 40});
  EXPECT_EQ(outcome.slots[0], 1ull << 40);
  EXPECT_EQ(outcome.slots[1], 5u);
}

TEST_P(EngineTest, HandsImportsTheirTokenAndSlots) {
  host.answer(kMix, [](Slots slots, Memory) {
    EXPECT_EQ(slots.size(), 4u);
    EXPECT_EQ(slots[0], 0xffffffffu);
    EXPECT_EQ(slots[1], UINT64_MAX - 1);
    EXPECT_EQ(slots[2], slot(1.5f));
    EXPECT_EQ(as_f64(slots[3]), 2.25);
    slots[0] = slot(6.5);
    return Flow::Return;
  });
  EXPECT_EQ(as_f64(start()->call("call_mix", {{}, {F64}}).value()), 6.5);
}

TEST_P(EngineTest, LinksAFunctionImportedTwice) {
  const auto add_one = [](Slots slots, Memory) {
    ++slots[0];
    return Flow::Return;
  };
  host.answer(kAddOne, add_one);
  host.answer(kAddOneAgain, add_one);
  auto guest = start();
  EXPECT_EQ(guest->call("call_add_one", {{I32}, {I32}}, {1}).value(), 2u);
  EXPECT_EQ(guest->call("call_add_one_again", {{I32}, {I32}}, {2}).value(), 3u);
}

TEST_P(EngineTest, CallsImportsThatAreExportedOrInATableOrStart) {
  const ImportList imports{{"begin", {}}, {"add_one", {{I32}, {I32}}}};
  const auto module = compile("reexport", imports.view());
  bool begun = false;
  host.answer(100, [&](Slots slots, Memory) {
    begun = slots.empty();
    return Flow::Return;
  });
  host.answer(101, [](Slots slots, Memory) {
    ++slots[0];
    return Flow::Return;
  });
  Guest guest(*module, host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_TRUE(begun);
  EXPECT_EQ(guest.call("add_one", {{I32}, {I32}}, {1}).value(), 2u);
  EXPECT_EQ(guest.call("add_one_by_table", {{I32}, {I32}}, {2}).value(), 3u);
}

TEST_P(EngineTest, LinksEachModuleToItsOwnImports) {
  const ImportList imports{{"nothing", {}}};
  const auto other = compile("no_memory", imports.view());
  auto guest = start();
  std::vector<uint32_t> called;
  for (uint32_t token : {100u, uint32_t{kNothing}}) {
    host.answer(token, [&called, token](Slots, Memory) {
      called.push_back(token);
      return Flow::Return;
    });
  }
  Guest other_guest(*other, host);
  ASSERT_EQ(other_guest.instance().instantiate(), Flow::Return);
  other_guest.call("call_nothing", {});
  guest->call("call_nothing", {});
  EXPECT_EQ(called, (std::vector<uint32_t>{100, kNothing}));
}

TEST_P(EngineTest, ShowsImportsTheGuestsMemory) {
  host.answer(kNothing, [](Slots, Memory memory) {
    EXPECT_EQ(memory.size(), kPage);
    EXPECT_EQ(memory.word_bytes(), 4u);
    EXPECT_EQ(as_text({memory.at(16, 5), 5}), "hello");
    EXPECT_EQ(memory.at(kPage - 4, 5), nullptr);
    store<uint32_t>(memory.at(32, 4), 77);
    return Flow::Return;
  });
  auto guest = start();
  guest->call("call_nothing", {});
  EXPECT_EQ(guest->call("load", {{I32}, {I32}}, {32}).value(), 77u);
}

TEST_P(EngineTest, ShowsNoMemoryWhereThereIsNone) {
  const ImportList imports{{"nothing", {}}};
  const auto module = compile("no_memory", imports.view());
  bool called = false;
  host.answer(100, [&](Slots slots, Memory memory) {
    called = true;
    EXPECT_TRUE(slots.empty());
    EXPECT_FALSE(memory.contains(0, 1));
    return Flow::Return;
  });
  Guest guest(*module, host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_FALSE(guest.call("call_nothing", {}).trapped());
  EXPECT_TRUE(called);
  EXPECT_FALSE(guest.instance().memory().contains(0, 1));
}

TEST_P(EngineTest, LetsAHandlerCallTheGuest) {
  auto guest = start();
  host.answer(kCallBack, [&](Slots slots, Memory) {
    slots[0] = guest->call("identity", {{I32}, {I32}}, {slots[0] + 1}).value();
    return Flow::Return;
  });
  EXPECT_EQ(guest->call("call_call_back", {{I32}, {I32}}, {1}).value(), 2u);
}

TEST_P(EngineTest, SeesMemoryThatGrewInANestedCall) {
  auto guest = start();
  host.answer(kCallBack, [&](Slots slots, Memory before) {
    EXPECT_FALSE(before.contains(kPage, 1));
    guest->call("grow", {{I32}, {I32}}, {2});
    slots[0] = guest->instance().memory().size() / kPage;
    return Flow::Return;
  });
  EXPECT_EQ(guest->call("call_call_back", {{I32}, {I32}}, {0}).value(), 3u);
}

TEST_P(EngineTest, EndsTheCallWhoseHandlerTraps) {
  host.answer(kRefuse, [](Slots, Memory) { return Flow::Trap; });
  const Trap trap = start()->trap_of("call_refuse", {});
  EXPECT_EQ(trap.kind, TrapKind::Host);
  if (!can.function_names) return;
  ASSERT_FALSE(trap.frames.empty());
  EXPECT_EQ(trap.frames[0].function, "call_refuse");
}

TEST_P(EngineTest, KeepsTheReasonOfTheInnermostCall) {
  auto guest = start();
  host.answer(kCallBack, [&](Slots, Memory) { return guest->call("trap_unreachable", {}).flow; });
  EXPECT_EQ(guest->trap_of("call_call_back", {{I32}, {I32}}, {0}).kind, TrapKind::Unreachable);
}

TEST_P(EngineTest, TellsTrapsApart) {
  const auto kind = [&](std::string_view name, FuncType type,
                        std::initializer_list<uint64_t> args = {}) {
    return start()->trap_of(name, type, args).kind;
  };
  EXPECT_EQ(kind("trap_unreachable", {}), TrapKind::Unreachable);
  EXPECT_EQ(kind("load", {{I32}, {I32}}, {kPage - 3}), TrapKind::MemoryBounds);
  EXPECT_EQ(kind("load", {{I32}, {I32}}, {0xffffffff}), TrapKind::MemoryBounds);
  EXPECT_EQ(kind("divide", {{I32, I32}, {I32}}, {1, 0}), TrapKind::Arithmetic);
  EXPECT_EQ(kind("divide", {{I32, I32}, {I32}}, {0x80000000, 0xffffffff}), TrapKind::Arithmetic);
  EXPECT_EQ(kind("truncate", {{F64}, {I32}}, {slot(1e20)}), TrapKind::Arithmetic);
  EXPECT_EQ(kind("call_table", {{I32}, {}}, {1}), TrapKind::TableBounds);
  EXPECT_EQ(kind("call_table", {{I32}, {}}, {3}), TrapKind::TableBounds);
  EXPECT_EQ(kind("call_table_as_number", {{}, {I32}}), TrapKind::TableBounds);
}

TEST_P(EngineTest, SaysWhereAGuestTrapped) {
  if (lacks(can.backtrace, "backtrace")) return;
  const Trap trap = start()->trap_of("trap_unreachable", {});
  ASSERT_EQ(trap.frames.size(), 2u);
  EXPECT_EQ(trap.frames[0].function_index + 1, trap.frames[1].function_index);
  if (can.function_names) {
    EXPECT_EQ(trap.frames[0].function, "inner");
    EXPECT_EQ(trap.frames[1].function, "outer");
  }
  EXPECT_EQ(trap.to_line().find('\n'), std::string::npos);
  EXPECT_EQ(trap.to_line().find("unreachable: "), 0u) << trap.to_line();
}

TEST_P(EngineTest, SaysWhoCalledTheHostThatCalledWhatTrapped) {
  if (lacks(can.function_names, "function names")) return;
  auto guest = start();
  host.answer(kCallBack, [&](Slots, Memory) { return guest->call("trap_unreachable", {}).flow; });
  const Trap trap = guest->trap_of("call_call_back", {{I32}, {I32}}, {0});
  EXPECT_EQ(trap.kind, TrapKind::Unreachable);
  std::vector<std::string> names;
  for (const Frame& frame : trap.frames) names.push_back(frame.function);
  EXPECT_EQ(names, std::vector<std::string>({"inner", "outer", "call_call_back"}));
}

TEST_P(EngineTest, EndsEndlessRecursion) {
  if (lacks(can.stack_limit, "stack limit")) return;
  EXPECT_EQ(start()->trap_of("recurse", {{}, {I32}}).kind, TrapKind::StackOverflow);
}

TEST_P(EngineTest, GrowsMemoryUpToItsLimit) {
  if (lacks(can.memory_limit, "memory limit")) return;
  auto guest = start({.max_memory_bytes = 3 * kPage});
  const FuncType grow{{I32}, {I32}};
  EXPECT_EQ(guest->call("grow", grow, {2}).value(), 1u);
  EXPECT_EQ(guest->call("grow", grow, {1}).value(), 0xffffffffu);
  EXPECT_EQ(guest->call("size", {{}, {I32}}).value(), 3u);
  EXPECT_EQ(guest->instance().memory().size(), 3 * kPage);
}

TEST_P(EngineTest, RefusesAMemoryBeyondItsLimit) {
  if (lacks(can.memory_limit, "memory limit")) return;
  const auto module = compile("large_memory", {});
  Guest guest(*module, host, {.max_memory_bytes = kPage});
  ASSERT_EQ(guest.instance().instantiate(), Flow::Trap);
  const Trap trap = guest.instance().take_trap();
  EXPECT_EQ(trap.kind, TrapKind::NoResources) << trap.to_line();
}

TEST_P(EngineTest, BoundsWhatATableGrowsTo) {
  auto module = engine.compile(read_guest("tables"), {});
  if (!module.ok() && module.error().code == ErrorCode::Unsupported) {
    GTEST_SKIP() << module.error().message;
  }
  ASSERT_TRUE(module.ok()) << module.error().message;
  Guest guest(*module.value(), host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  const FuncType grow{{I32}, {I32}};
  EXPECT_EQ(guest.call("grow_table", grow, {0xfffffff0}).value(), 0xffffffffu);
  EXPECT_EQ(guest.call("grow_table", grow, {9}).value(), 1u);
  EXPECT_EQ(guest.call("table_size", {{}, {I32}}).value(), 10u);
}

TEST_P(EngineTest, RefusesATableBeyondItsLimit) {
  auto module = engine.compile(read_guest("large_table"), {});
  if (!module.ok()) return;
  Guest guest(*module.value(), host);
  EXPECT_EQ(guest.instance().instantiate(), Flow::Trap);
}

// (func (export "f") (local 60000000 i64)), of which each call would take half a gigabyte.
constexpr uint8_t kManyLocals[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01,
                                   0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00,
                                   0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00, 0x0a, 0x09,
                                   0x01, 0x07, 0x01, 0x80, 0x8e, 0xce, 0x1c, 0x7e, 0x0b};

TEST_P(EngineTest, RefusesAFunctionOfTooManyLocals) {
  EXPECT_FALSE(engine.compile(std::as_bytes(std::span(kManyLocals)), {}).ok());
}

TEST_P(EngineTest, RunsTheStartSectionInInstantiate) {
  const ImportList imports{{"in_start", {{I32}, {I32}}}};
  const auto module = compile("start", imports.view());
  std::string seen;
  host.answer(100, [&](Slots slots, Memory memory) {
    seen = as_text({memory.at(slots[0], 7), 7});
    slots[0] = 0;
    return Flow::Return;
  });
  Guest guest(*module, host);
  EXPECT_EQ(seen, "");
  EXPECT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_EQ(seen, "started");
  EXPECT_EQ(guest.instance().memory().size(), kPage);
}

TEST_P(EngineTest, TellsWhyTheStartSectionTrapped) {
  const auto module = compile("start_trap", {});
  Guest guest(*module, host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Trap);
  EXPECT_EQ(guest.instance().take_trap().kind, TrapKind::Unreachable);
}

TEST_P(EngineTest, EndsTheStartSectionWhoseHandlerTraps) {
  const ImportList imports{{"in_start", {{I32}, {I32}}}};
  const auto module = compile("start", imports.view());
  host.answer(100, [](Slots, Memory) { return Flow::Trap; });
  Guest guest(*module, host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Trap);
  EXPECT_EQ(guest.instance().take_trap().kind, TrapKind::Host);
}

TEST_P(EngineTest, BindsOnlyWhatIsExportedSo) {
  auto guest = start();
  const auto code_of = [&](std::string_view name, FuncType type) {
    auto id = guest->instance().bind_export(name, type.view());
    return id.ok() ? std::optional<ErrorCode>() : id.error().code;
  };
  EXPECT_EQ(code_of("identity", {{I32}, {I32}}), std::nullopt);
  EXPECT_EQ(code_of("identity", {{I64}, {I32}}), ErrorCode::LinkFailed);
  EXPECT_EQ(code_of("identity", {{I32}, {}}), ErrorCode::LinkFailed);
  EXPECT_EQ(code_of("missing", {}), ErrorCode::LinkFailed);
  EXPECT_EQ(code_of("memory", {}), ErrorCode::LinkFailed);
}

// WAMR's compiler once had a file of its own in the working directory.
TEST_P(EngineTest, CompilesWhereverTheProcessIs) {
  const auto guest = read_guest("guest");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path("/proc/self");  // where nobody can make a file
  const auto module = engine.compile(guest, guest_imports().view());
  std::filesystem::current_path(before);
  EXPECT_TRUE(module.ok()) << module.error().message;
}

TEST_P(EngineTest, RefusesBytesThatAreNoModule) {
  EXPECT_FALSE(engine.compile(as_bytes("no module"), {}).ok());
  auto truncated = read_guest("guest");
  truncated.resize(truncated.size() / 2);
  auto module = engine.compile(truncated, guest_imports().view());
  ASSERT_FALSE(module.ok());
  EXPECT_EQ(module.error().code, ErrorCode::BadModule);
}

TEST_P(EngineTest, AcceptsWhatCompilersEmitByDefault) {
  EXPECT_EQ(start()->call("modern", {{F64}, {I32}}, {slot(1e20)}).value(), 0x7fffffffu + 7u);
}

TEST_P(EngineTest, AcceptsSimd) {
  if (lacks(can.simd, "SIMD")) return;
  const auto module = compile("simd", {});
  Guest guest(*module, host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_EQ(guest.call("sum", {{I32}, {I32}}, {41}).value(), 42u);
}

TEST_P(EngineTest, AcceptsTailCalls) {
  if (lacks(can.tail_calls, "tail calls")) return;
  const auto module = compile("tail_call", {});
  Guest guest(*module, host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_EQ(guest.call("count", {{I32}, {I32}}, {1'000'000}).value(), 42u);
}

// Translated beforehand, since wabt knows the proposal's older form only:
//   (tag $t (param i32))
//   (func $throw (param i32) local.get 0 throw $t)
//   (func (export "caught") (param i32) (result i32)
//     (block $h (result i32)
//       (try_table (catch $t $h) local.get 0 call $throw)
//       i32.const -1))
//   (func (export "uncaught") i32.const 1 call $throw)
constexpr uint8_t kExceptions[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x0d, 0x03, 0x60, 0x01, 0x7f, 0x00, 0x60,
    0x01, 0x7f, 0x01, 0x7f, 0x60, 0x00, 0x00, 0x03, 0x04, 0x03, 0x00, 0x01, 0x02, 0x0d, 0x03, 0x01,
    0x00, 0x00, 0x07, 0x15, 0x02, 0x06, 0x63, 0x61, 0x75, 0x67, 0x68, 0x74, 0x00, 0x01, 0x08, 0x75,
    0x6e, 0x63, 0x61, 0x75, 0x67, 0x68, 0x74, 0x00, 0x02, 0x0a, 0x22, 0x03, 0x06, 0x00, 0x20, 0x00,
    0x08, 0x00, 0x0b, 0x12, 0x00, 0x02, 0x7f, 0x1f, 0x40, 0x01, 0x00, 0x00, 0x00, 0x20, 0x00, 0x10,
    0x00, 0x0b, 0x41, 0x7f, 0x0b, 0x0b, 0x06, 0x00, 0x41, 0x01, 0x10, 0x00, 0x0b, 0x00, 0x1d, 0x04,
    0x6e, 0x61, 0x6d, 0x65, 0x01, 0x08, 0x01, 0x00, 0x05, 0x74, 0x68, 0x72, 0x6f, 0x77, 0x03, 0x06,
    0x01, 0x01, 0x01, 0x00, 0x01, 0x68, 0x0b, 0x04, 0x01, 0x00, 0x01, 0x74};

TEST_P(EngineTest, AcceptsExceptions) {
  if (lacks(can.exceptions, "exceptions")) return;
  auto module = engine.compile(std::as_bytes(std::span(kExceptions)), {});
  ASSERT_TRUE(module.ok()) << module.error().message;
  Guest guest(*module.value(), host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return) << guest.instance().take_trap().to_line();
  EXPECT_EQ(guest.call("caught", {{I32}, {I32}}, {42}).value(), 42u);
  const Trap trap = guest.trap_of("uncaught", {});
  EXPECT_EQ(trap.kind, TrapKind::Other);
  EXPECT_FALSE(trap.message.empty());
}

// (module (tag) (func (throw 0)) (start 0)), which both forms of exceptions have.
constexpr uint8_t kThrowsAtStart[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01,
                                      0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00,
                                      0x0d, 0x03, 0x01, 0x00, 0x00, 0x08, 0x01, 0x00, 0x0a,
                                      0x06, 0x01, 0x04, 0x00, 0x08, 0x00, 0x0b};

TEST_P(EngineTest, AnExceptionInTheStartSectionIsNoLackOfRoom) {
  if (lacks(can.exceptions || can.legacy_exceptions, "exceptions")) return;
  auto module = engine.compile(std::as_bytes(std::span(kThrowsAtStart)), {});
  ASSERT_TRUE(module.ok()) << module.error().message;
  Guest guest(*module.value(), host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Trap);
  EXPECT_EQ(guest.instance().take_trap().kind, TrapKind::Other);
}

TEST_P(EngineTest, RunsInstancesOfAModuleOnTwoThreads) {
  const Module* module = guest_module();
  std::atomic<int> traps = 0;
  const auto work = [&] {
    const auto attached = engine.attach_thread();
    FakeHost own_host;
    for (int round = 0; round < 20; ++round) {
      Guest guest(*module, own_host);
      ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
      EXPECT_EQ(guest.call("identity", {{I32}, {I32}}, {9}).value(), 9u);
      traps += guest.trap_of("load", {{I32}, {I32}}, {kPage}).kind == TrapKind::MemoryBounds;
    }
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
  EXPECT_EQ(traps, 40);
}

TEST_P(EngineTest, RunsWhatItSerialized) {
  if (lacks(can.serialize, "serialization")) return;
  auto artifact = guest_module()->serialize();
  ASSERT_TRUE(artifact.ok());
  auto module = engine.deserialize(artifact.value(), guest_imports().view());
  ASSERT_TRUE(module.ok()) << module.error().message;
  Guest guest(*module.value(), host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  EXPECT_EQ(guest.call("identity", {{I32}, {I32}}, {3}).value(), 3u);
}

TEST_P(EngineTest, RefusesAnArtifactThatIsNone) {
  if (lacks(can.serialize, "serialization")) return;
  EXPECT_FALSE(engine.deserialize(as_bytes("no artifact"), {}).ok());
}

}  // namespace
}  // namespace weir::engine
