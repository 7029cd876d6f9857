#pragma once
// Points in time as HTTP's headers say them.

#include <string_view>

#include "base/clock.h"

namespace weir::serve {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7), of a time since 1970. It stays as it
// is until the thread's next call. Thread: any; each formats once in a second of its calls.
std::string_view http_date(Nanoseconds wall);

}  // namespace weir::serve
