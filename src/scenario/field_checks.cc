#include "scenario/field_checks.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

#include "planes/common/field_rules.h"

namespace weir::scenario {
namespace {

using config::Place;

bool is_ip(int family, std::string_view text) {
  std::array<std::byte, sizeof(in6_addr)> ignored{};
  return text.find('\0') == text.npos &&
         ::inet_pton(family, std::string(text).c_str(), ignored.data()) == 1;
}

bool is_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc() && end == text.data() + text.size();
}

}  // namespace

Done Names::add(const std::string& name, const Place& at) {
  if (name.empty()) return at.error("has no name: every " + kind_ + " has one");
  if (seen_.insert(name).second) return Unit{};
  return at.field("name").error("there is another " + kind_ + " " + config::quote(name) + " here");
}

Done check_method(const std::string& method, const Place& at) {
  if (method.empty() || planes::is_valid_name(method)) return Unit{};
  return at.field("method").error(config::quote(method) + " is no method; write GET, say");
}

Done check_target(std::string_view target, std::string_view method, const Place& at) {
  const bool is_path = target.starts_with('/') || (target == "*" && method == "OPTIONS");
  if ((is_path || method == "CONNECT") && planes::is_valid_target(target)) return Unit{};
  return at.error(config::quote(target) +
                  " is no path: it begins with '/', and has neither blanks nor control characters");
}

Done check_address(const std::string& address, const Place& at) {
  const std::string_view text = address;
  const size_t colon = text.rfind(':');
  const bool has_port = colon != text.npos && is_port(text.substr(colon + 1));
  const std::string_view host = text.substr(0, colon);
  const bool fits = is_ip(AF_INET, text) || is_ip(AF_INET6, text) ||
                    (has_port && is_ip(AF_INET, host)) ||
                    (has_port && host.size() > 2 && host.front() == '[' && host.back() == ']' &&
                     is_ip(AF_INET6, host.substr(1, host.size() - 2)));
  if (fits) return Unit{};
  return at.error(config::quote(address) +
                  " is no address; write 192.0.2.1, 192.0.2.1:80, 2001:db8::1 or [2001:db8::1]:80");
}

Done check_grpc_status(int64_t status, int64_t least, const Place& at) {
  constexpr int64_t kUnauthenticated = 16;  // the last one
  if (status >= least && status <= kUnauthenticated) return Unit{};
  return at.error("is no status of gRPC, which is from " + std::to_string(least) + " to 16");
}

Done check_keys(const Texts& texts, const Texts& bytes, std::string_view name, const Place& at) {
  for (const auto& [key, value] : bytes) {
    if (!texts.contains(key)) continue;
    return at.field(std::string(name) + "_base64")
        .entry(key)
        .error("'" + std::string(name) + "' has that key too; keep one of both");
  }
  return Unit{};
}

}  // namespace weir::scenario
