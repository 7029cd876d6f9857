// Logging, time, contexts and timers (ABI 0.2.1, "Logging", "Clocks", "Timers", "Lifetime").

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

// A line is not longer than this, so that writing it cannot hold the worker up.
constexpr size_t kMaxLineBytes = 64 * 1024;

Status log(HostCall& call, LogLevel level, GuestBytes message) {
  Logger& logger = call.vm().logger();
  if (level < logger.level()) return Status::Ok;
  std::string line(call.has_context() ? call.context().log_prefix() : std::string_view());
  if (!line.empty()) line += ": ";
  line += message.view.substr(0, kMaxLineBytes);
  if (message.view.size() > kMaxLineBytes) {
    line += "... (" + std::to_string(message.view.size() - kMaxLineBytes) + " bytes more)";
  }
  logger.write(level, line);
  return Status::Ok;
}

Status get_log_level(HostCall& call, GuestOut<uint32_t> level) {
  level.set(call, static_cast<uint32_t>(call.vm().logger().level()));
  return Status::Ok;
}

Status get_current_time_nanoseconds(HostCall& call, GuestOut<uint64_t> time) {
  call.vm().note_chance();
  time.set(call, static_cast<uint64_t>(call.vm().clock().wall().count()));
  return Status::Ok;
}

Status set_tick_period_milliseconds(HostCall& call, uint32_t period) {
  return call.context().set_tick_period(Milliseconds(period));
}

Status set_effective_context(HostCall& call, ContextId id) {
  return call.switch_context(id) ? Status::Ok : Status::BadArgument;
}

Status done(HostCall& call) { return call.context().done(); }

// Built-in support for programs compiled by Emscripten.
void emscripten_notify_memory_growth(HostCall&, uint32_t) {}
uint32_t pthread_equal(HostCall&, uint32_t a, uint32_t b) { return a == b ? 1 : 0; }

constexpr Hostcall kLogAndTimeHostcalls[] = {
    hostcall<log>("proxy_log", Callable::Anytime),
    hostcall<get_log_level>("proxy_get_log_level", Callable::Anytime),
    hostcall<get_current_time_nanoseconds>("proxy_get_current_time_nanoseconds", Callable::Anytime),
    hostcall<set_tick_period_milliseconds>("proxy_set_tick_period_milliseconds"),
    hostcall<set_effective_context>("proxy_set_effective_context"),
    hostcall<done>("proxy_done"),
    hostcall<emscripten_notify_memory_growth>("emscripten_notify_memory_growth", Callable::Anytime),
    hostcall<pthread_equal>("pthread_equal", Callable::Anytime),
};

}  // namespace

std::span<const Hostcall> log_and_time_hostcalls() { return kLogAndTimeHostcalls; }

}  // namespace weir::abi
