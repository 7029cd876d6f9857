#include "config/outlier_detection_reader.h"

#include <google/protobuf/wrappers.pb.h>

#include <algorithm>

#include "config/durations.h"

namespace weir::config {
namespace {

namespace v3 = envoy::config::cluster::v3;
using google::protobuf::Duration;
using google::protobuf::UInt32Value;

void read(const UInt32Value& given, bool present, uint32_t& into) {
  if (present) into = given.value();
}

void read(const Duration& given, bool present, Milliseconds& into) {
  if (present) into = to_milliseconds(given);
}

Done check_percentages(const v3::OutlierDetection& message, const Place& at) {
  struct Field {
    const char* name;
    uint32_t value;
  };
  const Field fields[] = {
      {"max_ejection_percent", message.max_ejection_percent().value()},
      {"enforcing_consecutive_5xx", message.enforcing_consecutive_5xx().value()},
      {"enforcing_success_rate", message.enforcing_success_rate().value()},
      {"enforcing_consecutive_gateway_failure",
       message.enforcing_consecutive_gateway_failure().value()},
      {"enforcing_consecutive_local_origin_failure",
       message.enforcing_consecutive_local_origin_failure().value()},
      {"enforcing_local_origin_success_rate",
       message.enforcing_local_origin_success_rate().value()},
      {"failure_percentage_threshold", message.failure_percentage_threshold().value()},
      {"enforcing_failure_percentage", message.enforcing_failure_percentage().value()},
      {"enforcing_failure_percentage_local_origin",
       message.enforcing_failure_percentage_local_origin().value()},
  };
  for (const Field& field : fields) {
    if (field.value > 100) return at.field(field.name).error("expected a number from 0 to 100");
  }
  return Unit{};
}

}  // namespace

Result<OutlierDetection> read_outlier_detection(const v3::OutlierDetection& message,
                                                const Place& at) {
  WEIR_TRY(check_percentages(message, at));
  OutlierDetection out;
  const auto& m = message;
  read(m.consecutive_5xx(), m.has_consecutive_5xx(), out.server_errors.count);
  read(m.enforcing_consecutive_5xx(), m.has_enforcing_consecutive_5xx(),
       out.server_errors.enforcing);
  read(m.consecutive_gateway_failure(), m.has_consecutive_gateway_failure(),
       out.gateway_failures.count);
  read(m.enforcing_consecutive_gateway_failure(), m.has_enforcing_consecutive_gateway_failure(),
       out.gateway_failures.enforcing);
  out.split_local_origin = m.split_external_local_origin_errors();
  read(m.consecutive_local_origin_failure(), m.has_consecutive_local_origin_failure(),
       out.local_failures.count);
  read(m.enforcing_consecutive_local_origin_failure(),
       m.has_enforcing_consecutive_local_origin_failure(), out.local_failures.enforcing);

  read(m.interval(), m.has_interval(), out.interval);
  read(m.base_ejection_time(), m.has_base_ejection_time(), out.base_ejection_time);
  out.max_ejection_time = std::max(out.max_ejection_time, out.base_ejection_time);
  read(m.max_ejection_time(), m.has_max_ejection_time(), out.max_ejection_time);
  read(m.max_ejection_time_jitter(), m.has_max_ejection_time_jitter(), out.max_jitter);
  read(m.max_ejection_percent(), m.has_max_ejection_percent(), out.max_ejection_percent);
  out.always_eject_one = m.always_eject_one_host().value();

  auto& success = out.success_rate;
  read(m.success_rate_minimum_hosts(), m.has_success_rate_minimum_hosts(), success.minimum_hosts);
  read(m.success_rate_request_volume(), m.has_success_rate_request_volume(),
       success.request_volume);
  read(m.success_rate_stdev_factor(), m.has_success_rate_stdev_factor(), success.stdev_factor);
  read(m.enforcing_success_rate(), m.has_enforcing_success_rate(), success.enforcing);
  read(m.enforcing_local_origin_success_rate(), m.has_enforcing_local_origin_success_rate(),
       success.enforcing_local);

  auto& failure = out.failure_percentage;
  read(m.failure_percentage_threshold(), m.has_failure_percentage_threshold(), failure.threshold);
  read(m.failure_percentage_minimum_hosts(), m.has_failure_percentage_minimum_hosts(),
       failure.minimum_hosts);
  read(m.failure_percentage_request_volume(), m.has_failure_percentage_request_volume(),
       failure.request_volume);
  read(m.enforcing_failure_percentage(), m.has_enforcing_failure_percentage(), failure.enforcing);
  read(m.enforcing_failure_percentage_local_origin(),
       m.has_enforcing_failure_percentage_local_origin(), failure.enforcing_local);

  if (m.has_successful_active_health_check_uneject_host()) {
    out.health_check_ends_ejection = m.successful_active_health_check_uneject_host().value();
  }
  if (out.max_ejection_time < out.base_ejection_time) {
    return at.field("max_ejection_time").error("is shorter than base_ejection_time");
  }
  return out;
}

}  // namespace weir::config
