#include "config/route_reader.h"

#include "base/lower_case.h"
#include "config/filter_switch_reader.h"
#include "config/header_edit_reader.h"
#include "config/match_reader.h"
#include "config/route_action_reader.h"

namespace weir::config {
namespace {

namespace route_v3 = envoy::config::route::v3;

// What routes are read with.
struct Known {
  const ClusterNames& clusters;
  const Environment& environment;
  const std::set<std::string>& filters;
};

Result<Route> read_route(const route_v3::Route& message, const Known& known, const Place& at) {
  Route route{.name = message.name()};
  WEIR_TRY(route.match, read_route_match(message.match(), at.field("match")));
  WEIR_TRY(route.edits, read_message_edits(message, at));
  WEIR_TRY(route.filters, read_filter_switches(message.typed_per_filter_config(), known.filters,
                                               at.field("typed_per_filter_config")));
  const PathMatch& path = route.match.path;
  switch (message.action_case()) {
    case route_v3::Route::kRoute: {
      WEIR_TRY(route.action,
               read_forward(message.route(), path, known.clusters, at.field("route")));
      return route;
    }
    case route_v3::Route::kRedirect: {
      WEIR_TRY(route.action, read_redirect(message.redirect(), path, at.field("redirect")));
      return route;
    }
    case route_v3::Route::kDirectResponse: {
      WEIR_TRY(route.action, read_direct_response(message.direct_response(), known.environment,
                                                  at.field("direct_response")));
      return route;
    }
    case route_v3::Route::ACTION_NOT_SET:
      break;
  }
  return at.error("says nothing to do with the request; write route: {cluster: NAME}");
}

// Names compare without regard to case.
Result<std::string> read_domain(std::string_view text, const Place& at) {
  std::string domain = lower_case(text);
  if (domain.empty()) return at.error("empty; '*' serves all");
  size_t star = domain.find('*');
  bool at_one_end = star == 0 || star == domain.size() - 1;
  if (star != std::string::npos &&
      (!at_one_end || domain.find('*', star + 1) != std::string::npos)) {
    return at.error(quote(domain) + " has '*' in the middle; it stands first or last, once");
  }
  return domain;
}

// A route without reasons of its own to try again has those of its host.
void inherit_retries(const RetryPolicy& policy, const route_v3::Route& message, Route& route) {
  auto* forward = std::get_if<Forward>(&route.action);
  if (forward != nullptr && !message.route().has_retry_policy()) forward->retry = policy;
}

Result<std::vector<Route>> read_routes_of(const route_v3::VirtualHost& host, const Known& known,
                                          const Place& at) {
  RetryPolicy retries;
  if (host.has_retry_policy()) {
    WEIR_TRY(retries, read_retry_policy(host.retry_policy(), at.field("retry_policy")));
  }
  std::vector<Route> routes;
  for (int i = 0; i < host.routes_size(); ++i) {
    const Place here = at.field("routes").item(static_cast<size_t>(i));
    WEIR_TRY(Route route, read_route(host.routes(i), known, here));
    inherit_retries(retries, host.routes(i), route);
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace

Result<RouteConfiguration> read_routes(const route_v3::RouteConfiguration& message,
                                       const ClusterNames& clusters,
                                       const std::set<std::string>& filters,
                                       const Environment& environment, const Place& at) {
  RouteConfiguration out{.name = message.name(),
                         .most_specific_edits_last = message.most_specific_header_mutations_wins()};
  WEIR_TRY(out.edits, read_message_edits(message, at));
  WEIR_TRY(out.filters, read_filter_switches(message.typed_per_filter_config(), filters,
                                             at.field("typed_per_filter_config")));
  std::set<std::string> names;
  std::set<std::string> domains;
  for (int i = 0; i < message.virtual_hosts_size(); ++i) {
    const route_v3::VirtualHost& host = message.virtual_hosts(i);
    const Place here = at.field("virtual_hosts").item(static_cast<size_t>(i));
    if (!names.insert(host.name()).second) {
      return here.field("name").error("there is another virtual host " + quote(host.name()));
    }
    VirtualHost settings{.name = host.name()};
    for (int j = 0; j < host.domains_size(); ++j) {
      const Place there = here.field("domains").item(static_cast<size_t>(j));
      WEIR_TRY(std::string domain, read_domain(host.domains(j), there));
      if (!domains.insert(domain).second) {
        return there.error(quote(domain) + " is given twice; a domain has one virtual host");
      }
      settings.domains.push_back(std::move(domain));
    }
    WEIR_TRY(settings.routes, read_routes_of(host, {clusters, environment, filters}, here));
    WEIR_TRY(settings.edits, read_message_edits(host, here));
    WEIR_TRY(settings.filters, read_filter_switches(host.typed_per_filter_config(), filters,
                                                    here.field("typed_per_filter_config")));
    out.virtual_hosts.push_back(std::move(settings));
  }
  return out;
}

}  // namespace weir::config
