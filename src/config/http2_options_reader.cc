#include "config/http2_options_reader.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/wrappers.pb.h>

#include <string>
#include <variant>

#include "base/check.h"
#include "config/durations.h"

namespace weir::config {
namespace {

namespace protocol_v3 = envoy::config::core::v3;
namespace pb = google::protobuf;

// A field that holds a number where it is there.
struct NumberField {
  const char* field;
  uint64_t least;
  uint64_t most;
  std::variant<uint32_t Http2Options::*, uint64_t Http2Options::*> into;
};

constexpr uint64_t kMaxWindow = 0x7fff'ffff;  // RFC 9113, section 6.9.1
constexpr uint64_t kUsualWindow = 65'535;     // a window is never told to be smaller by Envoy
constexpr uint64_t kMaxTable = 1 << 20;
constexpr uint64_t kMaxMetadata = 16 << 20;
constexpr uint32_t kMaxHeaders = 65'536;

constexpr NumberField kNumberFields[] = {
    {"hpack_table_size", 0, kMaxTable, &Http2Options::hpack_table_bytes},
    {"max_concurrent_streams", 1, kMaxWindow, &Http2Options::max_concurrent_streams},
    {"initial_stream_window_size", kUsualWindow, kMaxWindow, &Http2Options::stream_window_bytes},
    {"initial_connection_window_size", kUsualWindow, kMaxWindow,
     &Http2Options::connection_window_bytes},
    {"max_outbound_frames", 1, UINT32_MAX, &Http2Options::max_outbound_frames},
    {"max_outbound_control_frames", 1, UINT32_MAX, &Http2Options::max_outbound_control_frames},
    {"max_consecutive_inbound_frames_with_empty_payload", 0, UINT32_MAX,
     &Http2Options::max_consecutive_empty_frames},
    {"max_inbound_priority_frames_per_stream", 0, UINT32_MAX,
     &Http2Options::max_priority_frames_per_stream},
    {"max_inbound_window_update_frames_per_data_frame_sent", 1, UINT32_MAX,
     &Http2Options::max_window_updates_per_data_frame},
    {"max_metadata_size", 1, kMaxMetadata, &Http2Options::max_metadata_bytes},
    {"stream_reset_burst", 1, UINT64_MAX, &Http2Options::stream_reset_burst},
    {"stream_reset_rate", 1, UINT64_MAX, &Http2Options::stream_reset_rate},
};

uint64_t value_of(const pb::Message& wrapped) {
  if (const auto* narrow = pb::DynamicCastToGenerated<pb::UInt32Value>(&wrapped)) {
    return narrow->value();
  }
  const auto* wide = pb::DynamicCastToGenerated<pb::UInt64Value>(&wrapped);
  WEIR_CHECK(wide != nullptr);
  return wide->value();
}

Done read_number(const protocol_v3::Http2ProtocolOptions& message, const NumberField& number,
                 const Place& at, Http2Options& into) {
  const pb::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(number.field);
  WEIR_CHECK(field != nullptr);
  const pb::Reflection& reflection = *message.GetReflection();
  if (!reflection.HasField(message, field)) return Unit{};
  const uint64_t value = value_of(reflection.GetMessage(message, field));
  if (value < number.least || value > number.most) {
    const std::string least = std::to_string(number.least);
    return at.field(number.field)
        .error(number.most == UINT64_MAX
                   ? "has to be " + least + " or more"
                   : "expected a number from " + least + " to " + std::to_string(number.most));
  }
  std::visit([&]<typename T>(T Http2Options::*member) { into.*member = static_cast<T>(value); },
             number.into);
  return Unit{};
}

Done read_keepalive(const protocol_v3::KeepaliveSettings& message, const Place& at,
                    Http2Options& into) {
  into.keepalive_interval = to_milliseconds(message.interval());
  into.keepalive_timeout = to_milliseconds(message.timeout());
  if (!message.has_interval_jitter()) return Unit{};
  into.keepalive_jitter = message.interval_jitter().value();
  if (into.keepalive_jitter >= 0 && into.keepalive_jitter <= 100) return Unit{};
  return at.field("interval_jitter").field("value").error("expected a number from 0 to 100");
}

}  // namespace

Result<Http2Options> read_http2_options(const protocol_v3::Http2ProtocolOptions& message,
                                        const Place& at) {
  Http2Options options;
  for (const NumberField& number : kNumberFields)
    WEIR_TRY(read_number(message, number, at, options));
  options.allow_connect = message.allow_connect();
  options.allow_metadata = message.allow_metadata();
  // stream_error_on_invalid_http_messaging says no more than what is the default here.
  if (message.has_override_stream_error_on_invalid_http_message()) {
    options.stream_error_on_invalid_message =
        message.override_stream_error_on_invalid_http_message().value();
  }
  if (message.has_connection_keepalive()) {
    WEIR_TRY(
        read_keepalive(message.connection_keepalive(), at.field("connection_keepalive"), options));
  }
  return options;
}

Result<ConnectionLimits> read_connection_limits(const protocol_v3::HttpProtocolOptions& message,
                                                const Place& at) {
  ConnectionLimits limits{.max_requests = message.max_requests_per_connection().value(),
                          .max_duration = to_milliseconds(message.max_connection_duration()),
                          .max_stream_duration = to_milliseconds(message.max_stream_duration())};
  if (message.has_idle_timeout()) limits.idle_timeout = to_milliseconds(message.idle_timeout());
  if (message.has_max_headers_count()) {
    const Place here = at.field("max_headers_count");
    const uint32_t count = message.max_headers_count().value();
    if (count == 0 || count > kMaxHeaders) {
      return here.error("expected a number from 1 to " + std::to_string(kMaxHeaders));
    }
    limits.max_headers = count;
  }
  return limits;
}

}  // namespace weir::config
