#pragma once
// One route, compiled from the configuration: which requests it is for, and what becomes of them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/routes.h"
#include "planes/serve/path_rewriter.h"
#include "planes/serve/request_matcher.h"
#include "planes/serve/retry_policy.h"

namespace weir::serve {

// A cluster that a route sends requests to.
struct RouteCluster {
  size_t index;  // its place among ServeSettings::clusters
  std::string name;
  uint32_t weight = 1;
  const config::MessageEdits* edits = nullptr;  // null: none of its own
};

// Immutable. Thread: any.
class Route {
 public:
  // Those that a route lies in; they outlive it.
  struct Surroundings {
    const config::RouteConfiguration& all;
    const config::VirtualHost& host;
  };

  // `clusters` are those of a Forward, in order. All outlive the route.
  Route(const config::Route& settings, const Surroundings& around,
        std::vector<RouteCluster> clusters);

  bool matches(const RequestPath& path, const abi::HeaderList& headers) const {
    return matcher_.matches(path, headers);
  }

  // Null: it sends nothing to an upstream.
  const config::Forward* forward() const { return std::get_if<config::Forward>(&settings_.action); }
  // Null: no answer of that kind.
  const config::Redirect* redirect() const {
    return std::get_if<config::Redirect>(&settings_.action);
  }
  const config::DirectResponse* direct_response() const {
    return std::get_if<config::DirectResponse>(&settings_.action);
  }

  const RetryPolicy& retry_policy() const { return retry_policy_; }
  const std::string& name() const { return settings_.name; }
  const std::string& virtual_host() const { return around_.host.name; }

  // One of its clusters, by weight. Null where it has none: a header names it.
  const RouteCluster* choose_cluster(uint64_t random) const;

  // Whether it, or what it lies in, says something of that filter.
  std::optional<bool> enables(std::string_view filter) const;

  // Makes a request what the upstream gets: its headers, its path, its authority.
  void finish_request(abi::HeaderList& headers, const RouteCluster& cluster) const;
  // `cluster` may be null.
  void finish_response(abi::HeaderList& headers, const RouteCluster* cluster) const;

  // Where a redirect sends the request's client.
  std::string location(const abi::HeaderList& request) const;

 private:
  template <typename Edit>
  void for_each_edit(const RouteCluster* cluster, Edit edit) const;
  void rewrite(abi::HeaderList& headers) const;

  const config::Route& settings_;
  Surroundings around_;
  RequestMatcher matcher_;
  PathRewriter rewriter_;
  RetryPolicy retry_policy_;
  std::vector<RouteCluster> clusters_;
  uint64_t total_weight_ = 0;
};

}  // namespace weir::serve
