#include "planes/serve/updater.h"

#include <algorithm>
#include <map>

#include "planes/common/plugin_source.h"
#include "runtime/metrics.h"

namespace weir::serve {
namespace {

std::vector<std::string> addresses(const UpdateStatus& status) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < status.ports.size(); ++i) {
    const auto& settings = status.generation->settings.listeners[i];
    texts.push_back(to_string(config::SocketAddress{settings.address.host, status.ports[i]}));
  }
  return texts;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

std::set<std::filesystem::path> plugin_files(const config::ServeSettings& settings,
                                             const std::filesystem::path& base_dir) {
  std::set<std::filesystem::path> found;
  for (const PlacedPlugin& place : plugins_of(settings)) {
    if (auto file = planes::watched_file(place.settings, base_dir)) found.insert(*file);
  }
  return found;
}

// Folders that files are to be looked for in, and that are not there.
std::set<std::filesystem::path> missing_folders(const config::ServeSettings& settings,
                                                const std::filesystem::path& base_dir) {
  std::set<std::filesystem::path> missing;
  for (const PlacedPlugin& place : plugins_of(settings)) {
    const auto* file = std::get_if<config::LocalFile>(&place.settings.vm.code);
    if (file == nullptr || file->watched_directory.empty()) continue;
    const auto folder = (base_dir / file->watched_directory).lexically_normal();
    std::error_code ignored;
    if (!std::filesystem::exists(folder, ignored)) missing.insert(folder);
  }
  return missing;
}

// Those of one file lie together; each other place by itself.
std::vector<std::vector<size_t>> places_by_file(const std::vector<PlacedPlugin>& plugins,
                                                const std::filesystem::path& base_dir) {
  std::vector<std::vector<size_t>> groups;
  std::map<std::filesystem::path, size_t> known;
  for (size_t place = 0; place < plugins.size(); ++place) {
    size_t group = groups.size();
    if (const auto file = planes::watched_file(plugins[place].settings, base_dir)) {
      group = known.emplace(*file, group).first->second;
    }
    if (group == groups.size()) groups.emplace_back();
    groups[group].push_back(place);
  }
  return groups;
}

// Why plugins that `before` has been without stay out of `next`, too, by place there: what it has
// of them is why their code had not come.
std::vector<std::string> failures_of_absent(const Generation& next, const UpdateStatus& before) {
  std::vector<std::string> failures(next.plugins.size());
  for (size_t place = 0; place < next.plugins.size(); ++place) {
    const PlacedPlugin& absent = next.plugins[place];
    if (absent.plugin != nullptr || before.generation == nullptr) continue;
    const auto& plugins = before.generation->plugins;
    const auto same = std::ranges::find_if(plugins, [&](const PlacedPlugin& other) {
      return other.plugin == nullptr && other.absent == absent.absent;
    });
    if (same == plugins.end()) continue;
    failures[place] = before.failed_reloads[static_cast<size_t>(same - plugins.begin())];
  }
  return failures;
}

}  // namespace

Updater::Updater(Parts parts)
    : parts_(std::move(parts)),
      loader_(parts_.host, parts_.supply, parts_.log_files),
      healing_(parts_.supply, [this] { wake(); }) {}

Updater::~Updater() { end(); }

void Updater::end() {
  thread_.request_stop();
  woken_.notify_all();
}

Result<Updater::Started> Updater::start(config::ServeSettings settings,
                                        std::function<void(Done)> on_started) {
  // Read before this, and perhaps changed since; at worst it is read once more.
  if (!parts_.config_file.empty()) loader_.read_files()[parts_.config_file] = parts_.config_state;
  auto draft = loader_.begin(std::move(settings), nullptr, true);
  if (!draft.ok()) {
    if (!parts_.supply.is_fetching()) return after_fetches(std::move(draft).error(), {});
    thread_ = std::jthread([this, why = std::move(draft).error(),
                            on_started = std::move(on_started)](const std::stop_token& stop) {
      Error error = after_fetches(why, stop);
      if (!stop.stop_requested()) on_started(std::move(error));
    });
    return Started::Waits;
  }
  Started started = Started::Serves;
  if (draft.value().codes.complete()) {
    WEIR_TRY(Generation first,
             loader_.finish(std::move(draft).value(), nullptr, parts_.on_missing));
    if (parts_.on_first != nullptr) parts_.on_first();
    WEIR_TRY(install(std::move(first)));
  } else {
    started = Started::Waits;
    if (parts_.on_first != nullptr) parts_.on_first();
    first_ = std::move(draft).value();
    on_started_ = std::move(on_started);
    status_.lock()->awaited = first_->codes.missing();
    log(LogLevel::Info, "waiting for code: " + joined(first_->codes.missing()));
    first_->codes.start(parts_.supply, [this] { wake(); });
  }
  set_watched({});
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return started;
}

Error Updater::after_fetches(Error error, const std::stop_token& stop) const {
  const auto [fetched, failure] = parts_.supply.finish(stop);
  if (!failure.empty()) {
    error.message += "; the fetch has failed: " + failure;
  } else if (fetched > 0) {
    error.message += "; what was fetched is there for the next start";
  }
  return error;
}

void Updater::run(const std::stop_token& stop) {
  if (first_ && !start_later(stop)) return;
  while (const auto wanted = next_wanted(stop)) {
    // A configuration reads all plugins anew, too.
    if (wanted->configuration) update(wanted->anew, stop);
    if (!wanted->configuration) reload_wanted(*wanted, stop);
    heal(stop);
    if (stop.stop_requested()) return;
    const bool asked = wanted->configuration || wanted->plugins();
    if (asked && parts_.on_settled != nullptr) parts_.on_settled();
    if (wanted->hold != nullptr) stand_still(wanted->hold, stop);
  }
}

void Updater::stand_still(const std::function<void()>& held, const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    standing_still_ = true;
  }
  held();
  std::unique_lock lock(mutex_);
  woken_.wait(lock, stop, [this] { return !standing_still_; });
}

bool Updater::start_later(const std::stop_token& stop) {
  while (true) {
    const Waited waited = wait_for(*first_, stop);
    if (waited == Waited::Stopped) return false;
    if (waited == Waited::Complete) break;
    {
      const std::lock_guard lock(mutex_);
      wanted_ = {};
    }
    config::ServeSettings settings;
    auto draft = read_draft(true, settings);
    if (!draft.ok()) {
      rejected(draft.error(), settings);
      continue;
    }
    first_ = std::move(draft).value();
    status_.lock()->awaited = first_->codes.missing();
    first_->codes.start(parts_.supply, [this] { wake(); });
  }
  auto first = loader_.finish(std::move(*first_), nullptr, parts_.on_missing, stop);
  first_.reset();
  status_.lock()->awaited.clear();
  if (stop.stop_requested()) return false;
  Done done = first.ok() ? install(std::move(first).value()) : Done(std::move(first).error());
  const bool serves = done.ok();
  if (serves) set_watched({});
  on_started_(std::move(done));
  return serves;
}

std::optional<Updater::Wanted> Updater::next_wanted(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  sleep(lock, stop, [this] { return wanted_.any(); });
  if (stop.stop_requested()) return std::nullopt;
  return std::exchange(wanted_, {});
}

void Updater::sleep(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                    const std::function<bool()>& ready) {
  const auto awake = [&] { return ready() || healing_.has_come(); };
  if (const auto due = healing_.due()) {
    woken_.wait_until(lock, stop, *due, awake);
  } else {
    woken_.wait(lock, stop, awake);
  }
}

Updater::Waited Updater::wait_for(Draft& draft, const std::stop_token& stop) {
  while (true) {
    Wanted meanwhile;
    {
      std::unique_lock lock(mutex_);
      sleep(lock, stop, [&] { return draft.codes.complete() || wanted_.any(); });
      if (stop.stop_requested()) return Waited::Stopped;
      if (wanted_.configuration) return Waited::Superseded;
      meanwhile = std::exchange(wanted_, {});
    }
    reload_wanted(meanwhile, stop);
    heal(stop);
    if (meanwhile.hold != nullptr) stand_still(meanwhile.hold, stop);
    if (stop.stop_requested()) return Waited::Stopped;
    if (draft.codes.complete()) return Waited::Complete;
  }
}

Result<Draft> Updater::read_draft(bool anew, config::ServeSettings& settings) {
  loader_.read_files()[parts_.config_file] = FileState::of(parts_.config_file);
  WEIR_TRY(settings, parts_.read_settings());
  const auto running = status().generation;
  return loader_.begin(settings, running.get(), anew);
}

void Updater::update(bool anew, const std::stop_token& stop) {
  config::ServeSettings settings;
  auto draft = read_draft(anew, settings);
  if (!draft.ok()) return rejected(draft.error(), settings);
  if (!draft.value().codes.complete()) {
    const auto awaited = draft.value().codes.missing();
    status_.lock()->awaited = awaited;
    log(LogLevel::Info, "the new configuration waits for code: " + joined(awaited));
    draft.value().codes.start(parts_.supply, [this] { wake(); });
    const Waited waited = wait_for(draft.value(), stop);
    status_.lock()->awaited.clear();
    if (waited == Waited::Stopped) return;
    if (waited == Waited::Superseded) {
      return log(LogLevel::Info, "the new configuration gives way to a newer one");
    }
  }
  const auto running = status().generation;
  auto next = loader_.finish(std::move(draft).value(), running.get(), OnMissing::Reject, stop);
  if (stop.stop_requested()) return;
  Done done = next.ok() ? install(std::move(next).value()) : Done(std::move(next).error());
  return done.ok() ? accepted() : rejected(done.error(), settings);
}

void Updater::accepted() {
  count("config.update_success");
  uint64_t version = 0;
  {
    auto status = status_.lock();
    ++status->accepted;
    status->rejection.clear();
    version = status->version;
  }
  log(LogLevel::Info, "configuration " + std::to_string(version) + " serves");
  set_watched({});
}

void Updater::rejected(const Error& why, const config::ServeSettings& what) {
  count("config.update_rejected");
  uint64_t version = 0;
  {
    auto status = status_.lock();
    ++status->rejected;
    status->rejection = why.message;
    version = status->version;
  }
  log(LogLevel::Error,
      "configuration " + std::to_string(version) + " stays; rejected: " + why.message);
  set_watched(what);
}

void Updater::reload_wanted(const Wanted& wanted, const std::stop_token& stop) {
  const auto running = status().generation;
  if (running == nullptr || !wanted.plugins()) return;
  // A change of plugins leaves the places as they are.
  for (const auto& places : places_by_file(running->plugins, parts_.supply.base_dir())) {
    const auto& first = running->plugins[places.front()].settings;
    const auto file = planes::watched_file(first, parts_.supply.base_dir());
    if (stop.stop_requested()) return;
    if (wanted.all_plugins || (file && wanted.files.contains(*file)))
      reload(places, std::nullopt, stop);
  }
}

void Updater::reload(const std::vector<size_t>& places, std::optional<std::string> code,
                     const std::stop_token& stop) {
  const auto running = status().generation;
  const auto is_there = [&](size_t place) { return place < running->plugins.size(); };
  if (running == nullptr || !std::ranges::all_of(places, is_there)) return;
  auto failures = status().failed_reloads;
  auto next = loader_.replace(*running, places, std::move(code), stop);
  if (stop.stop_requested()) return;
  const Done done = next.ok() ? install(std::move(next).value()) : Done(std::move(next).error());
  for (const size_t place : places) {
    count(done.ok() ? "plugin_fleet.reload_success" : "plugin_fleet.reload_failure");
    failures[place] = done.ok() ? "" : done.error().message;
  }
  status_.lock()->failed_reloads = std::move(failures);

  std::string stays;
  for (const size_t place : places) {
    const PlacedPlugin& old = running->plugins[place];
    const std::string name = "plugin '" + old.settings.name + "'";
    if (done.ok()) log(LogLevel::Info, name + " replaced on all workers");
    stays += "; the running " + name + (old.plugin == nullptr ? " stays out" : " stays");
  }
  if (!done.ok()) log(LogLevel::Error, "reload: " + done.error().message + stays);
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
    if (Done done = worker->commit(); !done.ok()) log(LogLevel::Error, done.error().message);
  }
  const auto then = addresses(status());
  {
    // What was there goes after the lock: it may be the last user of its VMs.
    auto status = status_.lock();
    ++status->version;
    auto failures = failures_of_absent(*generation, *status);
    status->generation.swap(generation);
    status->failed_reloads = std::move(failures);
    status->ports = std::move(ports);
  }
  const auto now = addresses(status());
  for (const auto& address : now) {
    if (!std::ranges::count(then, address)) log(LogLevel::Info, "listening on " + address);
  }
  for (const auto& address : then) {
    if (!std::ranges::count(now, address)) log(LogLevel::Info, "no longer listening on " + address);
  }
  healing_.watch(*status().generation);
  return Unit{};
}

void Updater::heal(const std::stop_token& stop) {
  for (Healing::Code& code : healing_.poll(std::chrono::steady_clock::now())) {
    reload({code.place}, std::move(code.code), stop);
  }
}

void Updater::files_changed(const std::vector<std::filesystem::path>& files) {
  const auto running = status().generation;
  const auto of_plugins = running == nullptr
                              ? std::set<std::filesystem::path>()
                              : plugin_files(running->settings, parts_.supply.base_dir());
  {
    const std::lock_guard lock(mutex_);
    for (const auto& file : files) {
      if (file == parts_.config_file || retry_files_.contains(file)) wanted_.configuration = true;
      // New certificates are a new configuration, which takes over as any does.
      if (parts_.read_settings != nullptr && tls_files_.contains(file)) {
        wanted_.configuration = true;
      }
      if (of_plugins.contains(file)) wanted_.files.insert(file);
    }
  }
  woken_.notify_all();
}

void Updater::reload_all() {
  {
    const std::lock_guard lock(mutex_);
    wanted_.configuration = wanted_.anew = parts_.read_settings != nullptr;
    wanted_.all_plugins = !wanted_.configuration;
  }
  woken_.notify_all();
}

void Updater::log_absence(const std::filesystem::path& file, const std::string& why) {
  const auto running = status().generation;
  if (running == nullptr) return;
  if (why.empty()) return log(LogLevel::Info, file.string() + " is there again, as it was");
  std::string served;
  if (file == parts_.config_file) {
    served = "the configuration that was read from it serves on";
  } else if (plugin_files(running->settings, parts_.supply.base_dir()).contains(file)) {
    served = "the plugin that was loaded from it serves on";
  } else if (const std::lock_guard lock(mutex_); tls_files_.contains(file)) {
    served = "what was read from it for TLS serves on";
  } else {
    return;  // of a configuration that was rejected
  }
  log(LogLevel::Warn,
      file.string() + ": " + why + "; " + served + ", and it is read when it is back");
}

void Updater::hold(std::function<void()> held) {
  {
    const std::lock_guard lock(mutex_);
    wanted_.hold = std::move(held);
  }
  woken_.notify_all();
}

void Updater::go_on() {
  {
    const std::lock_guard lock(mutex_);
    wanted_.hold = nullptr;
    standing_still_ = false;
  }
  woken_.notify_all();
}

void Updater::set_watched(const config::ServeSettings& rejected) {
  const std::filesystem::path& base_dir = parts_.supply.base_dir();
  const auto running = status().generation;
  auto files = running == nullptr ? std::set<std::filesystem::path>()
                                  : plugin_files(running->settings, base_dir);
  if (!parts_.config_file.empty()) files.insert(parts_.config_file);
  // A configuration that was rejected for a file may be right once the file is.
  auto retry = plugin_files(rejected, base_dir);
  retry.merge(tls_files_of(rejected, base_dir));
  retry.merge(missing_folders(rejected, base_dir));
  auto tls = running == nullptr ? std::set<std::filesystem::path>()
                                : tls_files_of(running->settings, base_dir);
  files.insert(tls.begin(), tls.end());
  files.insert(retry.begin(), retry.end());
  {
    const std::lock_guard lock(mutex_);
    retry_files_ = std::move(retry);
    tls_files_ = std::move(tls);
  }
  auto& read = loader_.read_files();
  std::vector<FileWatch::File> list;
  for (const auto& file : files) list.push_back({file, read[file]});
  std::erase_if(read, [&](const auto& known) { return !files.contains(known.first); });
  const auto same_path = [](const auto& a, const auto& b) { return a.path == b.path; };
  if (std::ranges::equal(*watched_.lock(), list, same_path)) return;
  *watched_.lock() = std::move(list);
  if (parts_.on_files != nullptr) parts_.on_files();
}

void Updater::wake() {
  // A waiter that has just looked goes to sleep first.
  { const std::lock_guard lock(mutex_); }
  woken_.notify_all();
}

void Updater::count(std::string_view name) const {
  runtime::Metric* counter = parts_.host.metrics().define(abi::MetricType::Counter, name);
  if (counter != nullptr) counter->add(1);
}

}  // namespace weir::serve
