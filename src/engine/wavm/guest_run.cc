#include "engine/wavm/guest_run.h"

#include <WAVM/Platform/Diagnostics.h>
#include <WAVM/Platform/Signal.h>
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#include <cstdint>
#include <utility>

#include "base/check.h"
#include "engine/fault_chain.h"

// Of the unwinder's library, without a header.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void __register_frame(const void* frames);
extern "C" void __deregister_frame(const void* frames);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace weir::engine::wavm {

using WAVM::Platform::CallStack;
using WAVM::Platform::Signal;

struct GuestRun {
  GuestRun* outer;  // with none of the host's code in between
  // Where a guest has called the host, which then began this run; or null.
  const HostSection* within;
  // The frame that all of the guest's lie below.
  uintptr_t stack_top;
  bool (*takes)(void*, Signal, CallStack&&);
  void* argument;
  sigjmp_buf end;
};

namespace {

// What runs in this thread: a guest, or the host that a guest has called. A signal handler reads
// it.
thread_local constinit GuestRun* current_run [[gnu::tls_model("initial-exec")]] = nullptr;
thread_local constinit const HostSection* current_section [[gnu::tls_model("initial-exec")]] =
    nullptr;

// A function's frame, as code with frame pointers has it: that of WAVM, its guests and this
// adapter.
struct Frame {
  const Frame* caller;
  uintptr_t return_address;
};

// Adds the callers of what runs at `frame`, up to the call into the outermost guest; the host's
// code between guests, which need not have frame pointers, is passed by. `lowest` is the stack
// pointer: whatever a frame pointer says, only the guests' part of the stack is read.
void add_callers(CallStack& stack, const Frame* frame, uintptr_t lowest) {
  for (const GuestRun* run = current_run; run != nullptr;) {
    auto at = reinterpret_cast<uintptr_t>(frame);
    while (at >= lowest && at < run->stack_top && at % alignof(Frame) == 0 &&
           !stack.frames.isFull()) {
      // Inside the calling instruction, as WAVM looks it up.
      stack.frames.push_back(CallStack::Frame{frame->return_address - 1});
      lowest = at + sizeof(Frame);
      frame = frame->caller;
      at = reinterpret_cast<uintptr_t>(frame);
    }
    if (run->within == nullptr) return;
    frame = static_cast<const Frame*>(run->within->frame());
    lowest = reinterpret_cast<uintptr_t>(frame);
    run = run->within->run();
  }
}

// The innermost run that takes the signal, or null.
GuestRun* taken_by(Signal signal, const CallStack& stack) {
  GuestRun* run = current_run;
  while (run != nullptr && !run->takes(run->argument, signal, CallStack(stack))) run = run->outer;
  return run;
}

// Back to where the run began. The frames above are the guest's, and hold nothing that needs an
// end.
[[noreturn]] void end(GuestRun* run) { siglongjmp(run->end, 1); }

// A guest's accesses beyond its memory or table fault, in address space that WAVM has reserved for
// them: `takes` knows that by the address.
bool take_fault(int, siginfo_t* info, void* context) {
  if (current_run == nullptr) return false;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  CallStack stack;
  stack.frames.push_back(CallStack::Frame{static_cast<uintptr_t>(registers[REG_RIP])});
  add_callers(stack, reinterpret_cast<const Frame*>(registers[REG_RBP]),
              static_cast<uintptr_t>(registers[REG_RSP]));

  Signal signal;
  signal.type = Signal::Type::accessViolation;
  signal.accessViolation.address = reinterpret_cast<uintptr_t>(info->si_addr);
  GuestRun* run = taken_by(signal, stack);
  if (run == nullptr) return false;

  // As if the instruction were a call of end(). Not called from here: a handler has to return, so
  // that the thread gets its signal mask back, and the rights of its protection keys, by which V8
  // guards its code.
  constexpr greg_t kRedZoneBytes = 128;
  registers[REG_RIP] = reinterpret_cast<greg_t>(&end);
  registers[REG_RDI] = reinterpret_cast<greg_t>(run);
  registers[REG_RSP] = ((registers[REG_RSP] - kRedZoneBytes) & -16) - 8;
  return true;
}

}  // namespace

HostSection::HostSection(const void* frame)
    : run_(std::exchange(current_run, nullptr)),
      frame_(frame),
      outer_(std::exchange(current_section, this)) {}

HostSection::~HostSection() {
  current_section = outer_;
  current_run = run_;
}

void install_fault_handler() { chain_faults({SIGSEGV, SIGBUS}, &take_fault); }

}  // namespace weir::engine::wavm

namespace wavm = weir::engine::wavm;

// `top` is the stack as weir_wavm_stack_used_up() finds it: the function that lacks stack is to be
// returned to, then its caller, whose frame `caller` is.
extern "C" [[noreturn, gnu::used]] void weir_wavm_end_for_stack(const uintptr_t* top,
                                                                const wavm::Frame* caller) {
  using wavm::CallStack;
  using wavm::Signal;
  CallStack stack;
  for (const uintptr_t address : {top[0], top[1]}) {
    stack.frames.push_back(CallStack::Frame{address - 1});
  }
  wavm::add_callers(stack, caller, reinterpret_cast<uintptr_t>(top));
  Signal signal;
  signal.type = Signal::Type::stackOverflow;
  wavm::GuestRun* run = wavm::taken_by(signal, stack);
  WEIR_CHECK(run != nullptr);
  wavm::end(run);
}

// Guests' code calls it where it finds less stack left than a function needs, before the function
// has a frame; so the stack may be aligned in any way.
extern "C" [[gnu::naked]] void weir_wavm_stack_used_up() {
  asm("movq %rsp, %rdi\n\t"
      "movq %rbp, %rsi\n\t"
      "andq $-16, %rsp\n\t"
      "call weir_wavm_end_for_stack");
}

// The names are WAVM's. NOLINTBEGIN(readability-identifier-naming)
namespace WAVM::Platform {

bool catchSignals(void (*thunk)(void*), bool (*filter)(void*, Signal, CallStack&&),
                  void* argument) {
  wavm::GuestRun run{.outer = wavm::current_run,
                     .within = wavm::current_section,
                     .stack_top = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
                     .takes = filter,
                     .argument = argument,
                     .end = {}};
  if (run.outer != nullptr) run.stack_top = run.outer->stack_top;
  struct Leave {
    wavm::GuestRun* outer;
    ~Leave() { wavm::current_run = outer; }
  } const leave{run.outer};

  if (sigsetjmp(run.end, 0) != 0) return true;
  wavm::current_run = &run;
  thunk(argument);
  return false;
}

// All functions' that are being called; WAVM has its own left out.
CallStack captureCallStack(Uptr) {
  CallStack stack;
  const auto* frame = static_cast<const wavm::Frame*>(__builtin_frame_address(0));
  wavm::add_callers(stack, frame, reinterpret_cast<uintptr_t>(frame));
  return stack;
}

bool getInstructionSourceByAddress(Uptr, InstructionSource&) { return false; }

void registerEHFrames(const U8*, const U8* frames, Uptr) { __register_frame(frames); }
void deregisterEHFrames(const U8*, const U8* frames, Uptr) { __deregister_frame(frames); }

}  // namespace WAVM::Platform
// NOLINTEND(readability-identifier-naming)
