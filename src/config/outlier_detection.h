#pragma once
// When an endpoint that answers badly is left out for a while: Envoy's OutlierDetection, as plain
// values, checked.

#include <cstdint>

#include "base/clock.h"

namespace weir::config {

struct OutlierDetection {
  // So many results in a row eject an endpoint, in so many of a hundred cases.
  struct Consecutive {
    uint32_t count = 5;
    uint32_t enforcing = 100;

    friend bool operator==(const Consecutive&, const Consecutive&) = default;
  };
  Consecutive server_errors;
  Consecutive gateway_failures{.count = 5, .enforcing = 0};
  // Where they are told apart, what did not come from the endpoint (refused, timed out, broken off)
  // counts here and not as a server's error.
  bool split_local_origin = false;
  Consecutive local_failures;

  // How often ejections end, and rates are looked at.
  Milliseconds interval{10'000};
  Milliseconds base_ejection_time{30'000};
  Milliseconds max_ejection_time{300'000};
  Milliseconds max_jitter{0};
  uint32_t max_ejection_percent = 10;
  bool always_eject_one = false;

  // Endpoints with far fewer successes than the others are ejected.
  struct SuccessRate {
    uint32_t minimum_hosts = 5;
    uint32_t request_volume = 100;
    uint32_t stdev_factor = 1900;  // of a thousand
    uint32_t enforcing = 100;
    uint32_t enforcing_local = 100;

    friend bool operator==(const SuccessRate&, const SuccessRate&) = default;
  };
  SuccessRate success_rate;

  // Endpoints with so many failures of a hundred are ejected.
  struct FailurePercentage {
    uint32_t threshold = 85;
    uint32_t minimum_hosts = 5;
    uint32_t request_volume = 50;
    uint32_t enforcing = 0;
    uint32_t enforcing_local = 0;

    friend bool operator==(const FailurePercentage&, const FailurePercentage&) = default;
  };
  FailurePercentage failure_percentage;

  bool health_check_ends_ejection = true;

  friend bool operator==(const OutlierDetection&, const OutlierDetection&) = default;
};

}  // namespace weir::config
