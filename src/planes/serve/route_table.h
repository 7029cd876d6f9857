#pragma once
// Which cluster serves a request: virtual hosts and routes, compiled from the configuration.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/bootstrap.h"

namespace weir::serve {

// What a request is to do.
struct RouteTarget {
  size_t cluster;  // its place among ServeSettings::clusters
  Milliseconds timeout;
  std::string virtual_host;
  std::string cluster_name;
  std::string name;
};

// A listener's routes. Immutable. Thread: any.
class RouteTable {
 public:
  // Fails with BadConfig where a route names a cluster that does not exist, or two virtual hosts
  // claim one domain.
  static Result<RouteTable> make(const config::Listener& listener,
                                 const config::ServeSettings& settings);

  // Null where no route matches. `path` may have a query; `authority` may have a port and is
  // compared without regard to case.
  const RouteTarget* find(std::string_view authority, std::string_view path) const;

 private:
  struct Entry {
    config::Route::Match match;
    std::string path;
    RouteTarget target;
  };
  struct Host {
    std::vector<Entry> entries;
  };

  const Host* find_host(std::string_view authority) const;

  std::vector<Host> hosts_;
  // Indices into hosts_, by domain without its '*'.
  std::map<std::string, size_t, std::less<>> exact_;
  std::map<std::string, size_t, std::less<>> suffixes_;
  std::map<std::string, size_t, std::less<>> prefixes_;
  const Host* any() const { return any_ < hosts_.size() ? &hosts_[any_] : nullptr; }
  size_t any_ = SIZE_MAX;
};

}  // namespace weir::serve
