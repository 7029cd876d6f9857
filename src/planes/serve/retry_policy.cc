#include "planes/serve/retry_policy.h"

#include <algorithm>

#include "planes/common/field_rules.h"

namespace weir::serve {

using Condition = config::RetryPolicy;

RetryPolicy::RetryPolicy(const config::RetryPolicy& settings)
    : settings_(settings), headers_(settings.headers.begin(), settings.headers.end()) {}

bool RetryPolicy::wants_retry(const abi::HeaderList& response) const {
  const int status = planes::status_of(response).value_or(0);
  if (wants_status(static_cast<uint32_t>(status))) return true;
  if (auto grpc = response.find("grpc-status"); grpc && wants_grpc_status(*grpc)) return true;
  return has(Condition::RetriableHeaders) && std::ranges::any_of(headers_, [&](const auto& header) {
           return header.matches(response);
         });
}

bool RetryPolicy::wants_status(uint32_t status) const {
  if (has(Condition::Status5xx) && status >= 500 && status < 600) return true;
  if (has(Condition::GatewayError) && status >= 502 && status <= 504) return true;
  if (has(Condition::Retriable4xx) && status == 409) return true;
  return has(Condition::RetriableStatusCodes) &&
         std::ranges::find(settings_.status_codes, status) != settings_.status_codes.end();
}

// By the numbers of gRPC's status codes.
bool RetryPolicy::wants_grpc_status(std::string_view status) const {
  if (status == "1") return has(Condition::GrpcCancelled);
  if (status == "4") return has(Condition::GrpcDeadlineExceeded);
  if (status == "8") return has(Condition::GrpcResourceExhausted);
  if (status == "13") return has(Condition::GrpcInternal);
  return status == "14" && has(Condition::GrpcUnavailable);
}

bool RetryPolicy::wants_retry(TryFailure failure) const {
  // Envoy's clients would see a 503 there.
  uint32_t conditions = Condition::Status5xx | Condition::GatewayError | Condition::Reset;
  if (failure != TryFailure::Reset) conditions |= Condition::ResetBeforeRequest;
  if (failure == TryFailure::Connect) conditions |= Condition::ConnectFailure;
  if (failure == TryFailure::Unprocessed) conditions |= Condition::RefusedStream;
  return has(conditions);
}

Milliseconds RetryPolicy::pause(uint32_t retry, uint64_t random) const {
  const auto longest = static_cast<uint64_t>(settings_.max_interval.count());
  const auto base = static_cast<uint64_t>(settings_.base_interval.count());
  const uint32_t doublings = std::min(retry - 1, 20u);
  const uint64_t bound = base > (longest >> doublings) ? longest : base << doublings;
  return Milliseconds(static_cast<int64_t>(random % (bound + 1)));
}

}  // namespace weir::serve
