// What WAMR's JIT does beyond what every engine does (engine_test.cc).

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <thread>

#include "engine/engine_test_support.h"

namespace weir::engine {
namespace {

size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

// Whether a guest, compiled now, adds.
bool compiles_and_runs() {
  const auto module = engine_named("wamr-jit").compile(read_guest("guest"), guest_imports().view());
  if (!module.ok()) return false;
  FakeHost host;
  Guest guest(*module.value(), host);
  if (guest.instance().instantiate() == Flow::Trap) return false;
  return guest.call("grow", {{I32}, {I32}}, {1}).value() == 1;
}

// As WAMR is made, it compiles in threads, which go on while the module is there.
TEST(WamrJitTest, LeavesNoThreadsBehind) {
  const Engine& engine = engine_named("wamr-jit");
  const size_t before = threads_of_this_process();
  const auto module = engine.compile(read_guest("guest"), guest_imports().view());
  ASSERT_TRUE(module.ok()) << module.error().message;
  EXPECT_EQ(threads_of_this_process(), before);
}

// A process that has been forked has one thread, and no lock that another one held.
TEST(WamrJitTest, CompilesInAForkedProcess) {
  GTEST_FLAG_SET(death_test_style, "fast");
  ASSERT_TRUE(compiles_and_runs());
  EXPECT_EXIT(std::_Exit(compiles_and_runs() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST(WamrJitTest, CompilesOnSeveralThreads) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] { EXPECT_TRUE(compiles_and_runs()); });
  }
}

int64_t peak_kilobytes() {
  rusage usage{};
  EXPECT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

// As WAMR is made, a backtrace has a copy of the variables of each of thousands of calls, of which
// there are none.
TEST(WamrJitTest, ABacktraceHoldsNoVariables) {
  // (module (func (export "f") (local i64 ... 8000 of them) (call 0)))
  constexpr std::string_view kWasm(
      "\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\7\5\1\1f\0\0"
      "\x0a\x09\1\7\1\xc0\x3e\x7e\x10\0\x0b",
      36);
  const auto module = engine_named("wamr-jit").compile(as_bytes(kWasm), {});
  ASSERT_TRUE(module.ok()) << module.error().message;
  FakeHost host;
  Guest guest(*module.value(), host);
  ASSERT_EQ(guest.instance().instantiate(), Flow::Return);
  const int64_t before = peak_kilobytes();
  const Trap trap = guest.trap_of("f", {});
  EXPECT_EQ(trap.kind, TrapKind::StackOverflow);
  EXPECT_GT(trap.frames.size(), 1000u);
  EXPECT_LT(peak_kilobytes() - before, 64 << 10);
}

// As WAMR is made, LLVM's linker takes each function for one that needs all others, and memory for
// each pair of them: 1.3 GB for these.
TEST(WamrJitTest, ManyFunctionsTakeMemoryInProportion) {
  constexpr uint32_t kFunctions = 4000;
  const auto number = [](uint32_t value) {  // of two bytes
    return std::string{static_cast<char>(0x80 | (value & 0x7f)), static_cast<char>(value >> 7)};
  };
  std::string types = number(kFunctions) + std::string(kFunctions, '\0');
  std::string bodies = number(kFunctions);
  for (uint32_t i = 0; i < kFunctions; ++i) bodies += std::string("\2\0\x0b", 3);
  const std::string wasm = std::string("\0asm\1\0\0\0\1\4\1\x60\0\0", 14) + "\3" +
                           number(static_cast<uint32_t>(types.size())) + types + "\x0a" +
                           number(static_cast<uint32_t>(bodies.size())) + bodies;
  const int64_t before = peak_kilobytes();
  const auto module = engine_named("wamr-jit").compile(as_bytes(wasm), {});
  ASSERT_TRUE(module.ok()) << module.error().message;
  EXPECT_LT(peak_kilobytes() - before, 800 << 10);
}

}  // namespace
}  // namespace weir::engine
