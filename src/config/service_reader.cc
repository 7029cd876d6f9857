#include "config/service_reader.h"

#include "config/unpack.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/service_options.pb.h"

namespace weir::config {
namespace {

using envoy::extensions::wasm::v3::WasmService;
using weir::v1::ServiceOptions;

Result<Service> read_service(const google::protobuf::Any& config, const Environment& environment,
                             const Place& at) {
  Service service;
  if (config.Is<WasmService>()) {
    WEIR_TRY(WasmService message, unpack<WasmService>(config, at));
    service.singleton = message.singleton();
    WEIR_TRY(service.plugin,
             make_plugin_settings(message.config(), at.field("config"), environment));
  } else if (config.Is<ServiceOptions>()) {
    WEIR_TRY(ServiceOptions message, unpack<ServiceOptions>(config, at));
    service.singleton = message.singleton();
    WEIR_TRY(service.plugin,
             make_plugin_settings(message.options(), at.field("options"), environment));
  } else {
    return at.error(quote(type_name(config)) + " is no extension of the process; expected one of " +
                    WasmService::descriptor()->full_name() + ", " +
                    ServiceOptions::descriptor()->full_name());
  }
  return service;
}

bool share_vm(const PluginSettings& a, const PluginSettings& b) {
  return a.vm.vm_id == b.vm.vm_id && a.vm.code == b.vm.code;
}

// All plugins but the singletons.
std::vector<const PluginSettings*> shared_plugins(const ServeSettings& settings) {
  std::vector<const PluginSettings*> plugins;
  for (const Listener& listener : settings.listeners) {
    for (const FilterChain& chain : listener.chains) {
      for (const PluginSettings& plugin : chain.network_plugins) plugins.push_back(&plugin);
      for (const PluginSettings& plugin : chain.plugins) plugins.push_back(&plugin);
      for (const AccessLog& log : chain.access_logs) {
        if (const auto* plugin = std::get_if<PluginSettings>(&log.to)) plugins.push_back(plugin);
      }
    }
  }
  for (const Service& service : settings.services) {
    if (!service.singleton) plugins.push_back(&service.plugin);
  }
  return plugins;
}

}  // namespace

Result<std::vector<Service>> read_services(
    const google::protobuf::RepeatedPtrField<envoy::config::core::v3::TypedExtensionConfig>&
        messages,
    const Environment& environment, const Place& at) {
  std::vector<Service> services;
  for (int i = 0; i < messages.size(); ++i) {
    const Place here = at.item(static_cast<size_t>(i)).field("typed_config");
    WEIR_TRY(Service service, read_service(messages[i].typed_config(), environment, here));
    services.push_back(std::move(service));
  }
  return services;
}

Done check_singletons(const ServeSettings& settings) {
  const auto others = shared_plugins(settings);
  for (const Service& service : settings.services) {
    if (!service.singleton) continue;
    for (const PluginSettings* other : others) {
      if (!share_vm(service.plugin, *other)) continue;
      return service.plugin.where.locate(
          PluginField::Plugin,
          {ErrorCode::BadConfig,
           "the VM of a singleton is its own, but plugin " + quote(other->name) +
               " has the same vm_id and code; give one of the two another vm_id"});
    }
  }
  return Unit{};
}

}  // namespace weir::config
