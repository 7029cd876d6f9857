// Metrics (ABI 0.2.1, "Metrics").

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

Status define_metric(HostCall& call, MetricType type, GuestBytes name,
                     GuestOut<uint32_t> metric_id) {
  uint32_t id = 0;
  const Status status = call.vm().define_metric(type, name.view, id);
  if (status == Status::Ok) metric_id.set(call, id);
  return status;
}

Status increment_metric(HostCall& call, uint32_t metric_id, int64_t delta) {
  return call.vm().increment_metric(metric_id, delta);
}

Status record_metric(HostCall& call, uint32_t metric_id, uint64_t value) {
  return call.vm().record_metric(metric_id, value);
}

Status get_metric(HostCall& call, uint32_t metric_id, GuestOut<uint64_t> value) {
  uint64_t current = 0;
  const Status status = call.vm().get_metric(metric_id, current);
  if (status == Status::Ok) value.set(call, current);
  return status;
}

constexpr Hostcall kMetricHostcalls[] = {
    hostcall<define_metric>("proxy_define_metric"),
    hostcall<increment_metric>("proxy_increment_metric"),
    hostcall<record_metric>("proxy_record_metric"),
    hostcall<get_metric>("proxy_get_metric"),
};

}  // namespace

std::span<const Hostcall> metric_hostcalls() { return kMetricHostcalls; }

}  // namespace weir::abi
