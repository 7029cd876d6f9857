#pragma once
// After which failures a request is sent once more, and when.

#include <cstdint>
#include <vector>

#include "abi/header_map.h"
#include "base/clock.h"
#include "config/routes.h"
#include "planes/serve/request_matcher.h"

namespace weir::serve {

// How a try ended that brought no response.
enum class TryFailure : uint8_t {
  Connect,      // there was no connection
  Unprocessed,  // the upstream says that it has not acted on the request
  Reset,        // anything else, the time-out of the try included
};

// Immutable. Thread: any.
class RetryPolicy {
 public:
  explicit RetryPolicy(const config::RetryPolicy& settings);

  // Whether requests are to be kept so that they can be sent again.
  bool is_empty() const { return settings_.conditions == 0 || settings_.retries == 0; }

  bool wants_retry(const abi::HeaderList& response) const;
  bool wants_retry(TryFailure failure) const;

  uint32_t retries() const { return settings_.retries; }
  Milliseconds per_try_timeout() const { return settings_.per_try_timeout; }

  // Before the retry of that number, from 1: any time up to a bound that doubles (full jitter, as
  // Envoy has it).
  Milliseconds pause(uint32_t retry, uint64_t random) const;

 private:
  bool has(uint32_t conditions) const { return (settings_.conditions & conditions) != 0; }
  bool wants_status(uint32_t status) const;
  bool wants_grpc_status(std::string_view status) const;

  config::RetryPolicy settings_;
  std::vector<HeaderMatcher> headers_;
};

}  // namespace weir::serve
