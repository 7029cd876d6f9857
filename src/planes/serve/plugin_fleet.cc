#include "planes/serve/plugin_fleet.h"

#include <algorithm>

#include "planes/common/plugin_source.h"
#include "runtime/metrics.h"
#include "runtime/vm.h"

namespace weir::serve {
namespace {

// "plugin 'auth' loaded: wasmtime 50.0.1, ABI 0.2.1, 35 ms".
std::string loaded_message(const runtime::Plugin& plugin, Nanoseconds took) {
  const auto& module = plugin.vm()->module();
  const auto engine = module.engine().info();
  return "plugin '" + plugin.options().name + "' loaded: " + engine.name + " " + engine.version +
         ", ABI " + std::string(to_string(module.abi_version())) + ", " +
         std::to_string(std::chrono::duration_cast<Milliseconds>(took).count()) + " ms";
}

}  // namespace

PluginFleet::PluginFleet(runtime::Host& host, std::vector<config::PluginSettings> plugins,
                         std::filesystem::path base_dir,
                         std::span<const std::unique_ptr<WorkerThread>> workers)
    : host_(host),
      settings_(std::move(plugins)),
      base_dir_(std::move(base_dir)),
      workers_(workers) {
  entries_.lock()->resize(settings_.size());
}

PluginFleet::~PluginFleet() {
  thread_.request_stop();
  wanted_.notify_all();
}

Done PluginFleet::start() {
  for (size_t place = 0; place < settings_.size(); ++place) {
    WEIR_TRY(auto plugin, load(place));
    WEIR_TRY(install(place, plugin));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return Unit{};
}

Result<std::shared_ptr<const runtime::Plugin>> PluginFleet::read_and_load(
    const config::PluginSettings& settings) const {
  WEIR_TRY(auto options, planes::read_plugin(settings, base_dir_));
  return host_.load(std::move(options));
}

Result<std::shared_ptr<const runtime::Plugin>> PluginFleet::load(size_t place) const {
  const Nanoseconds before = host_.clock().monotonic();
  auto loaded = read_and_load(settings_[place]);
  if (!loaded.ok()) {
    const std::string& where = settings_[place].where;
    return where.empty() ? std::move(loaded).error() : std::move(loaded).error().in(where);
  }
  auto plugin = std::move(loaded).value();
  host_.logger().log(LogLevel::Info, loaded_message(*plugin, host_.clock().monotonic() - before));
  return plugin;
}

Done PluginFleet::install(size_t place, std::shared_ptr<const runtime::Plugin> plugin) {
  for (const auto& worker : workers_) {
    if (Done started = worker->prepare(place, plugin); !started.ok()) {
      for (const auto& other : workers_) other->discard(place);
      return started;
    }
  }
  for (const auto& worker : workers_) worker->commit(place);
  // What was there goes after the lock: it may be the last user of its VM.
  entries_.lock()->at(place).plugin.swap(plugin);
  return Unit{};
}

void PluginFleet::reload(std::span<const size_t> places) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.insert(places.begin(), places.end());
  }
  wanted_.notify_all();
}

void PluginFleet::reload_all() {
  std::vector<size_t> all(settings_.size());
  for (size_t place = 0; place < all.size(); ++place) all[place] = place;
  reload(all);
}

void PluginFleet::run(const std::stop_token& stop) {
  while (true) {
    std::set<size_t> places;
    {
      std::unique_lock lock(mutex_);
      wanted_.wait(lock, stop, [this] { return !waiting_.empty(); });
      if (stop.stop_requested()) return;
      places.swap(waiting_);
    }
    for (const size_t place : places) {
      if (stop.stop_requested()) return;
      reload_now(place);
    }
  }
}

void PluginFleet::reload_now(size_t place) {
  auto plugin = load(place);
  Done done = plugin.ok() ? install(place, plugin.value()) : Done(plugin.error());
  auto* counter =
      host_.metrics().define(abi::MetricType::Counter, done.ok() ? "plugin_fleet.reload_success"
                                                                 : "plugin_fleet.reload_failure");
  if (counter != nullptr) counter->add(1);
  const std::string name = "plugin '" + settings_[place].name + "'";
  auto entries = entries_.lock();
  Entry& entry = entries->at(place);
  if (done.ok()) {
    ++entry.reloads;
    entry.failed_reload.clear();
    host_.logger().log(LogLevel::Info, name + " replaced on all workers");
  } else {
    entry.failed_reload = done.error().message;
    host_.logger().log(LogLevel::Error,
                       "reload: " + done.error().message + "; the running " + name + " stays");
  }
}

std::vector<PluginFleet::WatchedFile> PluginFleet::watched_files() const {
  std::vector<WatchedFile> files;
  for (size_t place = 0; place < settings_.size(); ++place) {
    const auto path = planes::watched_file(settings_[place], base_dir_);
    if (!path) continue;
    auto known = std::ranges::find(files, *path, &WatchedFile::path);
    if (known == files.end()) known = files.insert(files.end(), WatchedFile{*path, {}});
    known->places.push_back(place);
  }
  return files;
}

}  // namespace weir::serve
