#include "engine/wasmedge/guest_faults.h"

#include <signal.h>
#include <ucontext.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

#include "engine/fault_chain.h"
#include "engine/wasmedge/amend_llvm.h"
#include "engine/wasmedge/redirect.h"

namespace weir::engine::wasmedge {
namespace {

using Handler = void (*)(int, siginfo_t*, void*);

// WasmEdge's, which ends the running guest by longjmp(). Known before the first compiled guest
// runs.
std::atomic<Handler> library_handler = nullptr;

// In place of sigaction() and signal(), for WasmEdge.
int keep_action(int, const struct sigaction* action, struct sigaction* before) {
  if (action != nullptr && (action->sa_flags & SA_SIGINFO) != 0) {
    library_handler = action->sa_sigaction;
  }
  if (before != nullptr) *before = {};
  return 0;
}
sighandler_t ignore_handler(int, sighandler_t) { return SIG_DFL; }

// Runs in the guest's place, not in a signal handler, which has to return: the thread then has its
// signal mask back, and the rights of its protection keys, by which V8 guards its code.
[[noreturn]] void end_guest(int number) {
  siginfo_t info{};
  info.si_signo = number;
  info.si_code = number == SIGFPE ? int{FPE_INTDIV} : int{SEGV_MAPERR};
  library_handler.load()(number, &info, nullptr);
  std::abort();  // it does not return
}

bool take_fault(int number, siginfo_t* info, void* context) {
  const bool sent = info->si_code <= 0;  // by kill() and the like
  if (!in_guest || sent || library_handler.load() == nullptr) return false;
  if (number == SIGFPE && info->si_code != FPE_INTDIV) return false;

  // As if the faulting instruction were a call of end_guest(number).
  constexpr greg_t kRedZoneBytes = 128;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const greg_t stack = ((registers[REG_RSP] - kRedZoneBytes) & -16) - 8;
  *reinterpret_cast<greg_t*>(stack) = registers[REG_RIP];
  registers[REG_RSP] = stack;
  registers[REG_RDI] = number;
  // The instruction that only the kernel may run has no address to fault on.
  stack_is_used_up = number == SIGSEGV && info->si_addr == nullptr &&
                     static_cast<uint64_t>(registers[REG_R10]) == kStackUsedUp;
  registers[REG_RIP] = reinterpret_cast<greg_t>(&end_guest);
  return true;
}

Done take_once(void* function) {
  const size_t redirected =
      redirect_calls(function, "sigaction", reinterpret_cast<void*>(&keep_action)) +
      redirect_calls(function, "signal", reinterpret_cast<void*>(&ignore_handler));
  if (redirected != 2) {
    return Error{ErrorCode::Unsupported,
                 "this build of WasmEdge cannot be kept from taking the process's signals, which "
                 "other engines need; use its interpreter, engine 'wasmedge'"};
  }
  chain_faults({SIGSEGV, SIGBUS, SIGFPE}, &take_fault);
  return Unit{};
}

}  // namespace

Done take_guest_faults(void* function) {
  // A process may have several sets of engines, and so make this adapter's several times.
  static const Done done = take_once(function);
  return done;
}

}  // namespace weir::engine::wasmedge
