#include "planes/envoy/logged_stream.h"

#include <vector>

#include "planes/common/field_rules.h"
#include "planes/common/grpc_status.h"
#include "planes/envoy/attributes.h"
#include "planes/envoy/filter_state.h"

namespace weir::envoy_plane {

using runtime::Attribute;
using runtime::PropertyValue;

namespace {

LoggedTimes times_of(EnvoyLogger* logger) {
  LoggedTimes times;
  envoy_dynamic_module_callback_access_logger_get_timing_info(logger, &times);
  return times;
}

LoggedBytes bytes_of(EnvoyLogger* logger) {
  LoggedBytes bytes;
  envoy_dynamic_module_callback_access_logger_get_bytes_info(logger, &bytes);
  return bytes;
}

PropertyValue number(uint64_t value) { return static_cast<int64_t>(value); }

// What Envoy does not know of a time it calls negative.
PropertyValue duration(int64_t nanoseconds) {
  if (nanoseconds < 0) return {};
  return runtime::Duration{nanoseconds};
}

}  // namespace

std::optional<std::string_view> LoggedHeaders::find(std::string_view name) const {
  EnvoyBuffer value;
  if (!envoy_dynamic_module_callback_access_logger_get_header_value(logger_, type_, name, &value, 0,
                                                                    nullptr)) {
    return std::nullopt;
  }
  return value.view();
}

void LoggedHeaders::for_each(
    FunctionRef<void(std::string_view name, std::string_view value)> visit) const {
  std::vector<EnvoyHeader> all(count());
  if (all.empty() ||
      !envoy_dynamic_module_callback_access_logger_get_headers(logger_, type_, all.data())) {
    return;
  }
  for (const EnvoyHeader& header : all) visit(header.name(), header.value());
}

const runtime::FilterState::Entry* LoggedFilterState::find(std::string_view name) const {
  double number = 0;
  if (!envoy_dynamic_module_callback_access_logger_get_dynamic_metadata_number(
          logger_, EnvoyFilterState::kMetadataName, EnvoyFilterState::kMetadataKey, &number)) {
    return nullptr;
  }
  const runtime::FilterState* values = EnvoyFilterState::find_numbered(number);
  return values == nullptr ? nullptr : values->find(name);
}

LoggedStream::LoggedStream(EnvoyLogger* logger)
    : logger_(logger),
      request_headers_(logger, HeaderType::Request),
      response_headers_(logger, HeaderType::Response),
      response_trailers_(logger, HeaderType::ResponseTrailer),
      filter_state_(logger) {}

abi::HeaderMap* LoggedStream::header_map(abi::MapType type) {
  const auto offer = [](LoggedHeaders& map) { return map.count() == 0 ? nullptr : &map; };
  switch (type) {
    case abi::MapType::RequestHeaders:
      return offer(request_headers_);
    case abi::MapType::ResponseHeaders:
      return offer(response_headers_);
    case abi::MapType::ResponseTrailers:
      return offer(response_trailers_);
    default:
      return nullptr;  // Envoy does not keep request trailers.
  }
}

PropertyValue LoggedStream::address(bool of_client) const {
  EnvoyBuffer address;
  uint32_t port = 0;
  const bool known =
      of_client ? envoy_dynamic_module_callback_access_logger_get_downstream_remote_address(
                      logger_, &address, &port)
                : envoy_dynamic_module_callback_access_logger_get_downstream_local_address(
                      logger_, &address, &port);
  if (!known) return {};
  return address_with_port(address.view(), port);
}

PropertyValue LoggedStream::grpc_status() const {
  auto status = response_trailers_.find("grpc-status");
  if (!status) status = response_headers_.find("grpc-status");
  if (status) {
    const auto code = planes::parse_length(*status);
    return code ? PropertyValue(static_cast<int64_t>(*code)) : PropertyValue();
  }
  uint64_t code = 0;
  if (!envoy_dynamic_module_callback_access_logger_get_attribute_int(
          logger_, AttributeId::ResponseCode, &code)) {
    return {};
  }
  return int64_t{planes::grpc_status_of(static_cast<uint32_t>(code))};
}

PropertyValue LoggedStream::attribute(Attribute attribute) const {
  switch (attribute) {
    case Attribute::RequestTime:
      return runtime::Timestamp{times_of(logger_).start};
    case Attribute::RequestDuration:
      return duration(times_of(logger_).request_complete);
    case Attribute::ResponseBackendLatency: {
      const LoggedTimes times = times_of(logger_);
      if (times.first_upstream_sent < 0 || times.last_upstream_received < 0) return {};
      return duration(times.last_upstream_received - times.first_upstream_sent);
    }
    case Attribute::UpstreamCxPoolReadyDuration:
      return duration(
          envoy_dynamic_module_callback_access_logger_get_upstream_pool_ready_duration_ns(logger_));
    case Attribute::RequestSize: {
      // What was announced counts, as for Envoy.
      const auto announced =
          planes::parse_length(request_headers_.find("content-length").value_or(""));
      return number(announced ? *announced : bytes_of(logger_).received);
    }
    case Attribute::RequestTotalSize:
      return number(bytes_of(logger_).received +
                    envoy_dynamic_module_callback_access_logger_get_request_headers_bytes(logger_));
    case Attribute::RequestHeadersBytes:
      return number(envoy_dynamic_module_callback_access_logger_get_request_headers_bytes(logger_));
    case Attribute::ResponseSize:
      return number(bytes_of(logger_).sent);
    case Attribute::ResponseTotalSize:
      return number(
          bytes_of(logger_).sent +
          envoy_dynamic_module_callback_access_logger_get_response_headers_bytes(logger_) +
          envoy_dynamic_module_callback_access_logger_get_response_trailers_bytes(logger_));
    case Attribute::ResponseHeadersBytes:
      return number(
          envoy_dynamic_module_callback_access_logger_get_response_headers_bytes(logger_));
    case Attribute::ResponseGrpcStatus:
      return grpc_status();
    case Attribute::SourceAddress:
      return address(true);
    case Attribute::DestinationAddress:
      return address(false);
    case Attribute::ClusterName: {
      EnvoyBuffer name;
      if (!envoy_dynamic_module_callback_access_logger_get_upstream_cluster(logger_, &name)) {
        return {};
      }
      return name.view();
    }
    default:
      return read_attribute<envoy_dynamic_module_callback_access_logger_get_attribute_string,
                            envoy_dynamic_module_callback_access_logger_get_attribute_int,
                            envoy_dynamic_module_callback_access_logger_get_attribute_bool>(
          logger_, attribute);
  }
}

PropertyValue LoggedStream::plane_property(std::span<const std::string_view> path) const {
  return read_dynamic_metadata<
      envoy_dynamic_module_callback_access_logger_get_dynamic_metadata,
      envoy_dynamic_module_callback_access_logger_get_dynamic_metadata_number,
      envoy_dynamic_module_callback_access_logger_get_dynamic_metadata_bool>(logger_, path);
}

}  // namespace weir::envoy_plane
