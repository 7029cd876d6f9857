// Instance::interrupt(): it stops the guest it names, whenever it comes, and no other.

#include <atomic>
#include <chrono>
#include <thread>

#include "engine/engine_test_support.h"

namespace weir::engine {
namespace {

class InterruptTest : public EngineTest {
 protected:
  void SetUp() override { lacks(can.interrupt, "interruption"); }
};

INSTANTIATE_TEST_SUITE_P(Engines, InterruptTest, testing::ValuesIn(built_engines()), engine_name);

TEST_P(InterruptTest, StopsAGuestThatSpins) {
  auto guest = start();
  std::atomic<bool> running = false;
  host.answer(kCallBack, [&](Slots, Memory) {
    running = true;
    return guest->call("spin", {}).flow;
  });
  std::thread watchdog([&] {
    while (!running) std::this_thread::yield();
    guest->instance().interrupt();
  });
  EXPECT_EQ(guest->trap_of("call_call_back", {{I32}, {I32}}, {0}).kind, TrapKind::Interrupted);
  watchdog.join();
}

TEST_P(InterruptTest, StopsAGuestThatSpinsCallingOut) {
  auto guest = start();
  host.answer(kNothing, [&, calls = 0](Slots, Memory) mutable {
    if (++calls == 10) guest->instance().interrupt();
    return Flow::Return;
  });
  EXPECT_EQ(guest->trap_of("spin_calling_out", {}).kind, TrapKind::Interrupted);
}

TEST_P(InterruptTest, StopsAGuestThatCallsOutWithoutALoop) {
  auto guest = start();
  int calls = 0;
  host.answer(kNothing, [&](Slots, Memory) {
    ++calls;
    guest->instance().interrupt();
    return Flow::Return;
  });
  EXPECT_EQ(guest->trap_of("call_nothing_twice", {}).kind, TrapKind::Interrupted);
  EXPECT_EQ(calls, 1);
}

TEST_P(InterruptTest, StopsTheNextCallWhenNoneRuns) {
  auto guest = start();
  guest->instance().interrupt();
  EXPECT_EQ(guest->trap_of("spin", {}).kind, TrapKind::Interrupted);
}

TEST_P(InterruptTest, StopsTheStartSection) {
  const ImportList imports{{"in_start", {{I32}, {I32}}}};
  const auto module = compile("start", imports.view());
  Guest guest(*module, host);
  host.answer(100, [&](Slots, Memory) {
    guest.instance().interrupt();
    return Flow::Return;  // not 0: the start function goes on for ever
  });
  ASSERT_EQ(guest.instance().instantiate(), Flow::Trap);
  EXPECT_EQ(guest.instance().take_trap().kind, TrapKind::Interrupted);
}

TEST_P(InterruptTest, StopsTheStartSectionThatHasNotBegun) {
  const ImportList imports{{"in_start", {{I32}, {I32}}}};
  const auto module = compile("start", imports.view());
  Guest guest(*module, host);
  guest.instance().interrupt();
  ASSERT_EQ(guest.instance().instantiate(), Flow::Trap);
  EXPECT_EQ(guest.instance().take_trap().kind, TrapKind::Interrupted);
}

TEST_P(InterruptTest, LetsOtherInstancesRunOn) {
  auto stopped = start();
  FakeHost patient;
  Guest running(*guest_module(), patient);
  ASSERT_EQ(running.instance().instantiate(), Flow::Return);

  patient.answer(kCallBack, [&](Slots slots, Memory) {
    stopped->instance().interrupt();
    EXPECT_EQ(stopped->trap_of("spin", {}).kind, TrapKind::Interrupted);
    slots[0] = 5;
    return Flow::Return;
  });
  // The guest runs when the interrupt of the other comes, and afterwards.
  EXPECT_EQ(running.call("call_call_back", {{I32}, {I32}}, {0}).value(), 5u);
  EXPECT_EQ(running.call("identity", {{I32}, {I32}}, {6}).value(), 6u);
}

// An interrupt may come just while its guest is told to go on after another's. The waits between
// the two differ, so that some rounds meet that moment; one that loses the interrupt never ends.
TEST_P(InterruptTest, IsNotLostNextToAnothers) {
  auto other = start();
  const Module* module = guest_module();
  for (int round = 0; round < 200; ++round) {
    std::atomic<Guest*> spinning = nullptr;
    std::atomic<bool> sent = false;
    std::thread thread([&] {
      const auto attached = engine.attach_thread();
      FakeHost quiet;
      Guest guest(*module, quiet);
      EXPECT_EQ(guest.instance().instantiate(), Flow::Return);
      spinning = &guest;
      EXPECT_EQ(guest.trap_of("spin", {}).kind, TrapKind::Interrupted);
      while (!sent) std::this_thread::yield();
    });
    while (spinning == nullptr) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(10));
    other->instance().interrupt();
    for (std::atomic<int> wait = round % 50 * 8; wait > 0; --wait) continue;
    spinning.load()->instance().interrupt();
    sent = true;
    thread.join();
  }
}

}  // namespace
}  // namespace weir::engine
