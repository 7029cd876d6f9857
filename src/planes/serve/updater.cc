#include "planes/serve/updater.h"

#include <algorithm>

#include "base/sha256.h"
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

// The plugin of that name at the same place of the same listener.
const PlacedPlugin* find_place(const Generation& in, const std::string& listener, size_t index,
                               const std::string& name) {
  for (size_t i = 0; i < in.settings.listeners.size(); ++i) {
    if (in.settings.listeners[i].name != listener) continue;
    if (index >= in.plugin_ranges[i].count) return nullptr;
    const PlacedPlugin& place = in.plugins[in.plugin_ranges[i].first + index];
    return place.settings.name == name ? &place : nullptr;
  }
  return nullptr;
}

std::vector<std::string> addresses(const config::ServeSettings& settings,
                                   const std::vector<uint16_t>& ports) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < ports.size(); ++i) {
    texts.push_back(to_string(config::SocketAddress{settings.listeners[i].address.host, ports[i]}));
  }
  return texts;
}

bool same_but_for_place(config::PluginSettings a, const config::PluginSettings& b) {
  a.where = b.where;
  return a == b;
}

}  // namespace

Updater::Updater(Parts parts) : parts_(std::move(parts)) {}

Updater::~Updater() {
  thread_.request_stop();
  woken_.notify_all();
}

Done Updater::start(config::ServeSettings settings) {
  // Read before this, and perhaps changed since; at worst it is read once more.
  if (!parts_.config_file.empty()) read_files_[parts_.config_file] = parts_.config_state;
  WEIR_TRY(Generation first, load(std::move(settings), true));
  WEIR_TRY(install(std::move(first)));
  set_watched(status().generation->settings, nullptr);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return Unit{};
}

Result<Generation> Updater::load(config::ServeSettings settings, bool anew) {
  const auto before = status().generation;
  WEIR_TRY(Generation next, make_generation(std::move(settings)));
  for (size_t i = 0; i < next.settings.listeners.size(); ++i) {
    const PluginRange range = next.plugin_ranges[i];
    for (size_t index = 0; index < range.count; ++index) {
      PlacedPlugin& place = next.plugins[range.first + index];
      const PlacedPlugin* known =
          before == nullptr
              ? nullptr
              : find_place(*before, next.settings.listeners[i].name, index, place.settings.name);
      const bool same =
          known != nullptr && !anew && same_but_for_place(known->settings, place.settings);
      WEIR_TRY(place.plugin, load_plugin(place.settings, same ? known : nullptr));
      if (known == nullptr) continue;
      place.reloads = known->reloads + (place.plugin == known->plugin ? 0 : 1);
    }
  }
  return next;
}

// `known`: a plugin of the same settings, which stays if its code is the same.
Result<std::shared_ptr<const runtime::Plugin>> Updater::load_plugin(
    const config::PluginSettings& settings, const PlacedPlugin* known) {
  if (auto file = planes::watched_file(settings, parts_.base_dir)) {
    read_files_[*file] = FileState::of(*file);
  }
  const auto load = [&]() -> Result<std::shared_ptr<const runtime::Plugin>> {
    WEIR_TRY(auto options, planes::read_plugin(settings, parts_.base_dir));
    if (known != nullptr &&
        known->plugin->vm()->code_hash() == to_hex(sha256({as_bytes(options.vm.code)}))) {
      return known->plugin;
    }
    const Nanoseconds before = parts_.host.clock().monotonic();
    WEIR_TRY(auto plugin, parts_.host.load(std::move(options)));
    log(LogLevel::Info, loaded_message(*plugin, parts_.host.clock().monotonic() - before));
    return plugin;
  };
  auto loaded = load();
  if (loaded.ok() || settings.where.empty()) return loaded;
  return std::move(loaded).error().in(settings.where);
}

Done Updater::install(Generation next) {
  auto generation = std::make_shared<const Generation>(std::move(next));
  std::vector<uint16_t> ports(generation->settings.listeners.size());
  for (size_t i = 0; i < parts_.workers.size(); ++i) {
    // Where the system chooses a port, it chooses for the first worker.
    auto bound = parts_.workers[i]->prepare(generation, ports);
    if (!bound.ok()) {
      for (size_t j = 0; j < i; ++j) parts_.workers[j]->discard();
      return std::move(bound).error();
    }
    ports = std::move(bound).value();
  }
  for (const auto& worker : parts_.workers) {
    if (Done done = worker->commit(); !done.ok()) {
      log(LogLevel::Error, done.error().message);
    }
  }
  const UpdateStatus before = status();
  const auto then = before.generation == nullptr
                        ? std::vector<std::string>()
                        : addresses(before.generation->settings, before.ports);
  const auto now = addresses(generation->settings, ports);
  for (const auto& address : now) {
    if (!std::ranges::count(then, address)) log(LogLevel::Info, "listening on " + address);
  }
  for (const auto& address : then) {
    if (!std::ranges::count(now, address)) log(LogLevel::Info, "no longer listening on " + address);
  }
  // What was there goes after the lock: it may be the last user of its VMs.
  auto status = status_.lock();
  if (status->generation != nullptr) ++status->version;
  status->generation.swap(generation);
  status->failed_reloads.assign(status->generation->plugins.size(), "");
  status->ports = std::move(ports);
  return Unit{};
}

void Updater::files_changed(const std::vector<std::filesystem::path>& files) {
  const auto running = status().generation;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& file : files) {
      if (file == parts_.config_file || retry_files_.contains(file)) wanted_.configuration = true;
      for (size_t place = 0; place < running->plugins.size(); ++place) {
        const auto& settings = running->plugins[place].settings;
        if (planes::watched_file(settings, parts_.base_dir) == file) wanted_.places.insert(place);
      }
    }
  }
  woken_.notify_all();
}

void Updater::reload_all() {
  const size_t places = status().generation->plugins.size();
  {
    const std::lock_guard lock(mutex_);
    wanted_.configuration = wanted_.anew = parts_.read_settings != nullptr;
    if (!wanted_.configuration) {
      for (size_t place = 0; place < places; ++place) wanted_.places.insert(place);
    }
  }
  woken_.notify_all();
}

void Updater::run(const std::stop_token& stop) {
  while (true) {
    Wanted wanted;
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, stop, [this] { return wanted_.any(); });
      if (stop.stop_requested()) return;
      std::swap(wanted, wanted_);
    }
    // A configuration reads all plugins anew, too.
    if (wanted.configuration) update(wanted.anew);
    for (const size_t place : wanted.places) {
      if (!wanted.configuration && !stop.stop_requested()) reload(place);
    }
  }
}

void Updater::update(bool anew) {
  read_files_[parts_.config_file] = FileState::of(parts_.config_file);
  auto settings = parts_.read_settings();
  const auto take = [&]() -> Done {
    if (!settings.ok()) return settings.error();
    WEIR_TRY(Generation next, load(settings.value(), anew));
    return install(std::move(next));
  };
  const Done done = take();
  count(done.ok() ? "config.update_success" : "config.update_rejected");
  std::string line;
  {
    auto status = status_.lock();
    ++(done.ok() ? status->accepted : status->rejected);
    status->rejection = done.ok() ? "" : done.error().message;
    line = "configuration " + std::to_string(status->version) +
           (done.ok() ? " serves" : " stays; rejected: " + status->rejection);
  }
  log(done.ok() ? LogLevel::Info : LogLevel::Error, line);
  set_watched(status().generation->settings,
              done.ok() || !settings.ok() ? nullptr : &settings.value());
}

void Updater::reload(size_t place) {
  const auto running = status().generation;
  if (place >= running->plugins.size()) return;
  const PlacedPlugin& old = running->plugins[place];
  const auto take = [&]() -> Done {
    WEIR_TRY(auto plugin, load_plugin(old.settings, nullptr));
    Generation next = *running;
    next.plugins[place].plugin = std::move(plugin);
    ++next.plugins[place].reloads;
    return install(std::move(next));
  };
  const auto failures = status().failed_reloads;
  const Done done = take();
  count(done.ok() ? "plugin_fleet.reload_success" : "plugin_fleet.reload_failure");
  const std::string name = "plugin '" + old.settings.name + "'";
  {
    auto status = status_.lock();
    status->failed_reloads = failures;
    status->failed_reloads[place] = done.ok() ? "" : done.error().message;
  }
  if (done.ok()) return log(LogLevel::Info, name + " replaced on all workers");
  log(LogLevel::Error, "reload: " + done.error().message + "; the running " + name + " stays");
}

void Updater::set_watched(const config::ServeSettings& running,
                          const config::ServeSettings* rejected) {
  std::set<std::filesystem::path> files;
  if (!parts_.config_file.empty()) files.insert(parts_.config_file);
  const auto plugin_files = [&](const config::ServeSettings& settings) {
    std::set<std::filesystem::path> found;
    for (const auto& listener : settings.listeners) {
      for (const auto& plugin : listener.plugins) {
        if (auto file = planes::watched_file(plugin, parts_.base_dir)) found.insert(*file);
      }
    }
    return found;
  };
  auto of_running = plugin_files(running);
  files.merge(of_running);
  // A configuration that was rejected for a file may be right once the file is.
  std::set<std::filesystem::path> retry;
  if (rejected != nullptr) retry = plugin_files(*rejected);
  files.insert(retry.begin(), retry.end());
  {
    const std::lock_guard lock(mutex_);
    retry_files_ = std::move(retry);
  }
  std::vector<FileWatch::File> list;
  for (const auto& file : files) list.push_back({file, read_files_[file]});
  std::erase_if(read_files_, [&](const auto& read) { return !files.contains(read.first); });
  const auto same_path = [](const auto& a, const auto& b) { return a.path == b.path; };
  if (std::ranges::equal(*watched_.lock(), list, same_path)) return;
  *watched_.lock() = std::move(list);
  if (parts_.on_files != nullptr) parts_.on_files();
}

void Updater::count(std::string_view name) const {
  runtime::Metric* counter = parts_.host.metrics().define(abi::MetricType::Counter, name);
  if (counter != nullptr) counter->add(1);
}

}  // namespace weir::serve
