#include "planes/ats/server_logger.h"

#include <string>

#include "planes/ats/server_api.h"
#include "planes/common/printable.h"

namespace weir::ats_plane {

LogLevel ServerLogger::level() const {
  return TSIsDebugTagSet(kDebugTag) != 0 ? LogLevel::Trace : LogLevel::Info;
}

void ServerLogger::write(LogLevel level, std::string_view line) {
  const std::string text = planes::printable(line);
  switch (level) {
    case LogLevel::Trace:
      return TSDebug(kDebugTag, "[weir] [trace] %s", text.c_str());
    case LogLevel::Debug:
      return TSDebug(kDebugTag, "[weir] [debug] %s", text.c_str());
    case LogLevel::Info:
      return TSNote("[weir] %s", text.c_str());
    case LogLevel::Warn:
      return TSWarning("[weir] %s", text.c_str());
    case LogLevel::Error:
      return TSError("[weir] %s", text.c_str());
    case LogLevel::Critical:
      // The server has two levels beyond this one, and ends itself at both.
      return TSError("[weir] [critical] %s", text.c_str());
  }
}

}  // namespace weir::ats_plane
