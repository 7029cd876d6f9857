#include "planes/envoy/main_thread.h"

#include <algorithm>
#include <utility>

#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {

void MainThread::run(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  wake();
}

void MainThread::wake() {
  if (configs_.empty() || std::exchange(woken_, true)) return;
  envoy_dynamic_module_callback_http_filter_config_scheduler_commit(configs_.front().scheduler, 0);
}

void MainThread::add(EnvoyHttpConfig* config) {
  auto* scheduler = envoy_dynamic_module_callback_http_filter_config_scheduler_new(config);
  const std::lock_guard lock(mutex_);
  configs_.push_back({config, scheduler});
  if (!tasks_.empty()) wake();
}

void MainThread::remove(EnvoyHttpConfig* config) {
  std::vector<std::shared_ptr<RootCall>> ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(configs_, config, &Config::config);
    if (found == configs_.end()) return;
    envoy_dynamic_module_callback_http_filter_config_scheduler_delete(found->scheduler);
    // An event may have been on its way through this one.
    woken_ = false;
    configs_.erase(found);
    if (!tasks_.empty()) wake();
    std::erase_if(calls_, [&](auto& entry) {
      if (entry.first.first != config) return false;
      ended.push_back(std::move(entry.second));
      return true;
    });
  }
  for (const auto& call : ended) {
    call->forget();
    call->fail("the configuration that carried it is gone");
  }
}

void MainThread::work() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void MainThread::start(const std::shared_ptr<RootCall>& call, std::string_view cluster,
                       std::vector<ModuleHeader>& headers, bool end_of_stream) {
  EnvoyHttpConfig* config = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!configs_.empty()) config = configs_.front().config;
  }
  if (config == nullptr) return call->fail("there is no configuration to carry it");
  uint64_t id = 0;
  // Time-outs are the runtime's.
  const CallStart start = envoy_dynamic_module_callback_http_filter_config_start_http_stream(
      config, &id, cluster, headers.data(), headers.size(), {}, end_of_stream, 0);
  if (start == CallStart::ClusterNotFound) {
    return call->fail("there is no cluster '" + std::string(cluster) + "'");
  }
  if (start != CallStart::Started) return call->fail("the cluster cannot be reached");
  call->remember(config, id);
  const std::lock_guard lock(mutex_);
  calls_.emplace(std::pair(config, id), call);
}

std::shared_ptr<RootCall> MainThread::find(EnvoyHttpConfig* config, uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find({config, id});
  return found == calls_.end() ? nullptr : found->second;
}

std::shared_ptr<RootCall> MainThread::take(EnvoyHttpConfig* config, uint64_t id) {
  std::shared_ptr<RootCall> call;
  {
    const std::lock_guard lock(mutex_);
    auto node = calls_.extract({config, id});
    if (node.empty()) return nullptr;
    call = std::move(node.mapped());
  }
  call->forget();
  return call;
}

}  // namespace weir::envoy_plane
