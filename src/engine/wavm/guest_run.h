#pragma once
// What a thread does while guests run on it: whose fault a fault is, and when the stack is used up.
// guest_run.cc is WAVM's platform layer for signals in place of its own, which takes every fault of
// the process for a guest's or else ends it, and turns the end of each thread's stack into a
// signal stack.

#include <cstdint>

namespace weir::engine::wavm {

// A call into a guest, or a library call of the guest's that may fault on its memory. On the stack
// of the thread that runs it.
struct GuestRun;

extern thread_local constinit GuestRun* current_run [[gnu::tls_model("initial-exec")]];

// While it lives, the host's code runs inside a guest's call: a fault is the host's own.
class HostSection {
 public:
  HostSection() : run_(current_run) { current_run = nullptr; }
  HostSection(const HostSection&) = delete;
  HostSection& operator=(const HostSection&) = delete;
  ~HostSection() { current_run = run_; }

 private:
  GuestRun* run_;
};

// While it lives, guests of this thread have `bytes` of stack, from here on. Inside another one it
// changes nothing: calls nested in each other share one bound.
class StackBound {
 public:
  explicit StackBound(uint64_t bytes);
  StackBound(const StackBound&) = delete;
  StackBound& operator=(const StackBound&) = delete;
  ~StackBound();

 private:
  uint64_t outer_;
};

// Takes the faults of guests, once for the process.
void install_fault_handler();

}  // namespace weir::engine::wavm
