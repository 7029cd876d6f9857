#include "config/listener_reader.h"

#include <algorithm>
#include <iterator>

#include "config/access_log_reader.h"
#include "config/cluster_reader.h"
#include "config/filter_chain_reader.h"
#include "config/unpack.h"
#include "weir/envoy/proxy_protocol.pb.h"
#include "weir/envoy/tls_inspector.pb.h"

namespace weir::config {
namespace {

namespace listener_v3 = envoy::config::listener::v3;
using envoy::extensions::filters::listener::proxy_protocol::v3::ProxyProtocol;
using envoy::extensions::filters::listener::tls_inspector::v3::TlsInspector;

Done read_chains(const listener_v3::Listener& message, const std::set<std::string>& clusters,
                 const Environment& environment, const Place& at, Listener& into) {
  const Place list = at.field("filter_chains");
  std::set<std::string> names;
  for (int i = 0; i < message.filter_chains_size(); ++i) {
    const Place here = list.item(static_cast<size_t>(i));
    WEIR_TRY(FilterChain chain,
             read_filter_chain(message.filter_chains(i), clusters, environment, here));
    if (std::ranges::count(into.chains, chain.match, &FilterChain::match) > 0) {
      return here.error(
          "another filter chain is for the same connections; tell them apart by "
          "filter_chain_match");
    }
    if (!chain.name.empty() && !names.insert(chain.name).second) {
      return here.field("name").error("there is another filter chain " + quote(chain.name));
    }
    into.chains.push_back(std::move(chain));
  }
  if (!message.has_default_filter_chain()) return Unit{};
  const Place here = at.field("default_filter_chain");
  if (message.default_filter_chain().has_filter_chain_match()) {
    return here.field("filter_chain_match")
        .error("the default chain is for all connections that no other is for; leave it out");
  }
  WEIR_TRY(FilterChain chain,
           read_filter_chain(message.default_filter_chain(), clusters, environment, here));
  chain.is_default = true;
  into.chains.push_back(std::move(chain));
  return Unit{};
}

Done read_listener_filters(const listener_v3::Listener& message, const Place& at, Listener& into) {
  for (int i = 0; i < message.listener_filters_size(); ++i) {
    const auto& config = message.listener_filters(i).typed_config();
    const Place here = at.item(static_cast<size_t>(i)).field("typed_config");
    // What it looks at is looked at wherever a filter chain asks for it.
    if (config.Is<TlsInspector>()) continue;
    if (!config.Is<ProxyProtocol>()) {
      return here.error(quote(type_name(config)) + " is no filter of listeners; expected one of " +
                        TlsInspector::descriptor()->full_name() + ", " +
                        ProxyProtocol::descriptor()->full_name());
    }
    if (into.proxy_protocol != Listener::ProxyProtocol::None) {
      return here.error("there is another filter of this kind");
    }
    if (i > 0) {
      return here.error("the PROXY header comes before all else; let this be the first filter");
    }
    WEIR_TRY(auto proxy, unpack<ProxyProtocol>(config, here));
    into.proxy_protocol = proxy.allow_requests_without_proxy_protocol()
                              ? Listener::ProxyProtocol::Allowed
                              : Listener::ProxyProtocol::Required;
  }
  return Unit{};
}

Result<Listener> read_listener(const listener_v3::Listener& message,
                               const std::set<std::string>& clusters,
                               const Environment& environment, const Place& at) {
  Listener listener;
  const Place address = at.field("address");
  WEIR_TRY(listener.address, read_ip_address(message.address(), address));
  listener.where = {address.describe()};
  listener.name = message.name().empty() ? to_string(listener.address) : message.name();
  if (message.has_per_connection_buffer_limit_bytes()) {
    listener.buffer_limit = message.per_connection_buffer_limit_bytes().value();
    if (listener.buffer_limit == 0) {
      return at.field("per_connection_buffer_limit_bytes").error("expected a number above 0");
    }
  }
  WEIR_TRY(read_listener_filters(message, at.field("listener_filters"), listener));
  WEIR_TRY(read_chains(message, clusters, environment, at, listener));
  if (message.access_log_size() == 0) return listener;
  const Place logs = at.field("access_log");
  WEIR_TRY(auto more, read_access_logs(message.access_log(), environment, logs));
  bool carries = false;
  for (FilterChain& chain : listener.chains) {
    if (!chain.tcp_proxy) continue;
    carries = true;
    std::ranges::copy(more, std::back_inserter(chain.access_logs));
  }
  if (!carries) {
    return logs.error(
        "a listener's own access log is for carried connections; that of requests is "
        "a field of the HTTP connection manager");
  }
  return listener;
}

}  // namespace

Result<std::vector<Listener>> read_listeners(
    const google::protobuf::RepeatedPtrField<listener_v3::Listener>& messages,
    const std::set<std::string>& clusters, const Environment& environment, const Place& at) {
  std::vector<Listener> out;
  std::set<std::string> names;
  for (int i = 0; i < messages.size(); ++i) {
    Place here = at.item(static_cast<size_t>(i));
    WEIR_TRY(Listener listener, read_listener(messages[i], clusters, environment, here));
    if (!names.insert(listener.name).second) {
      return here.field("name").error("there is another listener " + quote(listener.name));
    }
    out.push_back(std::move(listener));
  }
  return out;
}

}  // namespace weir::config
