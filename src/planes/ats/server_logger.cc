#include "planes/ats/server_logger.h"

#include <string>

#include "base/printable.h"
#include "planes/ats/server_api.h"

namespace weir::ats_plane {

namespace {

#if TS_VERSION_MAJOR < 10
bool is_debugged() { return TSIsDebugTagSet(ServerLogger::kDebugTag) != 0; }
void debug(const char* level, const std::string& text) {
  TSDebug(ServerLogger::kDebugTag, "[weir] [%s] %s", level, text.c_str());
}
#else
DbgCtl& debug_control() {
  static DbgCtl control(ServerLogger::kDebugTag);
  return control;
}
bool is_debugged() { return debug_control().on(); }
void debug(const char* level, const std::string& text) {
  Dbg(debug_control(), "[weir] [%s] %s", level, text.c_str());
}
#endif

}  // namespace

LogLevel ServerLogger::level() const { return is_debugged() ? LogLevel::Trace : LogLevel::Info; }

void ServerLogger::write(LogLevel level, std::string_view line) {
  const std::string text = printable(line);
  switch (level) {
    case LogLevel::Trace:
      return debug("trace", text);
    case LogLevel::Debug:
      return debug("debug", text);
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
