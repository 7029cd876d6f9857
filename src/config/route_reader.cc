#include "config/route_reader.h"

#include "config/cluster_names.h"
#include "config/durations.h"

namespace weir::config {
namespace {

namespace v3 = envoy::config::route::v3;

Result<Route> read_match(const v3::RouteMatch& message, const Place& at) {
  Route route;
  bool prefix = message.has_prefix();
  route.match = prefix ? Route::Match::Prefix : Route::Match::Path;
  route.path = prefix ? message.prefix() : message.path();
  Place here = at.field(prefix ? "prefix" : "path");
  if (!route.path.starts_with('/')) return here.error("has to start with '/'");
  if (route.path.find_first_of("?#") != std::string::npos) {
    return here.error("has '?' or '#'; only the path before a query is compared");
  }
  return route;
}

Result<Route> read_route(const v3::Route& message, const std::set<std::string>& clusters,
                         const Place& at) {
  WEIR_TRY(Route route, read_match(message.match(), at.field("match")));
  route.name = message.name();
  const v3::RouteAction& action = message.route();
  route.cluster = action.cluster();
  WEIR_TRY(check_cluster(route.cluster, clusters, at.field("route").field("cluster")));
  if (action.has_timeout()) route.timeout = to_milliseconds(action.timeout());
  return route;
}

// Names compare without regard to case.
Result<std::string> read_domain(std::string domain, const Place& at) {
  for (char& c : domain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (domain.empty()) return at.error("empty; '*' serves all");
  size_t star = domain.find('*');
  bool at_one_end = star == 0 || star == domain.size() - 1;
  if (star != std::string::npos &&
      (!at_one_end || domain.find('*', star + 1) != std::string::npos)) {
    return at.error(quote(domain) + " has '*' in the middle; it stands first or last, once");
  }
  return domain;
}

}  // namespace

Result<std::vector<VirtualHost>> read_virtual_hosts(const v3::RouteConfiguration& message,
                                                    const std::set<std::string>& clusters,
                                                    const Place& at) {
  std::vector<VirtualHost> out;
  std::set<std::string> names;
  std::set<std::string> domains;
  for (int i = 0; i < message.virtual_hosts_size(); ++i) {
    const v3::VirtualHost& host = message.virtual_hosts(i);
    Place here = at.field("virtual_hosts").item(static_cast<size_t>(i));
    if (!names.insert(host.name()).second) {
      return here.field("name").error("there is another virtual host " + quote(host.name()));
    }
    VirtualHost settings{.name = host.name()};
    for (int j = 0; j < host.domains_size(); ++j) {
      Place there = here.field("domains").item(static_cast<size_t>(j));
      WEIR_TRY(std::string domain, read_domain(host.domains(j), there));
      if (!domains.insert(domain).second) {
        return there.error(quote(domain) + " is given twice; a domain has one virtual host");
      }
      settings.domains.push_back(std::move(domain));
    }
    for (int j = 0; j < host.routes_size(); ++j) {
      Place there = here.field("routes").item(static_cast<size_t>(j));
      WEIR_TRY(Route route, read_route(host.routes(j), clusters, there));
      settings.routes.push_back(std::move(route));
    }
    out.push_back(std::move(settings));
  }
  return out;
}

}  // namespace weir::config
