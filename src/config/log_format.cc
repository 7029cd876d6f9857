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

using enum LogOperator;

// Two names of one thing are Envoy's.
constexpr Known kKnown[] = {
    {"ACCESS_LOG_TYPE", AccessLogType},
    {"BYTES_RECEIVED", BytesReceived},
    {"BYTES_SENT", BytesSent},
    {"CONNECTION_ID", ConnectionId},
    {"CONNECTION_TERMINATION_DETAILS", ConnectionTerminationDetails},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS", DownstreamDirectRemoteAddress},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", DownstreamDirectRemoteAddressWithoutPort},
    {"DOWNSTREAM_DIRECT_REMOTE_PORT", DownstreamDirectRemotePort},
    {"DOWNSTREAM_LOCAL_ADDRESS", DownstreamLocalAddress},
    {"DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", DownstreamLocalAddressWithoutPort},
    {"DOWNSTREAM_LOCAL_DNS_SAN", DownstreamLocalDnsSan},
    {"DOWNSTREAM_LOCAL_PORT", DownstreamLocalPort},
    {"DOWNSTREAM_LOCAL_SUBJECT", DownstreamLocalSubject},
    {"DOWNSTREAM_LOCAL_URI_SAN", DownstreamLocalUriSan},
    {"DOWNSTREAM_PEER_CERT", DownstreamPeerCert},
    {"DOWNSTREAM_PEER_DNS_SAN", DownstreamPeerDnsSan},
    {"DOWNSTREAM_PEER_FINGERPRINT_256", DownstreamPeerFingerprint256},
    {"DOWNSTREAM_PEER_SUBJECT", DownstreamPeerSubject},
    {"DOWNSTREAM_PEER_URI_SAN", DownstreamPeerUriSan},
    {"DOWNSTREAM_REMOTE_ADDRESS", DownstreamRemoteAddress},
    {"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", DownstreamRemoteAddressWithoutPort},
    {"DOWNSTREAM_REMOTE_PORT", DownstreamRemotePort},
    {"DOWNSTREAM_TLS_CIPHER", DownstreamTlsCipher},
    {"DOWNSTREAM_TLS_VERSION", DownstreamTlsVersion},
    {"DURATION", Duration},
    {"DYNAMIC_METADATA", DynamicMetadata, Takes::Key},
    {"EMIT_TIME", EmitTime, Takes::TimeFormat},
    {"ENVIRONMENT", Environment, Takes::Key},
    {"FILTER_CHAIN_NAME", FilterChainName},
    {"FILTER_STATE", FilterState, Takes::State},
    {"GRPC_STATUS", GrpcStatus, Takes::Status},
    {"GRPC_STATUS_NUMBER", GrpcStatusNumber},
    {"HOSTNAME", Hostname},
    {"PATH", Path, Takes::PathParts},
    {"PROTOCOL", Protocol},
    {"QUERY_PARAM", QueryParam, Takes::Key},
    {"REQ", RequestHeader, Takes::Header},
    {"REQUESTED_SERVER_NAME", RequestedServerName},
    {"REQUEST_DURATION", RequestDuration},
    {"REQUEST_HEADER", RequestHeader, Takes::Header},
    {"REQUEST_HEADERS_BYTES", RequestHeadersBytes},
    {"RESP", ResponseHeader, Takes::Header},
    {"RESPONSE_CODE", ResponseCode},
    {"RESPONSE_CODE_DETAILS", ResponseCodeDetails, Takes::Spaces},
    {"RESPONSE_DURATION", ResponseDuration},
    {"RESPONSE_FLAGS", ResponseFlags},
    {"RESPONSE_FLAGS_LONG", ResponseFlagsLong},
    {"RESPONSE_HEADER", ResponseHeader, Takes::Header},
    {"RESPONSE_HEADERS_BYTES", ResponseHeadersBytes},
    {"RESPONSE_TRAILER", Trailer, Takes::Header},
    {"RESPONSE_TRAILERS_BYTES", ResponseTrailersBytes},
    {"RESPONSE_TX_DURATION", ResponseTxDuration},
    {"ROUTE_NAME", RouteName},
    {"START_TIME", StartTime, Takes::TimeFormat},
    {"START_TIME_LOCAL", StartTimeLocal, Takes::TimeFormat},
    {"STREAM_ID", StreamId},
    {"TRAILER", Trailer, Takes::Header},
    {"UNIQUE_ID", UniqueId},
    {"UPSTREAM_CLUSTER", UpstreamCluster},
    {"UPSTREAM_CLUSTER_RAW", UpstreamCluster},
    {"UPSTREAM_HOST", UpstreamHost},
    {"UPSTREAM_LOCAL_ADDRESS", UpstreamLocalAddress},
    {"UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", UpstreamLocalAddressWithoutPort},
    {"UPSTREAM_LOCAL_PORT", UpstreamLocalPort},
    {"UPSTREAM_PEER_SUBJECT", UpstreamPeerSubject},
    {"UPSTREAM_REMOTE_ADDRESS", UpstreamHost},
    {"UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", UpstreamRemoteAddressWithoutPort},
    {"UPSTREAM_REMOTE_PORT", UpstreamRemotePort},
    {"UPSTREAM_REQUEST_ATTEMPT_COUNT", UpstreamRequestAttemptCount},
    {"UPSTREAM_TLS_VERSION", UpstreamTlsVersion},
    {"UPSTREAM_TRANSPORT_FAILURE_REASON", UpstreamTransportFailureReason},
    {"VIRTUAL_HOST_NAME", VirtualHostName},
    {"WEIR_PLUGIN", WeirPlugin},
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
