#pragma once
// Lines for the proxy's log, and what to do when nothing can be done.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy_wasm_externs.h"

namespace weir_sdk {

// Ends this instance of the plugin, as a trap does. The host starts a fresh one.
[[noreturn]] void give_up();

// Ends the line that the program has printed a part of, so that it is in the log. Native plugins
// print to the process's own standard output, which is left alone.
void flush_output();

}  // namespace weir_sdk

inline WasmResult logTrace(std::string_view text) {
  return proxy_log(LogLevel::trace, text.data(), text.size());
}
inline WasmResult logDebug(std::string_view text) {
  return proxy_log(LogLevel::debug, text.data(), text.size());
}
inline WasmResult logInfo(std::string_view text) {
  return proxy_log(LogLevel::info, text.data(), text.size());
}
inline WasmResult logWarn(std::string_view text) {
  return proxy_log(LogLevel::warn, text.data(), text.size());
}
inline WasmResult logError(std::string_view text) {
  return proxy_log(LogLevel::error, text.data(), text.size());
}
inline WasmResult logCritical(std::string_view text) {
  return proxy_log(LogLevel::critical, text.data(), text.size());
}

// Logs, and ends this instance.
[[noreturn]] inline void logAbort(std::string_view text) {
  weir_sdk::flush_output();
  logCritical(text);
  weir_sdk::give_up();
}

// With the place in the source in front: LOG_INFO("seen " + name).
#define LOG(level, ...)                                                                            \
  log##level(std::string("[") + __FILE__ + ":" + std::to_string(__LINE__) + "]::" + __FUNCTION__ + \
             "() " + __VA_ARGS__)
#define LOG_TRACE(...) LOG(Trace, __VA_ARGS__)
#define LOG_DEBUG(...) LOG(Debug, __VA_ARGS__)
#define LOG_INFO(...) LOG(Info, __VA_ARGS__)
#define LOG_WARN(...) LOG(Warn, __VA_ARGS__)
#define LOG_ERROR(...) LOG(Error, __VA_ARGS__)
#define LOG_CRITICAL(...) LOG(Critical, __VA_ARGS__)

// For hostcalls that have no reason to fail: ends the instance when one does.
#define CHECK_RESULT(call)                                   \
  do {                                                       \
    if ((call) != WasmResult::Ok) logAbort(#call " failed"); \
  } while (0)

inline uint64_t getCurrentTimeNanoseconds() {
  uint64_t now = 0;
  CHECK_RESULT(proxy_get_current_time_nanoseconds(&now));
  return now;
}
