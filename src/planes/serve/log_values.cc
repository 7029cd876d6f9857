#include "planes/serve/log_values.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string_view>

#include "config/response_flags.h"
#include "planes/common/grpc_status.h"
#include "planes/serve/local_reply.h"
#include "planes/serve/uuid.h"

namespace weir::serve {
namespace {

using abi::MapType;
using config::LogCommand;
using config::LogOperator;
using runtime::Attribute;

LogValue text_or_nothing(std::string_view text) {
  if (text.empty()) return {};
  return std::string(text);
}

LogValue attribute(const LogRecord& record, Attribute name) {
  const runtime::PropertyValue value = record.attribute(name);
  if (const auto* view = std::get_if<std::string_view>(&value)) return text_or_nothing(*view);
  if (const auto* text = std::get_if<std::string>(&value)) return text_or_nothing(*text);
  if (const auto* number = std::get_if<int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<uint64_t>(&value)) return static_cast<int64_t>(*number);
  return {};
}

LogValue number_or_zero(const LogRecord& record, Attribute name) {
  LogValue value = attribute(record, name);
  return value.index() == 0 ? LogValue(int64_t{0}) : value;
}

// "192.0.2.1:80" without ":80", "[2001:db8::1]:80" without brackets too.
LogValue without_port(LogValue address) {
  auto* text = std::get_if<std::string>(&address);
  if (text == nullptr) return address;
  text->resize(std::min(text->size(), text->rfind(':')));
  if (text->size() > 1 && text->front() == '[' && text->back() == ']') {
    *text = text->substr(1, text->size() - 2);
  }
  return address;
}

LogValue header(LogRecord& record, MapType map, const LogCommand& command) {
  const abi::HeaderMap* headers = record.header_map(map);
  if (headers == nullptr) return {};
  auto value = headers->find(command.argument);
  if (!value && !command.other.empty()) value = headers->find(command.other);
  return value ? LogValue(std::string(*value)) : LogValue();
}

LogValue milliseconds(Nanoseconds from, Nanoseconds to) {
  if (from.count() == 0 || to.count() == 0) return {};
  return int64_t{std::chrono::duration_cast<Milliseconds>(to - from).count()};
}

LogValue flags(const LogRecord& record, std::string_view config::ResponseFlagName::*name) {
  const LogValue value = attribute(record, Attribute::ResponseFlags);
  const auto* bits = std::get_if<int64_t>(&value);
  uint64_t left = bits == nullptr ? 0 : static_cast<uint64_t>(*bits);
  std::string names;
  const auto take = [&](const config::ResponseFlagName& flag) {
    if ((left & flag.bit) == 0) return;
    left &= ~uint64_t{flag.bit};
    if (!names.empty()) names += ',';
    names += flag.*name;
  };
  // As Envoy: of a request it notes first that there is no other try, then what the last one met.
  constexpr auto kNoMoreTries = static_cast<uint32_t>(ResponseFlag::UpstreamRetryLimitExceeded);
  const bool is_request = record.request_headers() != nullptr;
  for (const config::ResponseFlagName& flag : config::response_flags()) {
    if (is_request && flag.bit == kNoMoreTries) take(flag);
  }
  for (const config::ResponseFlagName& flag : config::response_flags()) take(flag);
  // Envoy has a word for none.
  return names.empty() ? std::string("-") : names;
}

using CertificateOf = std::shared_ptr<const CertificateInfo> TlsInfo::*;

// All names of one kind, in Envoy's way.
LogValue names_of(const LogRecord& record, CertificateOf whose,
                  std::vector<std::string> CertificateInfo::*names) {
  const ConnectionInfo* const client = record.client();
  if (client == nullptr || client->tls == nullptr) return {};
  const CertificateInfo* const certificate = (client->tls.get()->*whose).get();
  if (certificate == nullptr) return {};
  std::string all;
  for (const std::string& name : certificate->*names) {
    if (!all.empty()) all += ',';
    all += name;
  }
  return text_or_nothing(all);
}

// Words are easier to part in a line without spaces (Envoy's rule).
LogValue details(const LogRecord& record, bool keep_spaces) {
  LogValue value = attribute(record, Attribute::ResponseCodeDetails);
  if (auto* text = std::get_if<std::string>(&value); text != nullptr && !keep_spaces) {
    std::ranges::replace(*text, ' ', '_');
  }
  return value;
}

LogValue filter_state(LogRecord& record, const LogCommand& command) {
  // Envoy has what plugins set under "wasm.".
  constexpr std::string_view kPrefix = "wasm.";
  std::string_view key = command.argument;
  const auto* entry = record.filter_state().find(key);
  if (entry == nullptr && key.starts_with(kPrefix)) {
    entry = record.filter_state().find(key.substr(kPrefix.size()));
  }
  return entry == nullptr ? LogValue() : LogValue(entry->value);
}

LogValue grpc(const LogRecord& record, std::string_view kind) {
  const LogValue value = attribute(record, Attribute::ResponseGrpcStatus);
  const auto* status = std::get_if<int64_t>(&value);
  if (status == nullptr) return {};
  if (kind == "NUMBER") return *status;
  return std::string(planes::grpc_status_name(*status, kind == "SNAKE_STRING"));
}

std::string hostname() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

LogValue environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? LogValue() : LogValue(std::string(value));
}

// Who has connected, whatever the PROXY protocol and the request say.
LogValue direct_address(const LogRecord& record) {
  const ConnectionInfo* const client = record.client();
  return client == nullptr ? LogValue() : text_or_nothing(client->direct_address);
}

LogValue port_of(const LogValue& address) {
  const auto* const text = std::get_if<std::string>(&address);
  if (text == nullptr) return {};
  const std::string_view digits = std::string_view(*text).substr(text->rfind(':') + 1);
  int64_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

LogValue path(LogRecord& record, const LogCommand& command) {
  const abi::HeaderMap* const headers = record.header_map(MapType::RequestHeaders);
  if (headers == nullptr) return {};
  std::optional<std::string_view> found;
  if (command.argument != "PATH") found = headers->find("x-envoy-original-path");
  if (!found && command.argument != "ORIG") found = headers->find(":path");
  if (!found) return {};
  return text_or_nothing(command.other == "NQ" ? found->substr(0, found->find('?')) : *found);
}

// As it stands in the path.
LogValue query_parameter(LogRecord& record, std::string_view name) {
  const abi::HeaderMap* const headers = record.header_map(MapType::RequestHeaders);
  const std::string_view path = headers == nullptr ? "" : headers->find(":path").value_or("");
  const size_t mark = path.find('?');
  if (mark == std::string_view::npos) return {};
  for (std::string_view rest = path.substr(mark + 1); !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    return equals == std::string_view::npos ? LogValue() : text_or_nothing(pair.substr(equals + 1));
  }
  return {};
}

LogValue start_time(const LogRecord& record, const std::string& format, TimeZone zone) {
  const auto start = record.attribute(Attribute::RequestTime);
  const auto* time = std::get_if<runtime::Timestamp>(&start);
  if (time == nullptr) return {};
  return format_time(time->nanoseconds, format, zone);
}

LogValue full_value(const LogCommand& command, LogRecord& record) {
  const LogTimes times = record.times();
  switch (command.op) {
    case LogOperator::AccessLogType:
      return std::string(record.type());
    case LogOperator::BytesReceived:
      return number_or_zero(record, Attribute::RequestSize);
    case LogOperator::BytesSent:
      return number_or_zero(record, Attribute::ResponseSize);
    case LogOperator::ConnectionId:
      return attribute(record, Attribute::ConnectionId);
    case LogOperator::ConnectionTerminationDetails:
      return attribute(record, Attribute::ConnectionTerminationDetails);
    case LogOperator::DownstreamDirectRemoteAddress:
      return direct_address(record);
    case LogOperator::DownstreamDirectRemoteAddressWithoutPort:
      return without_port(direct_address(record));
    case LogOperator::DownstreamDirectRemotePort:
      return port_of(direct_address(record));
    case LogOperator::DownstreamLocalAddress:
      return attribute(record, Attribute::DestinationAddress);
    case LogOperator::DownstreamLocalAddressWithoutPort:
      return without_port(attribute(record, Attribute::DestinationAddress));
    case LogOperator::DownstreamLocalDnsSan:
      return names_of(record, &TlsInfo::local, &CertificateInfo::dns_names);
    case LogOperator::DownstreamLocalPort:
      return attribute(record, Attribute::DestinationPort);
    case LogOperator::DownstreamLocalSubject:
      return attribute(record, Attribute::ConnectionSubjectLocalCertificate);
    case LogOperator::DownstreamLocalUriSan:
      return names_of(record, &TlsInfo::local, &CertificateInfo::uris);
    case LogOperator::DownstreamPeerDnsSan:
      return names_of(record, &TlsInfo::peer, &CertificateInfo::dns_names);
    case LogOperator::DownstreamPeerCert:
      return attribute(record, Attribute::ConnectionPeerCertificate);
    case LogOperator::DownstreamPeerFingerprint256:
      return attribute(record, Attribute::ConnectionSha256PeerCertificateDigest);
    case LogOperator::DownstreamPeerSubject:
      return attribute(record, Attribute::ConnectionSubjectPeerCertificate);
    case LogOperator::DownstreamPeerUriSan:
      return names_of(record, &TlsInfo::peer, &CertificateInfo::uris);
    case LogOperator::DownstreamRemoteAddress:
      return attribute(record, Attribute::SourceAddress);
    case LogOperator::DownstreamRemoteAddressWithoutPort:
      return without_port(attribute(record, Attribute::SourceAddress));
    case LogOperator::DownstreamRemotePort:
      return attribute(record, Attribute::SourcePort);
    case LogOperator::DownstreamTlsCipher: {
      const ConnectionInfo* const client = record.client();
      if (client == nullptr || client->tls == nullptr) return {};
      return text_or_nothing(client->tls->cipher);
    }
    case LogOperator::DownstreamTlsVersion:
      return attribute(record, Attribute::ConnectionTlsVersion);
    case LogOperator::Duration:
      return milliseconds(times.started, times.ended);
    case LogOperator::DynamicMetadata:
      return {};  // there is none here
    case LogOperator::EmitTime: {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      return format_time(Nanoseconds(now).count(), command.argument);
    }
    case LogOperator::Environment:
      return environment(command.argument);
    case LogOperator::FilterChainName:
      return attribute(record, Attribute::FilterChainName);
    case LogOperator::FilterState:
      return filter_state(record, command);
    case LogOperator::GrpcStatus:
      return grpc(record, command.other);
    case LogOperator::GrpcStatusNumber:
      return attribute(record, Attribute::ResponseGrpcStatus);
    case LogOperator::Hostname: {
      static const std::string kHostname = hostname();
      return text_or_nothing(kHostname);
    }
    case LogOperator::Path:
      return path(record, command);
    case LogOperator::Protocol:
      return attribute(record, Attribute::RequestProtocol);
    case LogOperator::QueryParam:
      return query_parameter(record, command.argument);
    case LogOperator::RequestDuration:
      return milliseconds(times.started, times.request_ended);
    case LogOperator::RequestHeader:
      return header(record, MapType::RequestHeaders, command);
    case LogOperator::RequestHeadersBytes:
      return attribute(record, Attribute::RequestHeadersBytes);
    case LogOperator::RequestedServerName:
      return attribute(record, Attribute::ConnectionRequestedServerName);
    case LogOperator::ResponseCode:
      return number_or_zero(record, Attribute::ResponseCode);
    case LogOperator::ResponseCodeDetails:
      return details(record, !command.other.empty());
    case LogOperator::ResponseDuration:
      return milliseconds(times.started, times.response_started);
    case LogOperator::ResponseFlags:
      return flags(record, &config::ResponseFlagName::name);
    case LogOperator::ResponseFlagsLong:
      return flags(record, &config::ResponseFlagName::long_name);
    case LogOperator::ResponseHeader:
      return header(record, MapType::ResponseHeaders, command);
    case LogOperator::ResponseHeadersBytes:
      return attribute(record, Attribute::ResponseHeadersBytes);
    case LogOperator::ResponseTrailersBytes: {
      const abi::HeaderMap* const trailers = record.header_map(MapType::ResponseTrailers);
      int64_t bytes = 0;
      if (trailers == nullptr) return bytes;
      trailers->for_each([&](std::string_view name, std::string_view value) {
        bytes += static_cast<int64_t>(name.size() + value.size());
      });
      return bytes;
    }
    case LogOperator::ResponseTxDuration:
      return milliseconds(times.response_started, times.ended);
    case LogOperator::RouteName:
      return attribute(record, Attribute::RouteName);
    case LogOperator::StartTime:
      return start_time(record, command.argument, TimeZone::Utc);
    case LogOperator::StartTimeLocal:
      return start_time(record, command.argument, TimeZone::Local);
    case LogOperator::StreamId: {
      const abi::HeaderMap* const headers = record.header_map(MapType::RequestHeaders);
      return headers == nullptr ? LogValue()
                                : text_or_nothing(headers->find("x-request-id").value_or(""));
    }
    case LogOperator::Trailer:
      return header(record, MapType::ResponseTrailers, command);
    case LogOperator::UniqueId:
      return make_uuid();
    case LogOperator::UpstreamCluster:
      return attribute(record, Attribute::ClusterName);
    case LogOperator::UpstreamHost:
      return attribute(record, Attribute::UpstreamAddress);
    case LogOperator::UpstreamLocalAddress:
      return attribute(record, Attribute::UpstreamLocalAddress);
    case LogOperator::UpstreamLocalAddressWithoutPort:
      return without_port(attribute(record, Attribute::UpstreamLocalAddress));
    case LogOperator::UpstreamLocalPort:
      return attribute(record, Attribute::UpstreamLocalPort);
    case LogOperator::UpstreamPeerSubject:
      return attribute(record, Attribute::UpstreamSubjectPeerCertificate);
    case LogOperator::UpstreamRemoteAddressWithoutPort:
      return without_port(attribute(record, Attribute::UpstreamAddress));
    case LogOperator::UpstreamRemotePort:
      return attribute(record, Attribute::UpstreamPort);
    case LogOperator::UpstreamRequestAttemptCount:
      return number_or_zero(record, Attribute::UpstreamRequestAttemptCount);
    case LogOperator::UpstreamTlsVersion:
      return attribute(record, Attribute::UpstreamTlsVersion);
    case LogOperator::UpstreamTransportFailureReason:
      return attribute(record, Attribute::UpstreamTransportFailureReason);
    case LogOperator::VirtualHostName:
      return attribute(record, Attribute::VirtualHostName);
    case LogOperator::WeirPlugin:
      return text_or_nothing(record.plugin());
  }
  return {};
}

// `digits` digits of the fraction of a second.
std::string fraction_of(int64_t nanoseconds, size_t digits) {
  std::string text = std::to_string(nanoseconds);
  text.insert(0, 9 - text.size(), '0');
  text.resize(digits);
  return text;
}

// As many digits as say all, and no zeros behind them.
std::string shortest_fraction(int64_t nanoseconds) {
  std::string text = fraction_of(nanoseconds, 9);
  text.resize(text.find_last_not_of('0') + 1);
  return text.empty() ? text : "." + text;
}

}  // namespace

LogValue log_value(const LogCommand& command, LogRecord& record) {
  LogValue value = full_value(command, record);
  if (auto* text = std::get_if<std::string>(&value); text != nullptr && command.max_length) {
    if (text->size() > *command.max_length) text->resize(*command.max_length);
  }
  return value;
}

std::string format_time(int64_t nanoseconds, const std::string& format, TimeZone zone) {
  constexpr int64_t kSecond = 1'000'000'000;
  const std::time_t seconds = nanoseconds / kSecond;
  const int64_t fraction = nanoseconds % kSecond;
  std::tm parts{};
  zone == TimeZone::Utc ? ::gmtime_r(&seconds, &parts) : ::localtime_r(&seconds, &parts);
  const auto standard = [&](const std::string& piece) {
    std::array<char, 128> out{};
    return std::string(out.data(), std::strftime(out.data(), out.size(), piece.c_str(), &parts));
  };

  std::string_view rest = format.empty() ? "%Y-%m-%dT%H:%M:%E3SZ" : std::string_view(format);
  std::string text;
  const auto is_digit = [](char c) { return c >= '1' && c <= '9'; };
  while (!rest.empty()) {
    if (rest.front() != '%' || rest.size() < 2) {
      text += rest.front();
      rest.remove_prefix(1);
    } else if (rest[1] == 's' || rest[1] == 'f') {
      text += rest[1] == 's' ? std::to_string(seconds) : fraction_of(fraction, 9);
      rest.remove_prefix(2);
    } else if (rest.size() > 2 && is_digit(rest[1]) && rest[2] == 'f') {
      text += fraction_of(fraction, static_cast<size_t>(rest[1] - '0'));
      rest.remove_prefix(3);
    } else if (rest.size() > 3 && rest[1] == 'E' && is_digit(rest[2]) && rest[3] == 'S') {
      text += standard("%S") + "." + fraction_of(fraction, static_cast<size_t>(rest[2] - '0'));
      rest.remove_prefix(4);
    } else if (rest.starts_with("%E*S")) {
      text += standard("%S") + shortest_fraction(fraction);
      rest.remove_prefix(4);
    } else if (rest[1] == 'Z' && zone == TimeZone::Utc) {
      text += "UTC";
      rest.remove_prefix(2);
    } else {
      text += standard(std::string(rest.substr(0, 2)));
      rest.remove_prefix(2);
    }
  }
  return text;
}

}  // namespace weir::serve
