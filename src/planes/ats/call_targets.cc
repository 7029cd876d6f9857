#include "planes/ats/call_targets.h"

#include <algorithm>

#include "config/socket_address.h"

namespace weir::ats_plane {
namespace {

constexpr char kEndOfScope = '\n';  // in no name: plugins' names of upstreams are behind the first

std::string key_of(const config::Cluster& cluster) {
  std::string key = cluster.http2 ? "h2c" : "http";
  for (const config::SocketAddress& endpoint : cluster.endpoints) {
    key += " " + config::to_string(endpoint);
  }
  return key;
}

}  // namespace

CallTarget::CallTarget(config::Cluster of) : cluster(std::move(of)), key(key_of(cluster)) {}

std::string scope_of(const std::string& file) {
  std::string scope = file;
  // A name of a file may have any character.
  std::ranges::replace(scope, kEndOfScope, ' ');
  return scope + kEndOfScope;
}

void CallTargets::add(const std::string& name, config::Cluster cluster) {
  targets_.insert_or_assign(name, std::make_shared<const CallTarget>(std::move(cluster)));
}

std::shared_ptr<const CallTarget> CallTargets::find(std::string_view name) const {
  if (const auto found = targets_.find(name); found != targets_.end()) return found->second;
  name.remove_prefix(name.find(kEndOfScope) + 1);
  // A name alone is a mistake: what has been forgotten in the configuration is not looked up.
  if (name.find(':') == std::string_view::npos) return nullptr;
  if (!config::parse_socket_address(name).ok()) return nullptr;
  auto cluster = config::make_cluster(std::string(name), "http://" + std::string(name));
  if (!cluster.ok()) return nullptr;
  return std::make_shared<const CallTarget>(std::move(cluster).value());
}

}  // namespace weir::ats_plane
