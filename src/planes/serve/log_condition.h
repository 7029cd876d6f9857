#pragma once
// Whether a stream is written into an access log.

#include <memory>
#include <vector>

#include "config/access_log.h"
#include "planes/serve/log_record.h"
#include "planes/serve/request_matcher.h"

namespace weir::serve {

// Compiled from the configuration. Immutable. Thread: any.
class LogCondition final {
 public:
  explicit LogCondition(const config::LogFilter& filter);

  bool met_by(LogRecord& record) const;

 private:
  struct Question;

  config::LogFilter filter_;
  std::vector<LogCondition> parts_;              // of one that has several
  std::shared_ptr<const HeaderMatcher> header_;  // of one that asks for a header
};

}  // namespace weir::serve
