#include "planes/serve/generation.h"

#include <algorithm>

#include "config/plugin_checks.h"
#include "fetch/image_reference.h"
#include "runtime/vm.h"

namespace weir::serve {
namespace {

PluginRange place_plugins(const std::vector<config::PluginSettings>& plugins,
                          const std::string& holder, std::vector<PlacedPlugin>& into) {
  const PluginRange range{into.size(), plugins.size()};
  for (size_t i = 0; i < plugins.size(); ++i) {
    into.push_back({.settings = plugins[i], .holder = holder, .index = i});
  }
  return range;
}

std::vector<config::PluginSettings> log_plugins(const config::FilterChain& chain) {
  std::vector<config::PluginSettings> plugins;
  for (const config::AccessLog& log : chain.access_logs) {
    if (const auto* plugin = std::get_if<config::PluginSettings>(&log.to)) {
      plugins.push_back(*plugin);
    }
  }
  return plugins;
}

// "listener 'public'", "listener 'public', chain 'internal'", "listener 'public', chain 1".
std::string holder_of(const config::Listener& listener, size_t chain) {
  std::string holder = "listener '" + listener.name + "'";
  if (listener.chains.size() == 1) return holder;
  const config::FilterChain& settings = listener.chains[chain];
  if (settings.is_default) return holder + ", default chain";
  return holder + ", chain " +
         (settings.name.empty() ? std::to_string(chain) : "'" + settings.name + "'");
}

struct AllPlaces {
  std::vector<std::vector<ChainPlugins>> listeners;  // and by filter chain
  std::vector<PluginRange> clusters;
};

AllPlaces place_all(const config::ServeSettings& settings, std::vector<PlacedPlugin>& into) {
  AllPlaces places_of;
  auto& listeners = places_of.listeners;
  for (const config::Listener& listener : settings.listeners) {
    auto& chains = listeners.emplace_back();
    for (size_t i = 0; i < listener.chains.size(); ++i) {
      const config::FilterChain& chain = listener.chains[i];
      const std::string holder = holder_of(listener, i);
      ChainPlugins& places = chains.emplace_back();
      places.network = place_plugins(chain.network_plugins, holder + ", connections", into);
      places.http = place_plugins(chain.plugins, holder + ", requests", into);
      places.logs = place_plugins(log_plugins(chain), holder + ", access logs", into);
    }
  }
  for (const config::Cluster& cluster : settings.clusters) {
    places_of.clusters.push_back(
        place_plugins(cluster.plugins.list, "cluster '" + cluster.name + "', requests", into));
  }
  for (size_t i = 0; i < settings.services.size(); ++i) {
    const config::Service& service = settings.services[i];
    into.push_back({.settings = service.plugin,
                    .holder = "services",
                    .index = i,
                    .service = true,
                    .singleton = service.singleton});
  }
  return places_of;
}

// Those that another configuration has made, wherever in it.
std::vector<std::shared_ptr<const TlsContext>> contexts_of(const Generation* generation) {
  std::vector<std::shared_ptr<const TlsContext>> contexts;
  if (generation == nullptr) return contexts;
  for (const auto& listener : generation->chains) {
    for (const GenerationChain& chain : listener) contexts.push_back(chain.tls);
  }
  contexts.insert(contexts.end(), generation->cluster_tls.begin(), generation->cluster_tls.end());
  std::erase(contexts, nullptr);
  return contexts;
}

Result<std::shared_ptr<const TlsContext>> open_context(
    TlsContext::Side side, const config::Tls& settings, const std::filesystem::path& base_dir,
    const std::vector<std::shared_ptr<const TlsContext>>& known) {
  const auto make = [&]() -> Result<std::shared_ptr<const TlsContext>> {
    WEIR_TRY(TlsMaterial material, read_tls_material(settings, base_dir));
    for (const auto& context : known) {
      const bool same = context->side() == side && context->settings() == settings &&
                        context->material() == material;
      if (same) return context;
    }
    return TlsContext::make(side, settings, std::move(material));
  };
  auto made = make();
  if (made.ok()) return made;
  return settings.where.locate(std::move(made).error());
}

}  // namespace

Result<Generation> make_generation(config::ServeSettings settings) {
  Generation made;
  AllPlaces places = place_all(settings, made.plugins);
  made.cluster_plugins = std::move(places.clusters);
  for (size_t i = 0; i < settings.listeners.size(); ++i) {
    const config::Listener& listener = settings.listeners[i];
    auto& chains = made.chains.emplace_back();
    for (size_t j = 0; j < listener.chains.size(); ++j) {
      auto table = RouteTable::make(listener.chains[j].routes, settings);
      if (!table.ok()) return std::move(table).error().in("listener '" + listener.name + "'");
      chains.push_back({.routes = std::make_shared<const RouteTable>(std::move(table).value()),
                        .plugins = places.listeners[i][j]});
    }
  }
  made.cluster_tls.resize(settings.clusters.size());
  made.settings = std::move(settings);
  return made;
}

Done open_logs(Generation& generation, LogFiles& files, const std::filesystem::path& base_dir) {
  for (size_t i = 0; i < generation.chains.size(); ++i) {
    for (size_t j = 0; j < generation.chains[i].size(); ++j) {
      for (const config::AccessLog& log : generation.settings.listeners[i].chains[j].access_logs) {
        std::shared_ptr<LogSink>& sink = generation.chains[i][j].log_sinks.emplace_back();
        if (const auto* file = std::get_if<config::LogFile>(&log.to)) {
          auto opened = files.open(*file, base_dir);
          if (!opened.ok()) return file->where.locate(std::move(opened).error());
          sink = std::move(opened).value();
        }
      }
    }
  }
  return Unit{};
}

std::vector<Error> check_logs(const config::ServeSettings& settings,
                              const std::filesystem::path& base_dir) {
  std::vector<Error> errors;
  for (const config::Listener& listener : settings.listeners) {
    for (const config::FilterChain& chain : listener.chains) {
      for (const config::AccessLog& log : chain.access_logs) {
        const auto* file = std::get_if<config::LogFile>(&log.to);
        if (file == nullptr) continue;
        Done done = check_log_file(*file, base_dir);
        if (done.ok()) continue;
        Error error = file->where.locate(std::move(done).error());
        // A listener's own log is that of all its chains.
        if (std::ranges::count(errors, error.message, &Error::message) == 0) {
          errors.push_back(std::move(error));
        }
      }
    }
  }
  return errors;
}

Done open_tls(Generation& generation, const Generation* before,
              const std::filesystem::path& base_dir) {
  const auto known = contexts_of(before);
  for (size_t i = 0; i < generation.chains.size(); ++i) {
    for (size_t j = 0; j < generation.chains[i].size(); ++j) {
      const auto& tls = generation.settings.listeners[i].chains[j].tls;
      if (!tls) continue;
      WEIR_TRY(generation.chains[i][j].tls,
               open_context(TlsContext::Side::Server, *tls, base_dir, known));
    }
  }
  for (size_t i = 0; i < generation.settings.clusters.size(); ++i) {
    const auto& tls = generation.settings.clusters[i].tls;
    if (!tls) continue;
    WEIR_TRY(generation.cluster_tls[i],
             open_context(TlsContext::Side::Client, *tls, base_dir, known));
  }
  return Unit{};
}

std::set<std::filesystem::path> tls_files_of(const config::ServeSettings& settings,
                                             const std::filesystem::path& base_dir) {
  std::set<std::filesystem::path> files;
  const auto add = [&](const std::optional<config::Tls>& tls) {
    if (tls) files.merge(tls_files(*tls, base_dir));
  };
  for (const config::Listener& listener : settings.listeners) {
    for (const config::FilterChain& chain : listener.chains) add(chain.tls);
  }
  for (const config::Cluster& cluster : settings.clusters) add(cluster.tls);
  return files;
}

Error at_place(const PlacedPlugin& place, Error error) {
  return place.settings.where.locate(config::PluginField::Plugin, std::move(error));
}

namespace {

// Of its code, which may not be there yet. An image may be told by the hash of its manifest.
std::optional<std::string> known_hash(const PlacedPlugin& place) {
  if (place.plugin != nullptr) return place.plugin->vm()->code_hash();
  const auto* remote = std::get_if<config::RemoteFile>(&place.settings.vm.code);
  if (remote == nullptr || remote->sha256.empty() || fetch::is_image_uri(remote->uri)) {
    return std::nullopt;
  }
  return remote->sha256;
}

}  // namespace

Done check_singletons(const std::vector<PlacedPlugin>& places) {
  for (const PlacedPlugin& one : places) {
    if (!one.singleton) continue;
    for (const PlacedPlugin& other : places) {
      if (other.singleton || one.settings.vm.vm_id != other.settings.vm.vm_id) continue;
      const auto hash = known_hash(one);
      if (!hash || hash != known_hash(other)) continue;
      return at_place(one, config::singleton_shares_vm(other.settings.name));
    }
  }
  return Unit{};
}

std::vector<PlacedPlugin> plugins_of(const config::ServeSettings& settings) {
  std::vector<PlacedPlugin> plugins;
  static_cast<void>(place_all(settings, plugins));
  return plugins;
}

}  // namespace weir::serve
