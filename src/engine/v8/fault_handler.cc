#include "engine/v8/fault_handler.h"

#include <signal.h>

#include "base/check.h"

// Exported by V8; its header is not among those of libnode-dev.
namespace v8 {
// NOLINTNEXTLINE(readability-identifier-naming): V8's
bool TryHandleWebAssemblyTrapPosix(int number, siginfo_t* info, void* context);
}  // namespace v8

namespace weir::engine::v8_adapter {
namespace {

struct sigaction previous;

// As the kernel would have done without us.
void pass_on(int number, siginfo_t* info, void* context) {
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(number, info, context);
    return;
  }
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
    return;
  }
  const bool sent = info->si_code <= 0;  // by kill() and the like
  if (sent && previous.sa_handler == SIG_IGN) return;
  // The faulting instruction runs again, and the default action ends the process there.
  signal(number, SIG_DFL);
  if (sent) raise(number);
}

// V8 knows its guests' code by address, and whether this thread is in it.
void on_fault(int number, siginfo_t* info, void* context) {
  if (!v8::TryHandleWebAssemblyTrapPosix(number, info, context)) pass_on(number, info, context);
}

}  // namespace

void install_fault_handler() {
  // Known before ours can be called.
  WEIR_CHECK(sigaction(SIGSEGV, nullptr, &previous) == 0);
  struct sigaction action {};
  action.sa_sigaction = &on_fault;
  // What is blocked meanwhile is as the previous handler wants it.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | (previous.sa_flags & SA_NODEFER);
  action.sa_mask = previous.sa_mask;
  WEIR_CHECK(sigaction(SIGSEGV, &action, nullptr) == 0);
}

}  // namespace weir::engine::v8_adapter
