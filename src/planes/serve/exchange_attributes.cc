#include "planes/serve/exchange_attributes.h"

#include <charconv>

#include "planes/serve/connection_attributes.h"
#include "planes/serve/filter_chain.h"

namespace weir::serve {
namespace {

using runtime::Attribute;
using runtime::PropertyValue;

PropertyValue number(uint64_t value) { return static_cast<int64_t>(value); }

// Envoy's CEL attributes give the decimal in a header as an integer.
PropertyValue decimal(std::optional<std::string_view> text) {
  int64_t value = 0;
  if (!text) return {};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return {};
  return value;
}

// Between two moments, once both have come.
PropertyValue span_between(Nanoseconds from, Nanoseconds to) {
  if (from.count() == 0 || to.count() == 0) return {};
  return runtime::Duration{(to - from).count()};
}

PropertyValue grpc_status(const FilterChain& chain) {
  const Lane& response = chain.response();
  if (auto status = response.trailer_list().find("grpc-status")) return decimal(status);
  return decimal(response.header_list().find("grpc-status"));
}

// Before the request leaves the last plugin: what the route would be now, as a plugin sees it on
// Envoy.
PropertyValue route_attribute(const FilterChain& chain, Attribute attribute) {
  const Router& router = chain.router();
  RouteChoice choice = router.choice();
  if (choice.route == nullptr) choice = router.choose(chain.request().header_list());
  if (choice.route == nullptr) return {};
  if (attribute == Attribute::VirtualHostName)
    return std::string_view(choice.route->virtual_host());
  if (attribute == Attribute::RouteName) return std::string_view(choice.route->name());
  if (choice.cluster == nullptr) return {};
  return std::string_view(choice.cluster->name);
}

}  // namespace

std::string_view protocol_name(HttpVersion version) {
  switch (version) {
    case HttpVersion::Http10:
      return "HTTP/1.0";
    case HttpVersion::Http11:
      return "HTTP/1.1";
    case HttpVersion::Http2:
      return "HTTP/2";
  }
  return "";
}

PropertyValue exchange_attribute(const FilterChain& chain, Attribute attribute) {
  const FilterChain::Facts& facts = chain.facts();
  const Lane& request = chain.request();
  const Lane& response = chain.response();
  switch (attribute) {
    case Attribute::SourceAddress:
    case Attribute::SourcePort:
      if (chain.client_address().empty()) break;
      if (attribute == Attribute::SourcePort) return number(0);  // is not said
      return std::string_view(chain.client_address());
    case Attribute::RequestTime:
      return runtime::Timestamp{facts.started_wall.count()};
    case Attribute::RequestDuration:
      return span_between(facts.started, facts.ended);
    case Attribute::RequestProtocol:
      return protocol_name(chain.version());
    case Attribute::RequestSize:
      return number(request.body_bytes_in());
    case Attribute::RequestTotalSize:
      return number(facts.request_headers_bytes + request.body_bytes_in() +
                    request.trailer_list().byte_size());
    case Attribute::RequestHeadersBytes:
      return number(facts.request_headers_bytes);
    case Attribute::ResponseCode:
      if (facts.refused != 0) return number(facts.refused);
      return decimal(response.header_list().find(":status"));
    case Attribute::ResponseCodeDetails:
      if (!response.has_headers() && facts.flags == 0) return {};
      return std::string_view(facts.details);
    case Attribute::ResponseFlags:
      return number(facts.flags |
                    (chain.router().has_exhausted_retries()
                         ? static_cast<uint32_t>(ResponseFlag::UpstreamRetryLimitExceeded)
                         : 0));
    case Attribute::ResponseGrpcStatus:
      return grpc_status(chain);
    case Attribute::ResponseSize:
      return number(response.body_bytes_out());
    case Attribute::ResponseTotalSize:
      return number(response.header_list().byte_size() + response.body_bytes_out() +
                    response.trailer_list().byte_size());
    case Attribute::ResponseHeadersBytes:
      return number(response.header_list().byte_size());
    case Attribute::ResponseBackendLatency:
      return span_between(facts.upstream_started, facts.upstream_ended);
    case Attribute::UpstreamTransportFailureReason:
      if (chain.router().transport_failure().empty()) return {};
      return std::string_view(chain.router().transport_failure());
    case Attribute::UpstreamRequestAttemptCount:
      return number(chain.router().tries());
    case Attribute::ClusterName:
    case Attribute::VirtualHostName:
    case Attribute::RouteName:
      return route_attribute(chain, attribute);
    case Attribute::FilterChainName:
      return chain.filter_chain_name();
    case Attribute::ListenerDirection:
      return number(0);
    default:
      break;
  }
  PropertyValue value = connection_attribute(chain.connection(), attribute);
  if (value.index() != 0 || chain.router().upstream() == nullptr) return value;
  return upstream_attribute(*chain.router().upstream(), attribute);
}

}  // namespace weir::serve
