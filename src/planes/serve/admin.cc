#include "planes/serve/admin.h"

#include <nlohmann/json.hpp>

#include "planes/serve/admin_pages.h"
#include "planes/serve/admin_query.h"
#include "planes/serve/stats_report.h"
#include "runtime/started_image.h"
#include "runtime/vm.h"

namespace weir::serve {
namespace {

using PluginStatuses = WorkerThread::PluginStatuses;

constexpr std::string_view kIndex =
    "GET /ready                     LIVE when requests are served, 503 otherwise\n"
    "GET /ready?plugins             the same, and 503 while a plugin cannot be started\n"
    "GET /stats                     counters, gauges and histograms; ?filter=REGEX, ?usedonly, "
    "?format=json\n"
    "GET /stats/prometheus          the same for Prometheus, as is /stats?format=prometheus\n"
    "GET /clusters                  clusters and their endpoints; ?format=json\n"
    "GET /listeners                 listeners and their addresses; ?format=json\n"
    "GET /certs                     certificates that are shown and trusted, as JSON\n"
    "GET /config_dump               the configuration that serves, as JSON\n"
    "GET /server_info               version, state and time since the start, as JSON\n"
    "GET /plugins                   what runs where, as JSON\n"
    "GET /updates                   what became of new configurations, as JSON\n";

nlohmann::json worker_json(const runtime::WorkerPlugin::Status& status, bool isolated) {
  const char* state = status.running ? "running" : status.backing_off ? "backing_off" : "failed";
  nlohmann::json json = {{"state", state}, {"failures", status.failures}};
  if (isolated) {
    json["stream_instances"] = status.stream_instances;
    json["stream_memory_bytes"] = status.stream_memory_bytes;
  }
  if (!status.last_failure.empty()) json["last_failure"] = status.last_failure;
  return json;
}

std::string_view policy_name(runtime::FailurePolicy policy) {
  constexpr std::string_view kNames[] = {"FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"};
  return kNames[static_cast<size_t>(policy)];
}

std::string_view policy_name(config::FailurePolicy policy) {
  switch (policy) {
    case config::FailurePolicy::FailReload:
      return "FAIL_RELOAD";
    case config::FailurePolicy::FailClosed:
      return "FAIL_CLOSED";
    case config::FailurePolicy::FailOpen:
      return "FAIL_OPEN";
  }
  return "";
}

bool is_isolated(const runtime::Plugin& plugin) { return plugin.image() != nullptr; }

// Its code has not come; or it has, and the plugin has refused to start with it.
const std::string& why_absent(const PlacedPlugin& place, const std::string& failed_reload) {
  return failed_reload.empty() ? place.absent : failed_reload;
}

nlohmann::json absent_json(const PlacedPlugin& place, const std::string& failed_reload) {
  return {{"name", place.settings.name},
          {"root_id", place.settings.root_id},
          {"vm_id", place.settings.vm.vm_id},
          {"absent", why_absent(place, failed_reload)},
          {"failure_policy", policy_name(place.settings.failure_policy)},
          {"reloads", place.reloads}};
}

nlohmann::json plugin_json(const PlacedPlugin& place, const std::string& failed_reload) {
  const runtime::Plugin& plugin = *place.plugin;
  const auto& module = plugin.vm()->module();
  const auto engine = module.engine().info();
  nlohmann::json json = {{"name", plugin.options().name},
                         {"root_id", plugin.options().root_id},
                         {"vm_id", plugin.options().vm.vm_id},
                         {"engine", engine.name},
                         {"engine_version", engine.version},
                         {"abi", to_string(module.abi_version())},
                         {"code_sha256", plugin.vm()->code_hash()},
                         {"failure_policy", policy_name(plugin.options().failure_policy)},
                         {"isolation", is_isolated(plugin) ? "STREAM" : "SHARED"},
                         {"reloads", place.reloads}};
  if (is_isolated(plugin) && plugin.image()->module == nullptr) {
    json["starts_each_stream_anew"] = plugin.image()->obstacle;
  }
  if (!failed_reload.empty()) json["failed_reload"] = failed_reload;
  return json;
}

// A guest's words need not be UTF-8.
std::string text_of(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string plugins_json(const UpdateStatus& status,
                         const std::vector<WorkerThread::PluginStatuses>& workers) {
  nlohmann::json list = nlohmann::json::array();
  const size_t places = status.generation == nullptr ? 0 : status.generation->plugins.size();
  for (size_t place = 0; place < places; ++place) {
    if (status.generation->plugins[place].plugin == nullptr) {
      list.push_back(absent_json(status.generation->plugins[place], status.failed_reloads[place]));
      continue;
    }
    nlohmann::json json =
        plugin_json(status.generation->plugins[place], status.failed_reloads[place]);
    json["workers"] = nlohmann::json::array();
    const bool isolated = is_isolated(*status.generation->plugins[place].plugin);
    for (const auto& worker : workers) {
      if (worker.generation != status.generation || !worker.by_place[place]) continue;
      json["workers"].push_back(worker_json(*worker.by_place[place], isolated));
    }
    list.push_back(std::move(json));
  }
  return text_of({{"plugins", std::move(list)}});
}

AdminReply plugins_ready(const UpdateStatus& status,
                         const std::vector<WorkerThread::PluginStatuses>& workers) {
  AdminReply reply{.status = 503, .content_type = "text/plain", .body = ""};
  const size_t places = status.generation == nullptr ? 0 : status.generation->plugins.size();
  for (size_t place = 0; place < places; ++place) {
    const PlacedPlugin& placed = status.generation->plugins[place];
    if (placed.plugin == nullptr) {
      reply.body += "plugin '" + placed.settings.name +
                    "' is absent: " + why_absent(placed, status.failed_reloads[place]) + "\n";
      continue;
    }
    const runtime::Plugin& plugin = *placed.plugin;
    // Its streams need no instance that could fail before them.
    if (is_isolated(plugin)) continue;
    size_t all = 0;
    size_t waiting = 0;
    std::string why;
    for (const auto& worker : workers) {
      if (worker.generation != status.generation) continue;
      const auto& here = worker.by_place[place];
      if (!here) continue;
      ++all;
      if (!here->backing_off) continue;
      ++waiting;
      why = here->last_failure;
    }
    if (waiting == 0) continue;
    reply.body += "plugin '" + plugin.options().name + "' cannot be started on " +
                  std::to_string(waiting) + " of " + std::to_string(all) + " workers: " + why +
                  "\n";
  }
  if (reply.body.empty()) return {.status = 200, .content_type = "text/plain", .body = "LIVE\n"};
  return reply;
}

void Admin::answer(std::string_view target, const Done& done) {
  const std::string_view path = target.substr(0, target.find('?'));
  const AdminQuery query(path.size() < target.size() ? target.substr(path.size() + 1)
                                                     : std::string_view());
  if (path == "/") return done({.body = std::string(kIndex)});
  if (path == "/ready" && query.has("plugins") && state_ == State::Live) {
    return ask_workers<PluginStatuses>(
        &WorkerThread::report_plugins,
        [this, done](const auto& all) { done(plugins_ready(parts_.updater.status(), all)); });
  }
  if (path == "/ready") return done(ready());
  if (path == "/plugins") {
    return ask_workers<PluginStatuses>(&WorkerThread::report_plugins,
                                       [this, done](const auto& all) {
                                         done({.content_type = "application/json",
                                               .body = plugins_json(parts_.updater.status(), all)});
                                       });
  }
  if (path == "/clusters") {
    const auto answer = [this, done, text = std::string(target)](const auto& all) {
      const size_t at = text.find('?');
      done(clusters_page(parts_.updater.status(), all,
                         AdminQuery(at == std::string::npos ? "" : text.substr(at + 1))));
    };
    return ask_workers<WorkerThread::ClusterStatuses>(&WorkerThread::report_clusters, answer);
  }
  if (path == "/updates") return done(updates());
  if (path == "/server_info") return done(server_info());
  if (path == "/listeners") return done(listeners_page(parts_.updater.status(), query));
  if (path == "/certs") return done(certs_page(parts_.updater.status()));
  if (path == "/config_dump") return done(config_dump_page(parts_.updater.status()));
  if (path == "/stats" || path == "/stats/prometheus") {
    count();
    return done(path == "/stats" ? stats_page(parts_.metrics, query)
                                 : prometheus_page(parts_.metrics, query));
  }
  done({.status = 404, .body = "no such page\n" + std::string(kIndex)});
}

void Admin::count() {
  report_stats(parts_.workers, parts_.metrics);
  parts_.supply.report(parts_.metrics);
}

AdminReply Admin::ready() const {
  switch (state_) {
    case State::Starting:
      return {.status = 503, .body = "STARTING\n"};
    case State::Live:
      return {.body = "LIVE\n"};
    case State::Draining:
      return {.status = 503, .body = "DRAINING\n"};
  }
  return {.status = 500};
}

AdminReply Admin::updates() const {
  const UpdateStatus status = parts_.updater.status();
  nlohmann::json json = {
      {"generation", status.version}, {"accepted", status.accepted}, {"rejected", status.rejected}};
  if (!status.rejection.empty()) json["rejection"] = status.rejection;
  if (!status.awaited.empty()) json["waits_for"] = status.awaited;
  return {.content_type = "application/json", .body = text_of(json)};
}

AdminReply Admin::server_info() const {
  constexpr std::string_view kStates[] = {"INITIALIZING", "LIVE", "DRAINING"};
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  const std::string seconds = std::to_string(uptime.count()) + "s";
  // One of them has no listeners.
  const size_t streams = parts_.workers.empty() ? 0 : parts_.workers.size() - 1;
  return {.content_type = "application/json",
          .body = text_of({{"version", parts_.version},
                           {"state", kStates[static_cast<size_t>(state_)]},
                           {"uptime_current_epoch", seconds},
                           {"uptime_all_epochs", seconds},
                           {"command_line_options",
                            {{"concurrency", streams}, {"config_path", parts_.config_file}}}})};
}

template <typename Statuses>
void Admin::ask_workers(void (WorkerThread::*ask)(std::function<void(Statuses)>),
                        std::function<void(const std::vector<Statuses>&)> done) {
  // What the workers say arrives on the main thread, in any order.
  struct Collected {
    std::vector<Statuses> statuses;
    size_t missing;
  };
  auto collected = std::make_shared<Collected>(
      Collected{std::vector<Statuses>(parts_.workers.size()), parts_.workers.size()});
  for (size_t i = 0; i < parts_.workers.size(); ++i) {
    const auto on_main_thread = [i, collected, done](auto& statuses) {
      collected->statuses[i] = std::move(statuses);
      if (--collected->missing > 0) return;
      done(collected->statuses);
    };
    ((*parts_.workers[i]).*ask)([post = parts_.post, on_main_thread](Statuses statuses) {
      post(
          [on_main_thread, statuses = std::move(statuses)]() mutable { on_main_thread(statuses); });
    });
  }
}

}  // namespace weir::serve
