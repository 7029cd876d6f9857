// What plugins may ask of an HttpStream: Envoy's attributes, and those that Envoy tells modules in
// another way or not at all.

#include <optional>
#include <string>

#include "planes/common/field_rules.h"
#include "planes/common/grpc_status.h"
#include "planes/envoy/attributes.h"
#include "planes/envoy/http_stream.h"
#include "planes/envoy/optional_callback.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {

using runtime::Attribute;
using runtime::PropertyValue;

namespace {

// Names and values together, as Envoy counts them.
int64_t bytes_of(const abi::HeaderMap& map) {
  size_t bytes = 0;
  map.for_each(
      [&](std::string_view name, std::string_view value) { bytes += name.size() + value.size(); });
  return static_cast<int64_t>(bytes);
}

PropertyValue int_of(std::string_view text) {
  const auto number = planes::parse_length(text);
  return number ? PropertyValue(static_cast<int64_t>(*number)) : PropertyValue();
}

// Null: this Envoy does not tell.
GetStreamTimes* find_times() {
  static GetStreamTimes* const function = find_callback<GetStreamTimes>(kGetStreamTimes);
  return function;
}

// Known where Envoy tells the times at all.
std::optional<StreamTimes> times_of(EnvoyHttpFilter* filter) {
  GetStreamTimes* const get = find_times();
  if (get == nullptr) return std::nullopt;
  StreamTimes times;
  get(filter, &times);
  return times;
}

PropertyValue backend_latency(EnvoyHttpFilter* filter) {
  const auto times = times_of(filter);
  if (!times || !times->knows_first_upstream_sent || !times->knows_last_upstream_received) {
    return {};
  }
  return runtime::Duration{times->last_upstream_received - times->first_upstream_sent};
}

}  // namespace

bool HttpStream::needs_clock() { return find_times() == nullptr; }

PropertyValue HttpStream::attribute(Attribute attribute) const {
  if (filter_ == nullptr) return {};
  PropertyValue value = computed(attribute);
  if (!std::holds_alternative<std::monostate>(value)) return value;
  return envoy_attribute(filter_, attribute);
}

PropertyValue HttpStream::plane_property(std::span<const std::string_view> path) const {
  return filter_ == nullptr ? PropertyValue() : envoy_property(filter_, path);
}

PropertyValue HttpStream::computed(Attribute attribute) const {
  switch (attribute) {
    case Attribute::RequestTime: {
      const auto times = times_of(filter_);
      return runtime::Timestamp{times ? times->start : began_.count()};
    }
    case Attribute::RequestDuration:
      if (const auto times = times_of(filter_)) {
        if (!times->knows_request_complete) return {};
        return runtime::Duration{times->request_complete};
      }
      if (!completed_) return {};
      return runtime::Duration{(worker_.now() - began_).count()};
    case Attribute::RequestSize: {
      // What was announced counts, as for Envoy.
      PropertyValue announced = int_of(request_headers_.find("content-length").value_or(""));
      if (!std::holds_alternative<std::monostate>(announced)) return announced;
      return static_cast<int64_t>(request_.bytes);
    }
    case Attribute::RequestTotalSize:
      return static_cast<int64_t>(request_.bytes) + bytes_of(request_headers_) +
             (request_.has_trailers ? bytes_of(request_trailers_) : 0);
    case Attribute::RequestHeadersBytes:
      return bytes_of(request_headers_);
    case Attribute::ResponseSize:
      return static_cast<int64_t>(response_.bytes);
    case Attribute::ResponseTotalSize:
      return static_cast<int64_t>(response_.bytes) + bytes_of(response_headers_) +
             (response_.has_trailers ? bytes_of(response_trailers_) : 0);
    case Attribute::ResponseHeadersBytes:
      return bytes_of(response_headers_);  // none before the response
    case Attribute::ResponseBackendLatency:
      return backend_latency(filter_);
    case Attribute::ResponseGrpcStatus: {
      auto status = response_.has_trailers ? response_trailers_.find("grpc-status") : std::nullopt;
      if (!status && has_response_) status = response_headers_.find("grpc-status");
      if (status) return int_of(*status);
      const PropertyValue code = envoy_attribute(filter_, Attribute::ResponseCode);
      const auto* number = std::get_if<int64_t>(&code);
      if (number == nullptr) return {};
      return int64_t{planes::grpc_status_of(static_cast<uint32_t>(*number))};
    }
    default:
      return {};
  }
}

}  // namespace weir::envoy_plane
