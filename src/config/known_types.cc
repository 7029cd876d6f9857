#include "config/known_types.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>

#include "base/suggestion.h"
#include "weir/envoy/file_access_log.pb.h"
#include "weir/envoy/http_connection_manager.pb.h"
#include "weir/envoy/http_protocol_options.pb.h"
#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/network_wasm.pb.h"
#include "weir/envoy/proxy_protocol.pb.h"
#include "weir/envoy/route.pb.h"
#include "weir/envoy/router.pb.h"
#include "weir/envoy/stream_access_log.pb.h"
#include "weir/envoy/tcp_proxy.pb.h"
#include "weir/envoy/tls.pb.h"
#include "weir/envoy/tls_inspector.pb.h"
#include "weir/envoy/upstream_codec.pb.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/envoy/wasm_access_log.pb.h"
#include "weir/v1/plugin_options.pb.h"
#include "weir/v1/service_options.pb.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
namespace filters = envoy::extensions::filters;

template <typename... Messages>
std::vector<const pb::Message*> prototypes() {
  return {&Messages::default_instance()...};
}

const std::vector<const pb::Message*>& all_prototypes() {
  static const auto kAll = prototypes<
      weir::v1::PluginOptions, weir::v1::ServiceOptions, filters::http::wasm::v3::Wasm,
      filters::network::wasm::v3::Wasm, envoy::extensions::access_loggers::wasm::v3::WasmAccessLog,
      envoy::extensions::access_loggers::file::v3::FileAccessLog,
      envoy::extensions::access_loggers::stream::v3::StdoutAccessLog,
      envoy::extensions::access_loggers::stream::v3::StderrAccessLog,
      envoy::extensions::wasm::v3::WasmService,
      filters::network::http_connection_manager::v3::HttpConnectionManager,
      filters::network::tcp_proxy::v3::TcpProxy, filters::http::router::v3::Router,
      filters::http::upstream_codec::v3::UpstreamCodec,
      envoy::extensions::upstreams::http::v3::HttpProtocolOptions,
      filters::listener::proxy_protocol::v3::ProxyProtocol,
      filters::listener::tls_inspector::v3::TlsInspector, envoy::config::route::v3::FilterConfig,
      envoy::extensions::transport_sockets::tls::v3::DownstreamTlsContext,
      envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext, pb::Struct, pb::Value,
      pb::ListValue, pb::StringValue, pb::BytesValue, pb::BoolValue, pb::Int32Value, pb::Int64Value,
      pb::UInt32Value, pb::UInt64Value, pb::FloatValue, pb::DoubleValue, pb::Duration, pb::Empty,
      pb::Any>();
  return kAll;
}

}  // namespace

std::unique_ptr<pb::Message> make_message(std::string_view type_url) {
  size_t slash = type_url.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return nullptr;
  std::string_view name = type_url.substr(slash + 1);
  for (const pb::Message* prototype : all_prototypes()) {
    if (prototype->GetDescriptor()->full_name() == name) {
      return std::unique_ptr<pb::Message>(prototype->New());
    }
  }
  return nullptr;
}

bool is_plugins_own(const pb::FieldDescriptor& field) {
  using envoy::extensions::wasm::v3::PluginConfig;
  using envoy::extensions::wasm::v3::VmConfig;
  return field.name() == "configuration" &&
         (field.containing_type() == PluginConfig::descriptor() ||
          field.containing_type() == VmConfig::descriptor());
}

const std::vector<std::string>& known_types() {
  static const auto kNames = [] {
    std::vector<std::string> names;
    for (const pb::Message* message : all_prototypes()) {
      names.push_back(message->GetDescriptor()->full_name());
    }
    return names;
  }();
  return kNames;
}

Error unknown_type(std::string_view type_url, const Place& at, TypeOf what) {
  size_t slash = type_url.rfind('/');
  if (slash == std::string_view::npos || slash == 0) {
    return at.error(quote(type_url) +
                    " is not a type's URL; write type.googleapis.com/ before its name");
  }
  std::string_view name = type_url.substr(slash + 1);
  std::vector<std::string> names = known_types();
  if (what == TypeOf::Configuration) {
    // Clang 14 does not take the algorithm of ranges, which answers with one.
    std::stable_partition(names.begin(), names.end(), [](const std::string& known) {
      return known.starts_with("google.protobuf.");
    });
  }
  return at.error("unknown type " + quote(name) + "; " + suggest(name, names));
}

}  // namespace weir::config
