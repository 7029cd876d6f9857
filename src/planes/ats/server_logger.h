#pragma once
// Log lines in the server's diagnostic log, which begin with "[weir]".

#include "base/log.h"

namespace weir::ats_plane {

// Thread: any.
class ServerLogger final : public Logger {
 public:
  // The debug tag, proxy.config.diags.debug.tags, that lets trace and debug lines through.
  static constexpr const char* kDebugTag = "weir";

  LogLevel level() const override;

  // Control characters are written as \xNN, so that a plugin cannot forge lines.
  void write(LogLevel level, std::string_view line) override;
};

}  // namespace weir::ats_plane
