#include "planes/serve/route_table.h"

#include <algorithm>

#include "planes/serve/lower_case.h"

namespace weir::serve {
namespace {

// "example.com:8080" and "[::1]:8080" without the port.
std::string_view without_port(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos) {
    return authority;
  }
  return authority.substr(0, colon);
}

}  // namespace

Result<RouteTable> RouteTable::make(const config::Listener& listener,
                                    const config::ServeSettings& settings) {
  RouteTable table;
  for (const config::VirtualHost& virtual_host : listener.virtual_hosts) {
    const size_t index = table.hosts_.size();
    Host& host = table.hosts_.emplace_back();
    for (const config::Route& route : virtual_host.routes) {
      auto cluster = std::ranges::find(settings.clusters, route.cluster, &config::Cluster::name);
      if (cluster == settings.clusters.end()) {
        return Error{ErrorCode::BadConfig, "listener '" + listener.name + "': virtual host '" +
                                               virtual_host.name + "': unknown cluster '" +
                                               route.cluster + "'"};
      }
      host.entries.push_back(
          {route.match, route.path,
           RouteTarget{static_cast<size_t>(cluster - settings.clusters.begin()), route.timeout,
                       virtual_host.name, route.cluster, route.name}});
    }
    for (const std::string& domain : virtual_host.domains) {
      bool is_new = true;
      if (domain == "*") {
        is_new = table.any_ == SIZE_MAX;
        table.any_ = index;
      } else if (domain.starts_with('*')) {
        is_new = table.suffixes_.emplace(domain.substr(1), index).second;
      } else if (domain.ends_with('*')) {
        is_new = table.prefixes_.emplace(domain.substr(0, domain.size() - 1), index).second;
      } else {
        is_new = table.exact_.emplace(domain, index).second;
      }
      if (!is_new) {
        return Error{ErrorCode::BadConfig, "listener '" + listener.name + "': virtual host '" +
                                               virtual_host.name +
                                               "': another one has the domain '" + domain + "'"};
      }
    }
  }
  return table;
}

const RouteTable::Host* RouteTable::find_host(std::string_view authority) const {
  if (exact_.empty() && suffixes_.empty() && prefixes_.empty()) return any();

  const std::string name = lower_case(authority);
  const std::string_view host = without_port(name);
  for (std::string_view candidate : {std::string_view(name), host}) {
    if (auto found = exact_.find(candidate); found != exact_.end()) return &hosts_[found->second];
  }
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

const RouteTarget* RouteTable::find(std::string_view authority, std::string_view path) const {
  const Host* host = find_host(authority);
  if (host == nullptr) return nullptr;
  path = path.substr(0, path.find_first_of("?#"));
  for (const Entry& entry : host->entries) {
    const bool matches = entry.match == config::Route::Match::Path ? path == entry.path
                                                                   : path.starts_with(entry.path);
    if (matches) return &entry.target;
  }
  return nullptr;
}

}  // namespace weir::serve
