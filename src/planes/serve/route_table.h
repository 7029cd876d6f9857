#pragma once
// Which route a request takes: virtual hosts and routes, compiled from the configuration.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/bootstrap.h"
#include "planes/serve/route.h"

namespace weir::serve {

struct RouteChoice {
  const Route* route = nullptr;           // null: no route matches
  const RouteCluster* cluster = nullptr;  // null: the route needs none, or names none that there is
};

// A filter chain's routes. Immutable. Thread: any.
class RouteTable {
 public:
  RouteTable() = default;  // no route matches
  RouteTable(RouteTable&&) noexcept = default;
  RouteTable& operator=(RouteTable&&) noexcept = default;

  // Fails with BadConfig where a route names a cluster that does not exist, or two virtual hosts
  // claim one domain.
  static Result<RouteTable> make(const config::RouteConfiguration& routes,
                                 const config::ServeSettings& settings);

  // For a request with these headers. `:path` may have a query; `:authority` is compared without
  // regard to case, a port in it is a part of it (Envoy's rule). `random` chooses between weighted
  // clusters: the same one for the same number.
  RouteChoice choose(const abi::HeaderList& headers, uint64_t random) const;

 private:
  struct Host {
    std::vector<Route> routes;
  };

  Done add_host(const config::VirtualHost& host);
  Done add_domain(const std::string& domain, size_t index);
  Result<std::vector<RouteCluster>> clusters_of(const config::Route& route) const;
  const Host* find_host(std::string_view authority) const;
  const Host* any() const { return any_ < hosts_.size() ? &hosts_[any_] : nullptr; }

  // What the routes refer to.
  std::shared_ptr<const config::RouteConfiguration> settings_;
  // Every cluster that there is, for routes where a header names it.
  std::map<std::string, RouteCluster, std::less<>> clusters_;

  std::vector<Host> hosts_;
  // Indices into hosts_, by domain without its '*'.
  std::map<std::string, size_t, std::less<>> exact_;
  std::map<std::string, size_t, std::less<>> suffixes_;
  std::map<std::string, size_t, std::less<>> prefixes_;
  size_t any_ = SIZE_MAX;
};

}  // namespace weir::serve
