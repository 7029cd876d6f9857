#include "planes/envoy/plugin_fields.h"

#include "config/message_reader.h"
#include "config/plugin_reader.h"
#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"
#include "weir/v1/service_options.pb.h"

namespace weir::envoy_plane {
namespace {

template <typename M>
Result<M> read_as(const config::Node& node, const config::Place& at, config::SourceMap& map) {
  M message;
  WEIR_TRY(config::MessageReader(map).read(node, message, at));
  return message;
}

template <typename M>
Result<config::PluginSettings> settings_of(const M& message, const config::Place& at) {
  return config::make_plugin_settings(message, at, config::process_environment());
}

}  // namespace

Result<config::PluginSettings> read_plugin_fields(const config::Node& node, const config::Place& at,
                                                  config::SourceMap& map) {
  if (node.find("plugin") != nullptr) {
    WEIR_TRY(const auto options, read_as<v1::PluginOptions>(node, at, map));
    return settings_of(options, at);
  }
  if (node.find("config") != nullptr) {
    using Wasm = ::envoy::extensions::filters::http::wasm::v3::Wasm;
    WEIR_TRY(const auto wasm, read_as<Wasm>(node, at, map));
    return settings_of(wasm.config(), at.field("config"));
  }
  WEIR_TRY(const auto config, read_as<::envoy::extensions::wasm::v3::PluginConfig>(node, at, map));
  return settings_of(config, at);
}

Result<ServiceSettings> read_service_fields(const config::Node& node, const config::Place& at,
                                            config::SourceMap& map) {
  if (node.find("options") != nullptr) {
    WEIR_TRY(const auto service, read_as<v1::ServiceOptions>(node, at, map));
    WEIR_TRY(auto plugin, settings_of(service.options(), at.field("options")));
    return ServiceSettings{std::move(plugin), service.singleton()};
  }
  if (node.find("config") != nullptr) {
    WEIR_TRY(const auto service,
             read_as<::envoy::extensions::wasm::v3::WasmService>(node, at, map));
    WEIR_TRY(auto plugin, settings_of(service.config(), at.field("config")));
    return ServiceSettings{std::move(plugin), service.singleton()};
  }
  WEIR_TRY(auto plugin, read_plugin_fields(node, at, map));
  return ServiceSettings{.plugin = std::move(plugin)};
}

}  // namespace weir::envoy_plane
