#include "planes/serve/generation_loader.h"

#include <algorithm>

#include "base/sha256.h"
#include "planes/common/plugin_source.h"
#include "planes/serve/cluster_route.h"
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

bool is_remote(const PlacedPlugin& place) {
  return std::holds_alternative<config::RemoteFile>(place.settings.vm.code);
}

// The plugin that was at the same place, if it had the same name; null: there is none.
const PlacedPlugin* find_place(const Generation* in, const PlacedPlugin& place) {
  if (in == nullptr) return nullptr;
  const auto found = std::ranges::find_if(in->plugins, [&](const PlacedPlugin& known) {
    return known.holder == place.holder && known.index == place.index;
  });
  const bool known = found != in->plugins.end() && found->settings.name == place.settings.name;
  return known ? &*found : nullptr;
}

// What stands in `before` for a place of `draft`: of that name, and of the very same settings.
struct Known {
  const PlacedPlugin* named = nullptr;
  const PlacedPlugin* same = nullptr;
};

std::vector<Known> find_known(const Draft& draft, const Generation* before) {
  std::vector<Known> known;
  for (const PlacedPlugin& place : draft.generation.plugins) {
    const PlacedPlugin* named = find_place(before, place);
    const bool same = named != nullptr && !draft.anew && named->settings == place.settings;
    known.push_back({named, same ? named : nullptr});
  }
  return known;
}

}  // namespace

Result<Draft> GenerationLoader::begin(config::ServeSettings settings, const Generation* before,
                                      bool anew) {
  Draft draft;
  draft.anew = anew;
  WEIR_TRY(draft.generation, make_generation(std::move(settings)));
  warn_of_misspelt_clusters(draft.generation.settings, host_.logger());
  WEIR_TRY(open_logs(draft.generation, log_files_, supply_.base_dir()));
  for (const auto& file : tls_files_of(draft.generation.settings, supply_.base_dir())) {
    read_files_[file] = FileState::of(file);
  }
  WEIR_TRY(open_tls(draft.generation, before, supply_.base_dir()));
  const std::vector<Known> known = find_known(draft, before);
  draft.fetched.resize(known.size());
  std::optional<Error> refused;
  for (size_t i = 0; i < known.size(); ++i) {
    const PlacedPlugin& place = draft.generation.plugins[i];
    // Code by its hash is the same as long as the settings are.
    if (!is_remote(place) || known[i].same != nullptr) continue;
    auto added = draft.codes.add(supply_, place.settings);
    if (added.ok()) {
      draft.fetched[i] = added.value();
    } else if (!refused) {
      // The others are asked for all the same: what is fetched for the next try is all of it.
      refused = std::move(added).error();
    }
  }
  if (refused) return std::move(*refused);
  return draft;
}

Result<Generation> GenerationLoader::finish(Draft draft, const Generation* before,
                                            OnMissing on_missing, const std::stop_token& stop) {
  const std::vector<Known> known = find_known(draft, before);
  for (size_t i = 0; i < known.size(); ++i) {
    PlacedPlugin& place = draft.generation.plugins[i];
    const auto& [named, same] = known[i];
    if (is_remote(place) && same != nullptr) {
      place.plugin = same->plugin;
      place.absent = same->absent;
    } else {
      auto code = draft.fetched[i] ? draft.codes.take(*draft.fetched[i]) : read(place.settings);
      if (code.ok()) {
        WEIR_TRY(load(place, std::move(code).value(), same, stop));
      } else if (draft.fetched[i] && on_missing == OnMissing::DoWithout) {
        place.absent = code.error().message;
        host_.logger().log(LogLevel::Warn, place.absent + "; streams do without until it comes");
      } else {
        return std::move(code).error();
      }
    }
    if (named != nullptr) {
      place.reloads = named->reloads + (place.plugin == named->plugin ? 0 : 1);
    }
  }
  WEIR_TRY(check_singletons(draft.generation.plugins));
  return std::move(draft.generation);
}

Result<Generation> GenerationLoader::replace(const Generation& of, std::span<const size_t> places,
                                             std::optional<std::string> code,
                                             const std::stop_token& stop) {
  Generation next = of;
  if (!code) {
    WEIR_TRY(code, read(next.plugins[places.front()].settings));
  }
  for (const size_t place : places) {
    WEIR_TRY(load(next.plugins[place], *code, nullptr, stop));
    ++next.plugins[place].reloads;
  }
  WEIR_TRY(check_singletons(next.plugins));
  return next;
}

Result<std::string> GenerationLoader::read(const config::PluginSettings& settings) {
  if (auto file = planes::watched_file(settings, supply_.base_dir())) {
    read_files_[*file] = FileState::of(*file);
  }
  WEIR_TRY(auto code, supply_.find(settings));
  if (code) return std::move(*code);
  return settings.where.locate(
      config::PluginField::Code,
      {ErrorCode::NotFound, "plugin '" + settings.name + "': its code is not there yet"});
}

// `same`: what runs with the same settings, and stays if its code is the same.
Done GenerationLoader::load(PlacedPlugin& place, std::string code, const PlacedPlugin* same,
                            const std::stop_token& stop) const {
  if (stop.stop_requested()) return at_place(place, {ErrorCode::Unavailable, "broken off"});
  place.absent.clear();
  if (same != nullptr && same->plugin != nullptr &&
      same->plugin->vm()->code_hash() == to_hex(sha256({as_bytes(code)}))) {
    place.plugin = same->plugin;
    return Unit{};
  }
  const Nanoseconds before = host_.clock().monotonic();
  WEIR_TRY(place.plugin, planes::load_plugin(host_, place.settings, std::move(code), {}, stop));
  host_.logger().log(LogLevel::Info,
                     loaded_message(*place.plugin, host_.clock().monotonic() - before));
  return Unit{};
}

}  // namespace weir::serve
