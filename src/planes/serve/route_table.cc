#include "planes/serve/route_table.h"

#include <algorithm>

#include "base/lower_case.h"

namespace weir::serve {
namespace {

Error bad(const std::string& what) { return Error{ErrorCode::BadConfig, what}; }

}  // namespace

Result<RouteTable> RouteTable::make(const config::RouteConfiguration& routes,
                                    const config::ServeSettings& settings) {
  RouteTable table;
  table.settings_ = std::make_shared<const config::RouteConfiguration>(routes);
  for (size_t i = 0; i < settings.clusters.size(); ++i) {
    const std::string& name = settings.clusters[i].name;
    table.clusters_.emplace(name, RouteCluster{.index = i, .name = name});
  }
  for (const config::VirtualHost& host : table.settings_->virtual_hosts) {
    Done added = table.add_host(host);
    if (!added.ok()) return std::move(added).error().in("virtual host '" + host.name + "'");
  }
  return table;
}

Done RouteTable::add_host(const config::VirtualHost& host) {
  const size_t index = hosts_.size();
  Host& entry = hosts_.emplace_back();
  for (const config::Route& route : host.routes) {
    WEIR_TRY(auto clusters, clusters_of(route));
    entry.routes.emplace_back(route, Route::Surroundings{*settings_, host}, std::move(clusters));
  }
  for (const std::string& domain : host.domains) WEIR_TRY(add_domain(domain, index));
  return Unit{};
}

Done RouteTable::add_domain(const std::string& domain, size_t index) {
  bool is_new = true;
  if (domain == "*") {
    is_new = any_ == SIZE_MAX;
    any_ = index;
  } else if (domain.starts_with('*')) {
    is_new = suffixes_.emplace(domain.substr(1), index).second;
  } else if (domain.ends_with('*')) {
    is_new = prefixes_.emplace(domain.substr(0, domain.size() - 1), index).second;
  } else {
    is_new = exact_.emplace(domain, index).second;
  }
  if (is_new) return Unit{};
  return bad("another one has the domain '" + domain + "'");
}

Result<std::vector<RouteCluster>> RouteTable::clusters_of(const config::Route& route) const {
  std::vector<RouteCluster> out;
  const auto* forward = std::get_if<config::Forward>(&route.action);
  if (forward == nullptr) return out;
  for (const config::WeightedCluster& weighted : forward->clusters) {
    const auto known = clusters_.find(weighted.name);
    if (known == clusters_.end()) return bad("unknown cluster '" + weighted.name + "'");
    RouteCluster& cluster = out.emplace_back(known->second);
    cluster.weight = weighted.weight;
    cluster.edits = &weighted.edits;
  }
  return out;
}

const RouteTable::Host* RouteTable::find_host(std::string_view authority) const {
  if (exact_.empty() && suffixes_.empty() && prefixes_.empty()) return any();

  const std::string name = lower_case(authority);
  const std::string_view host = name;
  if (auto found = exact_.find(host); found != exact_.end()) return &hosts_[found->second];
  // The longest first. A '*' stands for at least one character.
  for (size_t i = 1; i < host.size(); ++i) {
    if (auto found = suffixes_.find(host.substr(i)); found != suffixes_.end()) {
      return &hosts_[found->second];
    }
  }
  for (size_t n = host.size(); n-- > 1;) {
    if (auto found = prefixes_.find(host.substr(0, n)); found != prefixes_.end()) {
      return &hosts_[found->second];
    }
  }
  return any();
}

RouteChoice RouteTable::choose(const abi::HeaderList& headers, uint64_t random) const {
  const Host* host = find_host(headers.find(":authority").value_or(""));
  if (host == nullptr) return {};
  const RequestPath path(headers.find(":path").value_or(""));
  for (const Route& route : host->routes) {
    if (!route.matches(path, headers)) continue;
    const config::Forward* forward = route.forward();
    if (forward == nullptr || forward->cluster_header.empty()) {
      return {&route, route.choose_cluster(random)};
    }
    const auto named = clusters_.find(headers.find(forward->cluster_header).value_or(""));
    return {&route, named == clusters_.end() ? nullptr : &named->second};
  }
  return {};
}

}  // namespace weir::serve
