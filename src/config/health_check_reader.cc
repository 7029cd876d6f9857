#include "config/health_check_reader.h"

#include "config/durations.h"

namespace weir::config {
namespace {

namespace core_v3 = envoy::config::core::v3;

constexpr std::string_view kHexDigits = "0123456789abcdef";

Result<std::string> read_payload(const core_v3::HealthCheck::Payload& message, const Place& at) {
  if (message.has_binary()) return message.binary();
  std::string bytes;
  const std::string& text = message.text();
  const auto digit = [](char c) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    return kHexDigits.find(lower);
  };
  bool valid = !text.empty() && text.size() % 2 == 0;
  for (size_t i = 0; valid && i < text.size(); i += 2) {
    const size_t high = digit(text[i]);
    const size_t low = digit(text[i + 1]);
    valid = high != std::string::npos && low != std::string::npos;
    if (valid) bytes += static_cast<char>(high << 4 | low);
  }
  if (valid) return bytes;
  return at.field("text").error("expected bytes in hexadecimal, as 50494e47; got " + quote(text));
}

Result<TcpHealthCheck> read_tcp(const core_v3::HealthCheck::TcpHealthCheck& message,
                                const Place& at) {
  TcpHealthCheck check;
  if (message.has_send()) {
    WEIR_TRY(check.send, read_payload(message.send(), at.field("send")));
  }
  for (int i = 0; i < message.receive_size(); ++i) {
    WEIR_TRY(auto piece,
             read_payload(message.receive(i), at.field("receive").item(static_cast<size_t>(i))));
    check.receive.push_back(std::move(piece));
  }
  return check;
}

Result<HttpHealthCheck> read_http(const core_v3::HealthCheck::HttpHealthCheck& message,
                                  const Place& at) {
  HttpHealthCheck check{.host = message.host(), .path = message.path()};
  if (!check.path.starts_with('/')) return at.field("path").error("does not begin with '/'");
  if (message.method() == core_v3::HEAD) check.method = "HEAD";
  if (message.method() == core_v3::OPTIONS) check.method = "OPTIONS";
  for (int i = 0; i < message.expected_statuses_size(); ++i) {
    const auto& range = message.expected_statuses(i);
    if (range.start() < 100 || range.end() > 600 || range.start() >= range.end()) {
      return at.field("expected_statuses")
          .item(static_cast<size_t>(i))
          .error("expected statuses from 100 to 599; 'end' is not within the range");
    }
    check.expected.emplace_back(static_cast<uint32_t>(range.start()),
                                static_cast<uint32_t>(range.end()));
  }
  if (check.expected.empty()) check.expected.emplace_back(200, 201);
  return check;
}

Result<HealthCheck> read_check(const core_v3::HealthCheck& message, const Place& at) {
  HealthCheck check;
  check.timeout = to_milliseconds(message.timeout());
  check.interval = to_milliseconds(message.interval());
  check.unhealthy_interval = message.has_unhealthy_interval()
                                 ? to_milliseconds(message.unhealthy_interval())
                                 : check.interval;
  check.unhealthy_threshold = message.unhealthy_threshold().value();
  check.healthy_threshold = message.healthy_threshold().value();
  if (message.has_http_health_check()) {
    WEIR_TRY(check.how, read_http(message.http_health_check(), at.field("http_health_check")));
  } else {
    WEIR_TRY(check.how, read_tcp(message.tcp_health_check(), at.field("tcp_health_check")));
  }
  return check;
}

}  // namespace

Result<std::vector<HealthCheck>> read_health_checks(
    const google::protobuf::RepeatedPtrField<core_v3::HealthCheck>& messages, const Place& at) {
  std::vector<HealthCheck> checks;
  for (int i = 0; i < messages.size(); ++i) {
    WEIR_TRY(auto check, read_check(messages[i], at.item(static_cast<size_t>(i))));
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace weir::config
