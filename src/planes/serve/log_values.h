#pragma once
// What the operators of access logs tell of a stream.

#include <cstdint>
#include <string>
#include <variant>

#include "config/log_format.h"
#include "planes/serve/log_record.h"

namespace weir::serve {

// Nothing where the stream has no such thing.
using LogValue = std::variant<std::monostate, std::string, int64_t>;

LogValue log_value(const config::LogCommand& command, LogRecord& record);

enum class TimeZone : bool { Utc, Local };

// Nanoseconds since 1970 as strftime() writes them, with Envoy's additions: %s whole
// seconds, %f nanoseconds, %3f milliseconds (1 to 9 digits), %E3S seconds with a fraction. Empty is
// "%Y-%m-%dT%H:%M:%E3SZ".
std::string format_time(int64_t nanoseconds, const std::string& format,
                        TimeZone zone = TimeZone::Utc);

}  // namespace weir::serve
