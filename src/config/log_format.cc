#include "config/log_format.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/lower_case.h"
#include "base/suggestion.h"
#include "config/source_map.h"

namespace weir::config {
namespace {

// What may stand in an operator's parentheses.
enum class Takes : uint8_t {
  Nothing,
  Header,      // NAME or NAME?OTHER
  TimeFormat,  // anything; may be left out
  Key,         // anything
  State,       // KEY, KEY:PLAIN or KEY:TYPED
  Status,      // CAMEL_STRING, SNAKE_STRING or NUMBER; may be left out
  Spaces,      // ALLOW_WHITESPACES; may be left out
  PathParts,   // WQ or NQ, and ORIG, PATH or ORIG_OR_PATH behind a colon; may be left out
};

struct Known {
  std::string_view name;
  LogOperator op;
  Takes takes = Takes::Nothing;
};

using Op = LogOperator;

// Two names of one thing are Envoy's.
constexpr Known kKnown[] = {
    {"ACCESS_LOG_TYPE", Op::AccessLogType},
    {"BYTES_RECEIVED", Op::BytesReceived},
    {"BYTES_SENT", Op::BytesSent},
    {"CONNECTION_ID", Op::ConnectionId},
    {"CONNECTION_TERMINATION_DETAILS", Op::ConnectionTerminationDetails},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS", Op::DownstreamDirectRemoteAddress},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", Op::DownstreamDirectRemoteAddressWithoutPort},
    {"DOWNSTREAM_DIRECT_REMOTE_PORT", Op::DownstreamDirectRemotePort},
    {"DOWNSTREAM_LOCAL_ADDRESS", Op::DownstreamLocalAddress},
    {"DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Op::DownstreamLocalAddressWithoutPort},
    {"DOWNSTREAM_LOCAL_DNS_SAN", Op::DownstreamLocalDnsSan},
    {"DOWNSTREAM_LOCAL_PORT", Op::DownstreamLocalPort},
    {"DOWNSTREAM_LOCAL_SUBJECT", Op::DownstreamLocalSubject},
    {"DOWNSTREAM_LOCAL_URI_SAN", Op::DownstreamLocalUriSan},
    {"DOWNSTREAM_PEER_CERT", Op::DownstreamPeerCert},
    {"DOWNSTREAM_PEER_DNS_SAN", Op::DownstreamPeerDnsSan},
    {"DOWNSTREAM_PEER_FINGERPRINT_256", Op::DownstreamPeerFingerprint256},
    {"DOWNSTREAM_PEER_SUBJECT", Op::DownstreamPeerSubject},
    {"DOWNSTREAM_PEER_URI_SAN", Op::DownstreamPeerUriSan},
    {"DOWNSTREAM_REMOTE_ADDRESS", Op::DownstreamRemoteAddress},
    {"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Op::DownstreamRemoteAddressWithoutPort},
    {"DOWNSTREAM_REMOTE_PORT", Op::DownstreamRemotePort},
    {"DOWNSTREAM_TLS_CIPHER", Op::DownstreamTlsCipher},
    {"DOWNSTREAM_TLS_VERSION", Op::DownstreamTlsVersion},
    {"DURATION", Op::Duration},
    {"DYNAMIC_METADATA", Op::DynamicMetadata, Takes::Key},
    {"EMIT_TIME", Op::EmitTime, Takes::TimeFormat},
    {"ENVIRONMENT", Op::Environment, Takes::Key},
    {"FILTER_CHAIN_NAME", Op::FilterChainName},
    {"FILTER_STATE", Op::FilterState, Takes::State},
    {"GRPC_STATUS", Op::GrpcStatus, Takes::Status},
    {"GRPC_STATUS_NUMBER", Op::GrpcStatusNumber},
    {"HOSTNAME", Op::Hostname},
    {"PATH", Op::Path, Takes::PathParts},
    {"PROTOCOL", Op::Protocol},
    {"QUERY_PARAM", Op::QueryParam, Takes::Key},
    {"REQ", Op::RequestHeader, Takes::Header},
    {"REQUESTED_SERVER_NAME", Op::RequestedServerName},
    {"REQUEST_DURATION", Op::RequestDuration},
    {"REQUEST_HEADER", Op::RequestHeader, Takes::Header},
    {"REQUEST_HEADERS_BYTES", Op::RequestHeadersBytes},
    {"RESP", Op::ResponseHeader, Takes::Header},
    {"RESPONSE_CODE", Op::ResponseCode},
    {"RESPONSE_CODE_DETAILS", Op::ResponseCodeDetails, Takes::Spaces},
    {"RESPONSE_DURATION", Op::ResponseDuration},
    {"RESPONSE_FLAGS", Op::ResponseFlags},
    {"RESPONSE_FLAGS_LONG", Op::ResponseFlagsLong},
    {"RESPONSE_HEADER", Op::ResponseHeader, Takes::Header},
    {"RESPONSE_HEADERS_BYTES", Op::ResponseHeadersBytes},
    {"RESPONSE_TRAILER", Op::Trailer, Takes::Header},
    {"RESPONSE_TRAILERS_BYTES", Op::ResponseTrailersBytes},
    {"RESPONSE_TX_DURATION", Op::ResponseTxDuration},
    {"ROUTE_NAME", Op::RouteName},
    {"START_TIME", Op::StartTime, Takes::TimeFormat},
    {"START_TIME_LOCAL", Op::StartTimeLocal, Takes::TimeFormat},
    {"STREAM_ID", Op::StreamId},
    {"TRAILER", Op::Trailer, Takes::Header},
    {"UNIQUE_ID", Op::UniqueId},
    {"UPSTREAM_CLUSTER", Op::UpstreamCluster},
    {"UPSTREAM_CLUSTER_RAW", Op::UpstreamCluster},
    {"UPSTREAM_HOST", Op::UpstreamHost},
    {"UPSTREAM_LOCAL_ADDRESS", Op::UpstreamLocalAddress},
    {"UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Op::UpstreamLocalAddressWithoutPort},
    {"UPSTREAM_LOCAL_PORT", Op::UpstreamLocalPort},
    {"UPSTREAM_PEER_SUBJECT", Op::UpstreamPeerSubject},
    {"UPSTREAM_REMOTE_ADDRESS", Op::UpstreamHost},
    {"UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Op::UpstreamRemoteAddressWithoutPort},
    {"UPSTREAM_REMOTE_PORT", Op::UpstreamRemotePort},
    {"UPSTREAM_REQUEST_ATTEMPT_COUNT", Op::UpstreamRequestAttemptCount},
    {"UPSTREAM_TLS_VERSION", Op::UpstreamTlsVersion},
    {"UPSTREAM_TRANSPORT_FAILURE_REASON", Op::UpstreamTransportFailureReason},
    {"VIRTUAL_HOST_NAME", Op::VirtualHostName},
    {"WEIR_PLUGIN", Op::WeirPlugin},
};

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

Error wrong(std::string_view name, const std::string& what) {
  return Error{ErrorCode::BadConfig, "%" + std::string(name) + "%: " + what};
}

// Reads one operator; `text_` begins behind its '%'.
class OperatorReader {
 public:
  explicit OperatorReader(std::string_view text) : text_(text) {}

  Result<LogCommand> read() {
    const size_t end =
        static_cast<size_t>(std::ranges::find_if_not(text_, is_name_character) - text_.begin());
    name_ = take(end);
    WEIR_TRY(const Known known, find());
    LogCommand command{.op = known.op};
    if (!text_.empty() && text_.front() == '(') {
      WEIR_TRY(const std::string_view argument, take_argument());
      WEIR_TRY(set_argument(known, argument, command));
    } else if (known.takes == Takes::Header || known.takes == Takes::Key ||
               known.takes == Takes::State) {
      return wrong(name_, "says nothing in parentheses, as %" + std::string(name_) + "(NAME)%");
    }
    if (!text_.empty() && text_.front() == ':') {
      WEIR_TRY(command.max_length, take_length(known));
    }
    if (text_.empty() || text_.front() != '%') return wrong(name_, "is not ended by '%'");
    text_.remove_prefix(1);
    return command;
  }

  // What follows the operator.
  std::string_view rest() const { return text_; }

 private:
  std::string_view take(size_t n) {
    const std::string_view taken = text_.substr(0, n);
    text_.remove_prefix(n);
    return taken;
  }

  Result<Known> find() const {
    const auto found = std::ranges::find(kKnown, name_, &Known::name);
    if (found != std::end(kKnown)) return *found;
    if (name_.empty()) {
      return Error{ErrorCode::BadConfig, "a '%' begins no operator; write '%%' for itself"};
    }
    std::vector<std::string> names;
    for (const Known& known : kKnown) names.emplace_back(known.name);
    return Error{ErrorCode::BadConfig, "there is no operator " +
                                           quote("%" + std::string(name_) + "%") + "; " +
                                           suggest(std::string(name_), names)};
  }

  Result<std::string_view> take_argument() {
    // A time's format has '%' inside, and may have parentheses in none of its parts.
    const size_t end = text_.find(')');
    if (end == std::string_view::npos) return wrong(name_, "its '(' is not closed");
    const std::string_view argument = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return argument;
  }

  Done set_argument(const Known& known, std::string_view argument, LogCommand& into) const {
    switch (known.takes) {
      case Takes::Nothing:
        return wrong(name_, "takes nothing in parentheses");
      case Takes::Header:
        return set_header(argument, into);
      case Takes::TimeFormat:
        into.argument = argument;
        return Unit{};
      case Takes::Key:
        if (argument.empty()) return wrong(name_, "names nothing");
        into.argument = argument;
        return Unit{};
      case Takes::State:
        return set_state(argument, into);
      case Takes::Status:
        return set_choice(argument, {"CAMEL_STRING", "SNAKE_STRING", "NUMBER"}, into);
      case Takes::Spaces:
        return set_choice(argument, {"ALLOW_WHITESPACES"}, into);
      case Takes::PathParts:
        return set_path_parts(argument, into);
    }
    return Unit{};
  }

  Done set_header(std::string_view argument, LogCommand& into) const {
    const size_t mark = argument.find('?');
    into.argument = lower_case(argument.substr(0, mark));
    if (mark != std::string_view::npos) into.other = lower_case(argument.substr(mark + 1));
    if (into.argument.empty()) return wrong(name_, "names no header");
    if (into.other.find('?') != std::string::npos) {
      return wrong(name_, "names more than two headers");
    }
    return Unit{};
  }

  Done set_state(std::string_view argument, LogCommand& into) const {
    const size_t colon = argument.find(':');
    into.argument = argument.substr(0, colon);
    if (into.argument.empty()) return wrong(name_, "names nothing");
    if (colon == std::string_view::npos) return Unit{};
    return set_choice(argument.substr(colon + 1), {"PLAIN", "TYPED"}, into);
  }

  // Which path, and whether with its query.
  Done set_path_parts(std::string_view argument, LogCommand& into) const {
    const size_t colon = argument.find(':');
    if (colon != std::string_view::npos) {
      WEIR_TRY(set_choice(argument.substr(colon + 1), {"ORIG", "PATH", "ORIG_OR_PATH"}, into));
      into.argument = std::exchange(into.other, {});
    }
    const std::string_view query = argument.substr(0, colon);
    return query.empty() ? Done(Unit{}) : set_choice(query, {"WQ", "NQ"}, into);
  }

  Done set_choice(std::string_view argument, std::initializer_list<std::string_view> choices,
                  LogCommand& into) const {
    if (std::ranges::find(choices, argument) == choices.end()) {
      std::string all;
      for (const auto choice : choices) all += (all.empty() ? "" : ", ") + std::string(choice);
      return wrong(name_, "has " + quote(argument) + "; expected " + all);
    }
    into.other = argument;
    return Unit{};
  }

  Result<std::optional<size_t>> take_length(const Known& known) {
    const bool may_be_long =
        known.takes == Takes::Header || known.takes == Takes::Key || known.takes == Takes::State;
    if (!may_be_long) return wrong(name_, "takes no length");
    size_t length = 0;
    const char* begin = text_.data() + 1;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), length);
    if (error != std::errc()) return wrong(name_, "a number has to follow ':'");
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    return std::optional(length);
  }

  std::string_view text_;
  std::string_view name_;
};

}  // namespace

Result<LogText> parse_log_text(std::string_view text) {
  LogText pieces;
  std::string plain;
  while (!text.empty()) {
    if (text.front() != '%') {
      plain += text.front();
      text.remove_prefix(1);
    } else if (text.starts_with("%%")) {
      plain += '%';
      text.remove_prefix(2);
    } else {
      OperatorReader reader(text.substr(1));
      WEIR_TRY(LogCommand command, reader.read());
      if (!plain.empty()) pieces.emplace_back(std::exchange(plain, {}));
      pieces.emplace_back(std::move(command));
      text = reader.rest();
    }
  }
  if (!plain.empty()) pieces.emplace_back(std::move(plain));
  return pieces;
}

LogFormat default_log_format() {
  constexpr std::string_view kDefault =
      "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" "
      "%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
      "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
      "\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"\n";
  return {.line = parse_log_text(kDefault).value()};
}

}  // namespace weir::config
