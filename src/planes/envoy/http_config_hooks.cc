// What Envoy calls of the module, of an HTTP filter's configuration, and of the calls that go
// through one. Each function has the name and the parameters that Envoy's ABI gives it.

#include <cstdio>

#include "planes/envoy/configuration.h"
#include "planes/envoy/module.h"
#include "planes/envoy/needed_callbacks.h"
#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {
namespace {

// Null where it cannot be used as written: Envoy then rejects what it is part of.
const Configuration* make_http_config(EnvoyHttpConfig* envoy, EnvoyBuffer name, EnvoyBuffer bytes) {
  Module& module = Module::get();
  const auto make = [&]() -> Result<std::unique_ptr<Configuration>> {
    WEIR_TRY(check_callbacks(Part::HttpFilter));
    Configuration::Means means;
    if (envoy != nullptr) means = {stats_of(envoy), carrier_of(envoy)};
    return Configuration::make(module, {"filter_config", name.view(), bytes.view()},
                               std::move(means));
  };
  auto made = make();
  if (made.ok()) return std::move(made).value().release();
  module.host().logger().log(LogLevel::Error, made.error().message);
  return nullptr;
}

void end_call(const EnvoyHttpConfig* envoy, uint64_t id) {
  MainThread& main = Module::get().main_thread();
  const auto call = main.take(envoy, id);
  if (call == nullptr) return;
  call->fail(kStreamReset);
  main.reset_calls_of_leaving();
}

}  // namespace

WEIR_ENVOY_HOOK const char* envoy_dynamic_module_on_program_init() {
  const Done checked = check_callbacks(Part::Module);
  if (checked.ok()) return kAbiVersion;
  // Envoy's log is what is missing.
  std::fprintf(stderr, "%s\n", checked.error().message.c_str());
  return nullptr;
}

WEIR_ENVOY_HOOK const Configuration* envoy_dynamic_module_on_http_filter_config_new(
    EnvoyHttpConfig* envoy, EnvoyBuffer name, EnvoyBuffer bytes) {
  return make_http_config(envoy, name, bytes);
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_config_destroy(
    const Configuration* config) {
  delete config;
}

WEIR_ENVOY_HOOK const Configuration* envoy_dynamic_module_on_http_filter_per_route_config_new(
    EnvoyBuffer name, EnvoyBuffer bytes) {
  const Configuration* config = make_http_config(nullptr, name, bytes);
  if (config != nullptr) Module::get().count_route_configs(1);
  return config;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_per_route_config_destroy(
    const Configuration* config) {
  Module::get().count_route_configs(-1);
  delete config;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_config_scheduled(EnvoyHttpConfig*,
                                                                          const Configuration*,
                                                                          uint64_t) {
  Module::get().main_thread().work();
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_config_http_stream_headers(
    EnvoyHttpConfig* envoy, const Configuration*, uint64_t id, EnvoyHeader* headers, size_t count,
    bool end) {
  if (auto call = Module::get().main_thread().find(envoy, id)) {
    RootCall::tell(call, [list = header_list(headers, count), end](CallEvents& to) mutable {
      to.headers(std::move(list), end);
    });
  }
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_config_http_stream_data(
    EnvoyHttpConfig* envoy, const Configuration*, uint64_t id, const EnvoyBuffer* pieces,
    size_t count, bool end) {
  if (auto call = Module::get().main_thread().find(envoy, id)) {
    RootCall::tell(call,
                   [data = joined(pieces, count), end](CallEvents& to) { to.data(data, end); });
  }
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_config_http_stream_trailers(
    EnvoyHttpConfig* envoy, const Configuration*, uint64_t id, EnvoyHeader* trailers,
    size_t count) {
  if (auto call = Module::get().main_thread().find(envoy, id)) {
    RootCall::tell(call, [list = header_list(trailers, count)](CallEvents& to) mutable {
      to.trailers(std::move(list));
    });
  }
}

// The end has been told by what came before; where it has not, there was none.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_config_http_stream_complete(
    EnvoyHttpConfig* envoy, const Configuration*, uint64_t id) {
  end_call(envoy, id);
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_config_http_stream_reset(
    EnvoyHttpConfig* envoy, const Configuration*, uint64_t id, int32_t) {
  end_call(envoy, id);
}

}  // namespace weir::envoy_plane
