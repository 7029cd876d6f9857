#include "planes/ats/plane.h"

#include "planes/ats/inbox.h"
#include "planes/ats/worker.h"

namespace weir::ats_plane {

Result<std::shared_ptr<PluginSet>> Plane::add(std::vector<std::string> files, std::string folder) {
  auto set = std::make_shared<PluginSet>(host_, fetcher_, std::move(files), std::move(folder));
  const bool serves = serving_.load(std::memory_order_acquire);
  WEIR_TRY(set->load(serves ? Occasion::NewRule : Occasion::Start, ending_.get_token()));
  state_.lock()->sets.push_back(set);
  tell_workers();
  return set;
}

void Plane::reload(const std::stop_token& stop) {
  const std::vector<std::function<void()>> before = state_.lock()->before;
  for (const auto& task : before) task();
  for (const auto& set : sets()) {
    std::string files;
    for (const std::string& file : set->files()) files += " " + file;
    const Done loaded = set->load(Occasion::Reload, stop);
    if (!loaded.ok() && stop.stop_requested()) {
      host_.logger().log(LogLevel::Info, "not loaded anew, as the loading was broken off:" + files);
      break;
    }
    if (loaded.ok()) {
      host_.logger().log(LogLevel::Info, "loaded anew:" + files);
    } else {
      host_.logger().log(LogLevel::Error, "not loaded anew, the plugins before serve on:" + files +
                                              ": " + loaded.error().message);
    }
  }
  tell_workers();
}

void Plane::end() {
  ending_.request_stop();
  reloader_.end();
  fetcher_.end();
}

std::vector<std::shared_ptr<PluginSet>> Plane::sets() const {
  auto state = state_.lock();
  std::erase_if(state->sets, [](const auto& set) { return set->is_retired(); });
  return state->sets;
}

void Plane::add_worker(Inbox& inbox) { state_.lock()->workers.push_back(&inbox); }

void Plane::tell_workers() const {
  const std::vector<Inbox*> workers = state_.lock()->workers;
  for (Inbox* worker : workers) {
    worker->post([] { Worker::here().adopt(); });
  }
}

}  // namespace weir::ats_plane
