#include "planes/envoy/module.h"

#include "planes/envoy/inbox.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {

std::shared_ptr<ConfiguredPlugin> Module::add(std::string name, Home home,
                                              runtime::FailurePolicy policy,
                                              std::shared_ptr<const runtime::Plugin> plugin) {
  std::shared_ptr<ConfiguredPlugin> added;
  {
    auto state = state_.lock();
    added = std::make_shared<ConfiguredPlugin>(++state->last_id, home, std::move(name), policy);
    if (plugin != nullptr) added->arrive(std::move(plugin));
    state->plugins.emplace(added->id(), added);
  }
  pulse_.beat();
  return added;
}

void Module::tell_workers() {
  const auto workers = state_.lock()->workers;
  for (const auto& worker : workers) {
    worker->post([] { Worker::here().on_plugin_settled(); });
  }
  pulse_.beat();
}

void Module::remove(const ConfiguredPlugin& plugin) {
  std::vector<std::shared_ptr<Inbox>> workers;
  {
    auto state = state_.lock();
    state->plugins.erase(plugin.id());
    workers = state->workers;
  }
  for (const auto& worker : workers) {
    worker->post([id = plugin.id()] { Worker::here().forget(id); });
  }
}

std::vector<std::shared_ptr<const ConfiguredPlugin>> Module::plugins() const {
  std::vector<std::shared_ptr<const ConfiguredPlugin>> all;
  auto state = state_.lock();
  for (const auto& [id, plugin] : state->plugins) all.push_back(plugin);
  return all;
}

bool Module::is_alive(const ConfiguredPlugin& plugin) const {
  return state_.lock()->plugins.contains(plugin.id());
}

void Module::add_worker(std::shared_ptr<Inbox> inbox) {
  state_.lock()->workers.push_back(std::move(inbox));
  had_worker_ = true;
}

void Module::remove_worker(const std::shared_ptr<Inbox>& inbox) {
  std::erase(state_.lock()->workers, inbox);
}

}  // namespace weir::envoy_plane
