#pragma once
// One stream as a line of an access log.

#include <string>

#include "config/log_format.h"
#include "planes/serve/log_record.h"

namespace weir::serve {

// Adds the line. In text, what has no value is "-", and a control character of a value is written
// as \xNN, so that nobody can forge a line; JSON is one object and a line end.
void append_log_line(const config::LogFormat& format, LogRecord& record, std::string& to);

}  // namespace weir::serve
