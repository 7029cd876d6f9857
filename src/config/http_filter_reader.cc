#include "config/http_filter_reader.h"

#include "config/unpack.h"
#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/router.pb.h"
#include "weir/envoy/upstream_codec.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

namespace filters_v3 = envoy::extensions::filters;
using HttpWasm = filters_v3::http::wasm::v3::Wasm;
using filters_v3::http::router::v3::Router;
using filters_v3::http::upstream_codec::v3::UpstreamCodec;
using filters_v3::network::http_connection_manager::v3::HttpFilter;
using weir::v1::PluginOptions;

// What the last filter is.
struct End {
  std::string_view name;
  std::string type;
};

End end_of(HttpFiltersOf of) {
  if (of == HttpFiltersOf::Cluster) {
    return {"upstream codec", UpstreamCodec::descriptor()->full_name()};
  }
  return {"router", Router::descriptor()->full_name()};
}

Result<PluginSettings> read_http_filter(const google::protobuf::Any& config, const End& end,
                                        const Environment& environment, const Place& at) {
  if (config.Is<HttpWasm>()) {
    WEIR_TRY(HttpWasm wasm, unpack<HttpWasm>(config, at));
    return make_plugin_settings(wasm.config(), at.field("config"), environment);
  }
  if (config.Is<PluginOptions>()) {
    WEIR_TRY(PluginOptions options, unpack<PluginOptions>(config, at));
    return make_plugin_settings(options, at, environment);
  }
  return at.error(quote(type_name(config)) + " is no HTTP filter; expected one of " +
                  HttpWasm::descriptor()->full_name() + ", " +
                  PluginOptions::descriptor()->full_name() + ", " + end.type);
}

}  // namespace

Result<std::vector<PluginSettings>> read_http_filters(
    const google::protobuf::RepeatedPtrField<HttpFilter>& filters, HttpFiltersOf of,
    const Environment& environment, const Place& at) {
  const End end = end_of(of);
  const std::string name(end.name);
  std::vector<PluginSettings> plugins;
  const int last = filters.size() - 1;
  for (int i = 0; i <= last; ++i) {
    const google::protobuf::Any& config = filters[i].typed_config();
    const Place here = at.item(static_cast<size_t>(i));
    const bool ends = type_name(config) == end.type;
    if (ends && filters[i].disabled()) {
      return here.field("disabled").error("nothing is reached without the " + name);
    }
    if (ends && i == last) return plugins;
    if (ends) {
      return here.error("the " + name + " has to be the last filter; none is reached after it");
    }
    WEIR_TRY(PluginSettings plugin,
             read_http_filter(config, end, environment, here.field("typed_config")));
    if (filters[i].disabled() && of == HttpFiltersOf::Cluster) {
      return here.field("disabled")
          .error("no route enables a filter of a cluster; leave the filter out");
    }
    plugins.push_back(std::move(plugin));
  }
  return at.error("the last filter has to be the " + name + ", " + end.type);
}

}  // namespace weir::config
