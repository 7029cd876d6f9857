#include "engine/fault_chain.h"

#include <array>

#include "base/check.h"

namespace weir::engine {
namespace {

TakeFault take_fault = nullptr;
std::array<struct sigaction, NSIG> previous;

// As the kernel would have done without us.
void pass_on(int number, siginfo_t* info, void* context) {
  const struct sigaction& action = previous[static_cast<size_t>(number)];
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(number, info, context);
    return;
  }
  if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
    action.sa_handler(number);
    return;
  }
  const bool sent = info->si_code <= 0;  // by kill() and the like
  if (sent && action.sa_handler == SIG_IGN) return;
  // The faulting instruction runs again, and the default action ends the process there.
  signal(number, SIG_DFL);
  if (sent) raise(number);
}

void on_fault(int number, siginfo_t* info, void* context) {
  if (!take_fault(number, info, context)) pass_on(number, info, context);
}

}  // namespace

void chain_faults(std::initializer_list<int> signals, TakeFault take) {
  WEIR_CHECK(take_fault == nullptr);
  take_fault = take;
  for (int number : signals) {
    struct sigaction& before = previous[static_cast<size_t>(number)];
    // Known before ours can be called.
    WEIR_CHECK(sigaction(number, nullptr, &before) == 0);
    struct sigaction action {};
    action.sa_sigaction = &on_fault;
    // What is blocked meanwhile is as the previous handler wants it.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | (before.sa_flags & SA_NODEFER);
    action.sa_mask = before.sa_mask;
    WEIR_CHECK(sigaction(number, &action, nullptr) == 0);
  }
}

}  // namespace weir::engine
