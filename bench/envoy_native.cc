// A dynamic module of Envoy without any of Weir, for bench/envoy_plane.py to compare with: filters
// that do nothing ("noop"), and that make the calls of guests/mixed_hostcalls.wat natively
// ("mixed", and "cleared", which has Envoy choose the route anew after that, as it does for a Wasm
// plugin that changes headers).

#include "planes/envoy/config_callbacks.h"
#include "planes/envoy/dynamic_module.h"
#include "planes/envoy/http_callbacks.h"

namespace weir::envoy_plane {
namespace {

constexpr int32_t kContinue = 0;

enum class Kind : uint8_t { Noop, Mixed, Cleared };

struct Config {
  EnvoyHttpConfig* envoy;
  Kind kind;
  size_t counter;
};

struct Filter {
  const Config* config;
  EnvoyHttpFilter* envoy;
};

void make_calls(const Filter& filter) {
  EnvoyBuffer value;
  for (const char* name : {":path", ":path", "x-absent"}) {
    envoy_dynamic_module_callback_http_get_header(filter.envoy, HeaderType::Request,
                                                  std::string_view(name), &value, 0, nullptr);
  }
  for (const char* name : {"x-one", "x-two"}) {
    envoy_dynamic_module_callback_http_set_header(
        filter.envoy, HeaderType::Request, std::string_view(name), std::string_view("value"));
  }
  for (int i = 0; i < 2; ++i) {
    envoy_dynamic_module_callback_http_filter_get_attribute_string(
        filter.envoy, AttributeId::RequestPath, &value);
  }
  static_cast<void>(envoy_dynamic_module_callback_get_log_level());
  envoy_dynamic_module_callback_http_filter_config_increment_counter(
      filter.config->envoy, filter.config->counter, nullptr, 0, 1);
  if (filter.config->kind == Kind::Cleared) {
    envoy_dynamic_module_callback_http_clear_route_cache(filter.envoy);
  }
}

}  // namespace

WEIR_ENVOY_HOOK const char* envoy_dynamic_module_on_program_init() { return kAbiVersion; }

WEIR_ENVOY_HOOK const Config* envoy_dynamic_module_on_http_filter_config_new(EnvoyHttpConfig* envoy,
                                                                             EnvoyBuffer name,
                                                                             EnvoyBuffer) {
  const Kind kind = name.view() == "noop"    ? Kind::Noop
                    : name.view() == "mixed" ? Kind::Mixed
                                             : Kind::Cleared;
  auto* config = new Config{envoy, kind, 0};
  envoy_dynamic_module_callback_http_filter_config_define_counter(
      envoy, std::string_view("requests"), nullptr, 0, &config->counter);
  return config;
}
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_config_destroy(const Config* config) {
  delete config;
}

WEIR_ENVOY_HOOK Filter* envoy_dynamic_module_on_http_filter_new(const Config* config,
                                                                EnvoyHttpFilter* envoy) {
  return new Filter{config, envoy};
}
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_destroy(Filter* filter) { delete filter; }

WEIR_ENVOY_HOOK int32_t envoy_dynamic_module_on_http_filter_request_headers(EnvoyHttpFilter*,
                                                                            Filter* filter, bool) {
  if (filter->config->kind != Kind::Noop) make_calls(*filter);
  return kContinue;
}
WEIR_ENVOY_HOOK int32_t envoy_dynamic_module_on_http_filter_request_body(EnvoyHttpFilter*, Filter*,
                                                                         bool) {
  return kContinue;
}
WEIR_ENVOY_HOOK int32_t envoy_dynamic_module_on_http_filter_request_trailers(EnvoyHttpFilter*,
                                                                             Filter*) {
  return kContinue;
}
WEIR_ENVOY_HOOK int32_t envoy_dynamic_module_on_http_filter_response_headers(EnvoyHttpFilter*,
                                                                             Filter*, bool) {
  return kContinue;
}
WEIR_ENVOY_HOOK int32_t envoy_dynamic_module_on_http_filter_response_body(EnvoyHttpFilter*, Filter*,
                                                                          bool) {
  return kContinue;
}
WEIR_ENVOY_HOOK int32_t envoy_dynamic_module_on_http_filter_response_trailers(EnvoyHttpFilter*,
                                                                              Filter*) {
  return kContinue;
}

// What Envoy looks for, and never calls here.
#define WEIR_NEVER_CALLED(name) \
  WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_##name() {}
WEIR_NEVER_CALLED(per_route_config_new)
WEIR_NEVER_CALLED(per_route_config_destroy)
WEIR_NEVER_CALLED(config_scheduled)
WEIR_NEVER_CALLED(config_http_stream_headers)
WEIR_NEVER_CALLED(config_http_stream_data)
WEIR_NEVER_CALLED(config_http_stream_trailers)
WEIR_NEVER_CALLED(config_http_stream_complete)
WEIR_NEVER_CALLED(config_http_stream_reset)
WEIR_NEVER_CALLED(scheduled)
WEIR_NEVER_CALLED(http_callout_done)
WEIR_NEVER_CALLED(http_stream_headers)
WEIR_NEVER_CALLED(http_stream_data)
WEIR_NEVER_CALLED(http_stream_trailers)
WEIR_NEVER_CALLED(http_stream_complete)
WEIR_NEVER_CALLED(http_stream_reset)
// Called, with what does not matter here.
WEIR_NEVER_CALLED(stream_complete)
WEIR_NEVER_CALLED(downstream_above_write_buffer_high_watermark)
WEIR_NEVER_CALLED(downstream_below_write_buffer_low_watermark)

}  // namespace weir::envoy_plane
