// Faults of several engines' guests and of the host itself, in one process: each reaches whom it is
// for, in whatever order the engines were first used. Handlers of signals are the process's, so
// each case runs in a process of its own.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <thread>

#include "base/own_file.h"
#include "engine/engine_test_support.h"

namespace weir::engine {
namespace {

constexpr size_t kThreads = 3;
constexpr size_t kHostPageBytes = 4096;

// Memory of the host that none may touch, a page for each thread.
std::byte* forbidden() {
  static auto* const pages = static_cast<std::byte*>(
      mmap(nullptr, kThreads * kHostPageBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  WEIR_CHECK(pages != MAP_FAILED);
  return pages;
}

void touch(std::byte* page) { *static_cast<volatile std::byte*>(page) = std::byte{1}; }

std::atomic<int> host_faults = 0;

// The host's own handler: opens the page that was touched, so that its thread goes on. Any other
// fault should have been a guest's.
void on_host_fault(int, siginfo_t* info, void*) {
  auto* at = static_cast<std::byte*>(info->si_addr);
  const ptrdiff_t offset = at - forbidden();
  if (offset < 0 || static_cast<size_t>(offset) >= kThreads * kHostPageBytes) {
    constexpr std::string_view kText = "the host's handler was called for a guest's fault\n";
    if (write(STDERR_FILENO, kText.data(), kText.size()) < 0) _exit(3);
    _exit(2);
  }
  ++host_faults;
  mprotect(at, 1, PROT_READ | PROT_WRITE);
}

void handle_host_faults() {
  forbidden();
  struct sigaction action {};
  action.sa_sigaction = &on_host_fault;
  action.sa_flags = SA_SIGINFO;
  WEIR_CHECK(sigaction(SIGSEGV, &action, nullptr) == 0);
}

// What one thread does again and again, on all engines.
class Work {
 public:
  Work(std::span<const std::string> names, size_t thread)
      : page_(forbidden() + thread * kHostPageBytes) {
    host_.answer(kNothing, [this](Slots, Memory) {
      fault();
      return Flow::Return;
    });
    for (const std::string& name : names) {
      const Engine& engine = engine_named(name);
      auto module = engine.compile(read_guest("guest"), guest_imports().view());
      WEIR_CHECK(module.ok());
      use(name, std::move(module).value());
    }
  }

  // On a thread of its own, with what `first` has compiled.
  Work(const Work& first, size_t thread) : Work(std::span<const std::string>(), thread) {
    for (const Used& used : first.used_) use(used.name, used.module);
  }

  void run(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (const Used& used : used_) {
        traps(used);
        fault();
      }
      std::rotate(used_.begin(), used_.begin() + 1, used_.end());
    }
  }

 private:
  struct Used {
    std::string name;
    Capabilities can;
    std::unique_ptr<ThreadAttachment> attachment;
    std::shared_ptr<const Module> module;
  };

  void use(const std::string& name, std::shared_ptr<const Module> module) {
    const Engine& engine = engine_named(name);
    used_.push_back({.name = name,
                     .can = engine.capabilities(),
                     .attachment = engine.attach_thread(),
                     .module = std::move(module)});
    traps(used_.back());
  }

  // One of the host's own faults.
  void fault() {
    touch(page_);
    mprotect(page_, kHostPageBytes, PROT_NONE);
    ++faults_;
  }

  std::unique_ptr<Guest> start(const Used& used) {
    auto guest = std::make_unique<Guest>(*used.module, host_);
    EXPECT_EQ(guest->instance().instantiate(), Flow::Return) << used.name;
    return guest;
  }

  void traps(const Used& used) {
    const auto kind = [&](std::string_view function, FuncType type,
                          std::initializer_list<uint64_t> arguments) {
      return start(used)->trap_of(function, type, arguments).kind;
    };
    EXPECT_EQ(kind("load", {{I32}, {I32}}, {kPage}), TrapKind::MemoryBounds) << used.name;
    EXPECT_EQ(kind("load", {{I32}, {I32}}, {0xfffffffc}), TrapKind::MemoryBounds) << used.name;
    EXPECT_EQ(kind("divide", {{I32, I32}, {I32}}, {1, 0}), TrapKind::Arithmetic) << used.name;
    EXPECT_EQ(kind("trap_unreachable", {}, {}), TrapKind::Unreachable) << used.name;
    if (used.can.stack_limit) {
      EXPECT_EQ(kind("recurse", {{}, {I32}}, {}), TrapKind::StackOverflow) << used.name;
    }
    // A fault of the host while a guest has called it is the host's, and the guest goes on.
    auto guest = start(used);
    const int before = faults_;
    EXPECT_FALSE(guest->call("call_nothing", {}).trapped()) << used.name;
    EXPECT_EQ(faults_, before + 1);
    EXPECT_EQ(guest->trap_of("load", {{I32}, {I32}}, {kPage}).kind, TrapKind::MemoryBounds)
        << used.name;
  }

  std::byte* page_;
  FakeHost host_;
  std::vector<Used> used_;
  int faults_ = 0;
};

// At once: a sanitizer's leak checker would come, whose own thread faults where it looks at what
// several engines have mapped.
[[noreturn]] void end_process() {
  std::fflush(nullptr);
  std::_Exit(testing::Test::HasFailure() ? 1 : 0);
}

// On several threads at once.
template <typename OfThread>
void run_on_threads(int rounds, const OfThread& make_work) {
  std::vector<std::jthread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&make_work, thread, rounds] { make_work(thread).run(rounds); });
  }
}

// The body of a process: the engines are used in this order, and then on several threads, which
// compile for themselves.
[[noreturn]] void use_in_order(const std::vector<std::string>& names) {
  handle_host_faults();
  Work(names, 0).run(1);
  run_on_threads(5, [&](size_t thread) { return Work(names, thread); });
  EXPECT_GT(host_faults, 0);
  end_process();
}

// The same, more quickly: threads run what has been compiled once.
[[noreturn]] void use_briefly_in_order(const std::vector<std::string>& names) {
  handle_host_faults();
  Work first(names, 0);
  first.run(1);
  const int before = host_faults;
  run_on_threads(1, [&](size_t thread) { return Work(first, thread); });
  // Each thread had its own: one before each engine's trap, and one out of each guest.
  EXPECT_GE(host_faults - before, static_cast<int>(kThreads * names.size() * 2));
  end_process();
}

class SignalsTest : public testing::Test {
 protected:
  // A child starts the test's program anew: no engine has been used there. Where a loader has
  // started this process, which a child would not be, nothing else is run in it before
  // (weir_test_by_loaders).
  void SetUp() override {
    const bool by_loader = own_file() != std::filesystem::read_symlink("/proc/self/exe");
    GTEST_FLAG_SET(death_test_style, by_loader ? "fast" : "threadsafe");
  }

  std::vector<std::string> names = built_engines();
};

TEST_F(SignalsTest, EachFaultReachesWhomItIsFor) {
  EXPECT_EXIT(use_in_order(names), testing::ExitedWithCode(0), "");
}

TEST_F(SignalsTest, EachFaultReachesWhomItIsForInTheOppositeOrder) {
  std::ranges::reverse(names);
  EXPECT_EXIT(use_in_order(names), testing::ExitedWithCode(0), "");
}

// Of those that take signals, 24 orders where all are there, each with several threads. The others,
// which check in software, come in between.
TEST_F(SignalsTest, EachFaultReachesWhomItIsForInEveryOrderOfFirstUse) {
  constexpr std::array kInSoftware{"wamr", "wamr-aot", "wamr-jit", "wasmedge"};
  std::vector<std::string> taking;
  std::vector<std::string> others;
  for (const std::string& name : names) {
    (std::ranges::count(kInSoftware, name) == 0 ? taking : others).push_back(name);
  }
  std::ranges::sort(taking);
  do {
    std::vector<std::string> order = taking;
    order.insert(order.begin() + 1, others.begin(), others.end());
    SCOPED_TRACE(testing::PrintToString(order));
    EXPECT_EXIT(use_briefly_in_order(order), testing::ExitedWithCode(0), "");
  } while (std::ranges::next_permutation(taking).found);
}

// One guest's fault, on that engine.
void traps_once(const std::string& name) {
  const Engine& engine = engine_named(name);
  const auto module = engine.compile(read_guest("guest"), guest_imports().view());
  const auto attached = engine.attach_thread();
  FakeHost host;
  Guest guest(*module.value(), host);
  if (guest.instance().instantiate() == Flow::Trap) std::_Exit(0);
  if (!guest.call("load", {{I32}, {I32}}, {kPage}).trapped()) std::_Exit(0);
}

// A sanitizer has a handler, which reports the fault and exits.
bool ended_by_a_fault(int status) {
  return WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : WEXITSTATUS(status) != 0;
}

TEST_F(SignalsTest, AFaultOfAHostWithoutAHandlerEndsTheProcess) {
  const auto use_and_fault = [&] {
    for (const std::string& name : names) {
      traps_once(name);
    }
    touch(forbidden());
    std::exit(0);
  };
  EXPECT_EXIT(use_and_fault(), ended_by_a_fault, "");
}

// What kill() sends has no instruction to come again at.
TEST_F(SignalsTest, ASignalThatIsSentEndsAProcessWithoutAHandler) {
  for (const int number : {SIGSEGV, SIGILL, SIGFPE, SIGBUS}) {
    const auto use_and_send = [&] {
      for (const std::string& name : names) traps_once(name);
      kill(getpid(), number);
      traps_once(names.front());
      std::exit(0);
    };
    const auto ended = [&](int status) {
      return WIFSIGNALED(status) ? WTERMSIG(status) == number : WEXITSTATUS(status) != 0;
    };
    EXPECT_EXIT(use_and_send(), ended, "") << number;
  }
}

TEST_F(SignalsTest, ASignalThatIsSentReachesTheHostsHandler) {
  static volatile sig_atomic_t sent = 0;
  const auto use_and_send = [&] {
    for (const int number : {SIGSEGV, SIGILL, SIGFPE, SIGBUS}) {
      signal(number, [](int) { sent = sent + 1; });
    }
    for (const std::string& name : names) traps_once(name);
    for (const int number : {SIGSEGV, SIGILL, SIGFPE, SIGBUS}) raise(number);
    EXPECT_EQ(sent, 4);
    for (const std::string& name : names) traps_once(name);
    end_process();
  };
  EXPECT_EXIT(use_and_send(), testing::ExitedWithCode(0), "");
}

// Engines give threads a stack for signals. What they leave behind can be used.
TEST_F(SignalsTest, AThreadKeepsAUsableSignalStack) {
  for (const std::string& name : names) {
    std::thread([&] {
      {
        const Engine& engine = engine_named(name);
        const auto attached = engine.attach_thread();
        const auto module = engine.compile(read_guest("guest"), guest_imports().view());
        FakeHost host;
        Guest guest(*module.value(), host);
        ASSERT_EQ(guest.instance().instantiate(), Flow::Return) << name;
        EXPECT_TRUE(guest.call("load", {{I32}, {I32}}, {kPage}).trapped()) << name;
      }
      stack_t stack{};
      ASSERT_EQ(sigaltstack(nullptr, &stack), 0);
      if ((stack.ss_flags & SS_DISABLE) != 0) return;
      EXPECT_GE(stack.ss_size, static_cast<size_t>(MINSIGSTKSZ)) << name;
      std::ranges::fill(std::span(static_cast<std::byte*>(stack.ss_sp), stack.ss_size),
                        std::byte{0});
    }).join();
  }
}

}  // namespace
}  // namespace weir::engine
