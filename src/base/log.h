#pragma once
// Where log lines go. Each plane writes them where its users look.

#include <cstdint>
#include <string_view>

namespace weir {

// The values are those of the Proxy-Wasm ABI (proxy_log).
enum class LogLevel : uint32_t { Trace, Debug, Info, Warn, Error, Critical, Last = Critical };

class Logger {
 public:
  virtual ~Logger() = default;

  // Lines below it are not written: a caller may skip making them. Thread: any.
  virtual LogLevel level() const = 0;

  // Writes one line, whatever its level. `line` may hold any byte. Thread: any.
  virtual void write(LogLevel level, std::string_view line) = 0;

  void log(LogLevel level, std::string_view line) {
    if (level >= this->level()) write(level, line);
  }
};

}  // namespace weir
