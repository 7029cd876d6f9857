#pragma once
// Log lines in Envoy's log, under its name "dynamic_modules".

#include "base/log.h"
#include "base/printable.h"
#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

// Thread: any.
class EnvoyLog final : public Logger {
 public:
  LogLevel level() const override {
    return static_cast<LogLevel>(envoy_dynamic_module_callback_get_log_level());
  }

  // Control characters are written as \xNN, so that a plugin cannot forge lines.
  void write(LogLevel level, std::string_view line) override {
    if (is_printable(line)) {
      envoy_dynamic_module_callback_log(static_cast<int32_t>(level), line);
    } else {
      envoy_dynamic_module_callback_log(static_cast<int32_t>(level), printable(line));
    }
  }
};

}  // namespace weir::envoy_plane
