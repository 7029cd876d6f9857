// Guests that use up the stack in ways that are hard to foresee, on every engine that bounds it by
// itself: each ends by a trap, and the thread goes on.

#include <pthread.h>

#include <functional>
#include <thread>

#include "engine/engine_test_support.h"

namespace weir::engine {
namespace {

constexpr uint32_t kHostCallBack = 100;
constexpr uint32_t kHostMix = 101;
const FuncType kNumber{{I32}, {I32}};

const ImportList& imports() {
  static const ImportList list{{"call_back", kNumber}, {"mix", {{I32, I64, F32, F64}, {F64}}}};
  return list;
}

class StackTest : public EngineTest {
 protected:
  void SetUp() override {
    if (lacks(can.stack_limit, "stack limit")) return;
    plain_ = compile("stack", imports().view());
    if (can.simd) vectors_ = compile("stack_simd", {});
  }

  std::unique_ptr<Guest> start(const Module& module, FakeHost& of) {
    auto guest = std::make_unique<Guest>(module, of);
    EXPECT_EQ(guest->instance().instantiate(), Flow::Return);
    return guest;
  }

  // What it takes to go without end by way of the host, until the guest has no stack left.
  void use_up_by_host(FakeHost& with) {
    auto guest = start(*plain_, with);
    with.answer(kHostCallBack, [&](Slots slots, Memory) {
      const auto inner = guest->call("recurse_by_host", kNumber, {slots[0]});
      slots[0] = inner.value();
      return inner.flow;
    });
    EXPECT_EQ(guest->trap_of("recurse_by_host", kNumber, {0}).kind, TrapKind::StackOverflow);
  }

  void use_up_in_every_way() {
    struct Way {
      const Module* module;
      std::string_view name;
      FuncType type;
    };
    FakeHost with;
    for (const Way& way : {Way{plain_.get(), "recurse_by_table", kNumber},
                           Way{plain_.get(), "recurse_with_params", {{I64}, {I64}}},
                           Way{plain_.get(), "recurse_wide", {{I32}, {I64}}},
                           Way{vectors_.get(), "recurse_wide", {{I32}, {I64}}},
                           Way{vectors_.get(), "recurse_by_kept_values", {{I32}, {I64}}}}) {
      if (way.module == nullptr) continue;
      const Trap trap = start(*way.module, with)->trap_of(way.name, way.type, {0});
      EXPECT_EQ(trap.kind, TrapKind::StackOverflow) << way.name << ": " << trap.to_line();
      EXPECT_EQ(start(*plain_, with)->call("depth", kNumber, {2000}).value(), 2000u);
    }
    use_up_by_host(with);
  }

  std::unique_ptr<const Module> plain_;
  std::unique_ptr<const Module> vectors_;
};

INSTANTIATE_TEST_SUITE_P(Engines, StackTest, testing::ValuesIn(built_engines()), engine_name);

TEST_P(StackTest, ItsEndIsATrapHoweverItIsReached) { use_up_in_every_way(); }

TEST_P(StackTest, ItsEndIsATrapOnSeveralThreads) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this] {
      const auto attached = engine.attach_thread();
      for (int round = 0; round < 3; ++round) use_up_in_every_way();
    });
  }
}

// A thread of that size, which a server may have made, for `body`.
void run_on_thread(size_t stack_bytes, std::function<void()> body) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, stack_bytes), 0);
  pthread_t thread{};
  const auto run = [](void* function) -> void* {
    (*static_cast<std::function<void()>*>(function))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

// Where an engine's bound is one for all threads, it says that there is too little.
TEST_P(StackTest, ASmallThreadEndsByATrapToo) {
  for (const size_t kib : {384u, 512u, 640u}) {
    run_on_thread(kib * 1024, [&] {
      const auto attached = engine.attach_thread();
      FakeHost with;
      Guest guest(*plain_, with);
      if (guest.instance().instantiate() == Flow::Trap) {
        const Trap refused = guest.instance().take_trap();
        EXPECT_EQ(refused.kind, TrapKind::NoResources);
        EXPECT_NE(refused.message.find("larger stack"), std::string::npos) << refused.message;
        return;
      }
      EXPECT_EQ(guest.trap_of("recurse_by_table", kNumber, {0}).kind, TrapKind::StackOverflow)
          << kib;
      EXPECT_EQ(start(*plain_, with)->call("depth", kNumber, {100}).value(), 100u) << kib;
    });
  }
}

// What a call of the host's functions by a table takes of the stack, it gives back.
TEST_P(StackTest, CallsOutByATableTakeNoneForGood) {
  auto guest = start(*plain_, host);
  host.answer(kHostCallBack, [](Slots slots, Memory) {
    slots[0] = 1;
    return Flow::Return;
  });
  constexpr uint32_t kRounds = 50'000;
  double sum = 0;
  uint64_t wrong = 0;
  host.answer(kHostMix, [&](Slots slots, Memory) {
    const uint64_t round = slots[0] & 0xffffffff;
    if (slots[1] != static_cast<uint64_t>(-2) || (slots[2] & 0xffffffff) != slot(0.5F)) ++wrong;
    if (round == 0 || round > kRounds || as_f64(slots[3]) != sum + 1) ++wrong;
    slots[0] = slot(2.0);
    sum += 3;
    return Flow::Return;
  });
  const auto outcome = guest->call("call_out_by_table_often", {{I32}, {F64}}, {kRounds});
  ASSERT_FALSE(outcome.trapped()) << guest->instance().take_trap().to_line();
  EXPECT_EQ(as_f64(outcome.value()), 3.0 * kRounds);
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace weir::engine
