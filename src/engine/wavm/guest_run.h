#pragma once
// What a thread does while guests run on it: whose fault a fault is, and when the stack is used up.
// guest_run.cc is WAVM's platform layer for signals in place of its own, which takes every fault of
// the process for a guest's or else ends it, and turns the end of each thread's stack into a
// signal stack.

namespace weir::engine::wavm {

// A call into a guest, or a library call of the guest's that may fault on its memory. On the stack
// of the thread that runs it.
struct GuestRun;

// While it lives, the host's code runs inside a guest's call: a fault is the host's own. Only on
// the stack.
class HostSection {
 public:
  // `frame` is the function's that the guest has called: the guest's own frames are its callers.
  explicit HostSection(const void* frame);
  HostSection(const HostSection&) = delete;
  HostSection& operator=(const HostSection&) = delete;
  ~HostSection();

  const GuestRun* run() const { return run_; }
  const void* frame() const { return frame_; }

 private:
  GuestRun* run_;
  const void* frame_;
  const HostSection* outer_;
};

// Takes the faults of guests, once for the process.
void install_fault_handler();

}  // namespace weir::engine::wavm
