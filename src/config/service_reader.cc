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

}  // namespace weir::config
