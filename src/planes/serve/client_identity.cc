#include "planes/serve/client_identity.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "planes/serve/client_cert.h"
#include "planes/serve/http_date.h"
#include "planes/serve/uuid.h"

namespace weir::serve {
namespace {

// All of Envoy's own headers begin so.
constexpr std::string_view kEnvoy = "x-envoy-";

// By these a proxy tells the next one what to do, or what it knows: no client does. Every client is
// a stranger here: Envoy's default, where no address is said to be internal.
constexpr std::string_view kForProxies[] = {"x-envoy-expected-rq-timeout-ms",
                                            "x-envoy-force-trace",
                                            "x-envoy-hedge-on-per-try-timeout",
                                            "x-envoy-internal",
                                            "x-envoy-ip-tags",
                                            "x-envoy-max-retries",
                                            "x-envoy-original-url",
                                            "x-envoy-retriable-header-names",
                                            "x-envoy-retriable-status-codes",
                                            "x-envoy-retry-grpc-on",
                                            "x-envoy-retry-on",
                                            "x-envoy-upstream-alt-stat-name",
                                            "x-envoy-upstream-rq-per-try-timeout-ms",
                                            "x-envoy-upstream-rq-timeout-alt-response",
                                            "x-envoy-upstream-rq-timeout-ms",
                                            "x-envoy-upstream-stream-duration-ms"};

// These come from a proxy before this one, where there is any.
constexpr std::string_view kOfProxiesBefore[] = {
    "x-envoy-decorator-operation",     "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node", "x-envoy-external-address",
    "x-envoy-original-host",           "x-envoy-original-path"};

constexpr std::string_view kForwardedFor = "x-forwarded-for";
constexpr std::string_view kForwardedProto = "x-forwarded-proto";
constexpr std::string_view kRequestId = "x-request-id";

// What there is no room for is left out: a message with so many headers goes on without it.
void set(HeaderList& headers, std::string_view name, std::string_view value) {
  static_cast<void>(headers.replace(name, value));
}

// All fields of one name are one list.
std::string list_of(const HeaderList& headers, std::string_view name, std::string_view comma) {
  std::string all;
  headers.for_each([&](std::string_view field, std::string_view value) {
    if (field != name) return;
    if (!all.empty()) all += comma;
    all += value;
  });
  return all;
}

void append(HeaderList& headers, std::string_view name, std::string_view value,
            std::string_view comma) {
  std::string list = list_of(headers, name, comma);
  if (!list.empty()) list += comma;
  set(headers, name, list.append(value));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// "192.0.2.1:80" and "[2001:db8::1]:80" without port and brackets.
std::string_view without_port(std::string_view address) {
  address = address.substr(0, address.rfind(':'));
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  return address;
}

// In canonical form, with the port that is not known.
std::optional<std::string> as_address(std::string_view text) {
  const std::string copy(text);
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, copy.c_str(), bytes.data()) != 1) continue;
    ::inet_ntop(family, bytes.data(), canonical.data(), canonical.size());
    const std::string address = canonical.data();
    return family == AF_INET ? address + ":0" : "[" + address + "]:0";
  }
  return std::nullopt;
}

// The address so many places before the last one.
std::optional<std::string> forwarded_address(const HeaderList& request, uint32_t hops) {
  const std::string all = list_of(request, kForwardedFor, ",");
  std::string_view rest = all;
  for (; hops > 0; --hops) {
    const size_t comma = rest.rfind(',');
    if (comma == std::string_view::npos) return std::nullopt;
    rest = rest.substr(0, comma);
  }
  const size_t comma = rest.rfind(',');
  return as_address(trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
}

// Most requests have none of them: one look at each name says so.
void remove_what_clients_may_not_say(HeaderList& request, bool at_edge) {
  std::vector<std::string_view> removed;
  request.for_each([&](std::string_view name, std::string_view) {
    if (!name.starts_with(kEnvoy)) return;
    const auto find_in = [&](const auto& names) {
      const auto* const found = std::ranges::find(names, name);
      if (found == std::end(names)) return;
      removed.push_back(*found);
    };
    find_in(kForProxies);
    if (at_edge) find_in(kOfProxiesBefore);
  });
  for (const std::string_view name : removed) request.remove(name);
}

std::string_view scheme_of(const ConnectionInfo& connection) {
  return connection.tls == nullptr ? "http" : "https";
}

}  // namespace

void set_forwarded_proto(const ConnectionInfo& connection, HeaderList& request) {
  if (!request.find(kForwardedProto)) set(request, kForwardedProto, scheme_of(connection));
}

std::string identify_client(const config::HttpIdentity& settings, const ConnectionInfo& connection,
                            HeaderList& request) {
  const uint32_t hops = settings.xff_num_trusted_hops;
  remove_what_clients_may_not_say(request, settings.use_remote_address);
  std::optional<std::string> client;
  if (settings.use_remote_address) {
    // Those who are trusted have appended those who came before them.
    if (hops > 0) client = forwarded_address(request, hops - 1);
    if (!settings.skip_xff_append) {
      append(request, kForwardedFor, without_port(connection.remote_address), ",");
    }
    if (hops == 0) set(request, kForwardedProto, scheme_of(connection));
  } else {
    client = forwarded_address(request, hops);
  }
  set_forwarded_proto(connection, request);
  if (settings.use_remote_address) {
    set(request, "x-envoy-external-address",
        without_port(client.value_or(connection.remote_address)));
  }
  forward_client_cert(settings, connection, request);
  if (settings.generate_request_id) {
    const bool keeps = !settings.use_remote_address || settings.preserve_external_request_id;
    const auto id = request.find(kRequestId);
    if (!keeps || !id || id->empty()) set(request, kRequestId, make_uuid());
  }
  if (!settings.via.empty()) append(request, "via", settings.via, ", ");
  return client.value_or("");
}

void imply_scheme(HeaderList& request) {
  const auto proto = request.find(kForwardedProto);
  if (proto != "http" && proto != "https") return;
  // A copy: what is set may not lie in the list.
  if (request.find(":scheme") != proto) set(request, ":scheme", std::string(*proto));
}

void introduce_proxy(const config::HttpIdentity& settings, const std::string& request_id,
                     const Clock& clock, HeaderList& response) {
  using enum config::HttpIdentity::ServerHeader;
  const bool sets = settings.server_header == Overwrite ||
                    (settings.server_header == AppendIfAbsent && !response.find("server"));
  if (sets) set(response, "server", settings.server_name);
  if (!settings.via.empty()) append(response, "via", settings.via, ", ");
  if (!request_id.empty()) set(response, kRequestId, request_id);
  // RFC 9110, section 6.6.1. One that has no room for it stays as it is.
  if (!response.find("date")) static_cast<void>(response.add("date", http_date(clock.wall())));
}

}  // namespace weir::serve
