#pragma once
// The format of an access log, taken apart: texts and operators.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace weir::config {

// What an operator tells of a stream: "%NAME%", "%NAME(ARGUMENT)%", "%NAME(ARGUMENT):LENGTH%".
enum class LogOperator : uint8_t {
  AccessLogType,
  BytesReceived,
  BytesSent,
  ConnectionId,
  ConnectionTerminationDetails,
  DownstreamDirectRemoteAddress,
  DownstreamDirectRemoteAddressWithoutPort,
  DownstreamDirectRemotePort,
  DownstreamLocalAddress,
  DownstreamLocalAddressWithoutPort,
  DownstreamLocalDnsSan,
  DownstreamLocalPort,
  DownstreamLocalSubject,
  DownstreamLocalUriSan,
  DownstreamPeerCert,
  DownstreamPeerDnsSan,
  DownstreamPeerFingerprint256,
  DownstreamPeerSubject,
  DownstreamPeerUriSan,
  DownstreamRemoteAddress,
  DownstreamRemoteAddressWithoutPort,
  DownstreamRemotePort,
  DownstreamTlsCipher,
  DownstreamTlsVersion,
  Duration,
  DynamicMetadata,
  EmitTime,
  Environment,
  FilterChainName,
  FilterState,
  GrpcStatus,
  GrpcStatusNumber,
  Hostname,
  Path,
  Protocol,
  QueryParam,
  RequestDuration,
  RequestHeader,
  RequestHeadersBytes,
  RequestedServerName,
  ResponseCode,
  ResponseCodeDetails,
  ResponseDuration,
  ResponseFlags,
  ResponseFlagsLong,
  ResponseHeader,
  ResponseHeadersBytes,
  ResponseTrailersBytes,
  ResponseTxDuration,
  RouteName,
  StartTime,
  StartTimeLocal,
  StreamId,
  Trailer,
  UniqueId,
  UpstreamCluster,
  UpstreamHost,
  UpstreamLocalAddress,
  UpstreamLocalAddressWithoutPort,
  UpstreamLocalPort,
  UpstreamPeerSubject,
  UpstreamRemoteAddressWithoutPort,
  UpstreamRemotePort,
  UpstreamRequestAttemptCount,
  UpstreamTlsVersion,
  UpstreamTransportFailureReason,
  VirtualHostName,
  WeirPlugin,  // Weir's own: the plugin that answered or failed
};

struct LogCommand {
  LogOperator op;
  // A header's name in lower case, a time's format, a key.
  std::string argument;
  std::string other;  // the header to take where the first is absent; the kind of a value; "NQ"
  std::optional<size_t> max_length;

  friend bool operator==(const LogCommand&, const LogCommand&) = default;
};

using LogPiece = std::variant<std::string, LogCommand>;
using LogText = std::vector<LogPiece>;

// JSON with LogTexts in the place of strings.
struct LogJson {
  // A value without operators: its own text.
  struct Literal {
    std::string json;
  };
  struct Object {
    std::vector<LogJson> members;  // by key
  };
  struct List {
    std::vector<LogJson> items;
  };

  std::variant<Literal, LogText, Object, List> value;
  std::string key;  // of a member
};

struct LogFormat {
  std::variant<LogText, LogJson> line;  // JSON gets its line end by itself
  bool omit_empty = false;              // what has no value is nothing, and not "-" or null
  bool texts_only = false;              // JSON has texts where numbers would be
};

// The error is one line, without a place: what is wrong with which operator.
Result<LogText> parse_log_text(std::string_view text);

// Envoy's.
LogFormat default_log_format();

}  // namespace weir::config
