#include "config/requirements.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/lower_case.h"
#include "base/wasm_page.h"
#include "weir/envoy/core.pb.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;

enum class Need {
  Present,         // a message, or a member of a oneof
  OneOf,           // some member of the oneof of that name
  NotEmpty,        // a string; one in a oneof only if it is chosen
  NotEmptyList,    // a list has an item
  Port,            // uint32
  NotNegative,     // a Duration, if present
  OneMillisecond,  // a Duration, if present: at least so long
  AtLeastOne,      // a uint32, or a UInt32Value if present
  NotBelowBase,    // a Duration, if present: not shorter than the field base_interval
  OnePage,         // a UInt64Value, if present: at least a page of wasm memory
  Sha256,          // a string of 64 hexadecimal digits
};

struct Requirement {
  std::string_view message;
  const char* field;
  Need need;
  std::string_view remedy = "";
};

constexpr std::string_view kCodeRemedy = "say where the code is, as local: {filename: plugin.wasm}";
constexpr std::string_view kConfigRemedy = "the plugin is described there";
constexpr std::string_view kRouterRemedy = "the last of them is the router";
constexpr std::string_view kTypedConfigRemedy = "its '@type' says which filter this is";

constexpr Requirement kRequirements[] = {
    {"envoy.config.accesslog.v3.AccessLog", "typed_config", Need::Present,
     "its '@type' says where it goes"},
    {"envoy.config.accesslog.v3.AccessLogFilter", "filter_specifier", Need::OneOf},
    {"envoy.config.accesslog.v3.DurationFilter", "comparison", Need::Present},
    {"envoy.config.accesslog.v3.HeaderFilter", "header", Need::Present},
    {"envoy.config.accesslog.v3.StatusCodeFilter", "comparison", Need::Present},
    {"envoy.config.bootstrap.v3.Admin", "address", Need::Present},
    {"envoy.config.bootstrap.v3.Bootstrap", "static_resources", Need::Present,
     "listeners and clusters stand there"},
    {"envoy.config.bootstrap.v3.Bootstrap.StaticResources", "listeners", Need::NotEmptyList},
    {"envoy.config.cluster.v3.Cluster", "name", Need::NotEmpty},
    {"envoy.config.cluster.v3.Cluster", "connect_timeout", Need::OneMillisecond},
    {"envoy.config.cluster.v3.Cluster", "load_assignment", Need::Present,
     "the cluster's endpoints stand there"},
    {"envoy.config.core.v3.Address", "socket_address", Need::Present},
    {"envoy.config.core.v3.AsyncDataSource", "specifier", Need::OneOf},
    {"envoy.config.core.v3.BackoffStrategy", "base_interval", Need::Present},
    {"envoy.config.core.v3.BackoffStrategy", "base_interval", Need::OneMillisecond},
    {"envoy.config.core.v3.BackoffStrategy", "max_interval", Need::OneMillisecond},
    {"envoy.config.core.v3.BackoffStrategy", "max_interval", Need::NotBelowBase},
    {"envoy.config.core.v3.DataSource", "specifier", Need::OneOf},
    {"envoy.config.core.v3.DataSource", "filename", Need::NotEmpty},
    {"envoy.config.core.v3.DataSource", "environment_variable", Need::NotEmpty},
    {"envoy.config.core.v3.HeaderValue", "key", Need::NotEmpty},
    {"envoy.config.core.v3.HeaderValueOption", "header", Need::Present},
    {"envoy.config.core.v3.HttpProtocolOptions", "max_connection_duration", Need::NotNegative},
    {"envoy.config.core.v3.HttpProtocolOptions", "max_stream_duration", Need::NotNegative},
    {"envoy.config.core.v3.HttpUri", "uri", Need::NotEmpty},
    {"envoy.config.core.v3.HttpUri", "http_upstream_type", Need::OneOf},
    {"envoy.config.core.v3.HttpUri", "cluster", Need::NotEmpty},
    {"envoy.config.core.v3.HttpUri", "timeout", Need::Present},
    {"envoy.config.core.v3.HttpUri", "timeout", Need::OneMillisecond},
    {"envoy.config.core.v3.KeepaliveSettings", "interval", Need::OneMillisecond},
    {"envoy.config.core.v3.KeepaliveSettings", "timeout", Need::Present,
     "say how long to wait for an answer"},
    {"envoy.config.core.v3.KeepaliveSettings", "timeout", Need::OneMillisecond},
    {"envoy.config.core.v3.RemoteDataSource", "http_uri", Need::Present},
    {"envoy.config.core.v3.RemoteDataSource", "sha256", Need::Sha256},
    {"envoy.config.core.v3.SocketAddress", "address", Need::NotEmpty},
    {"envoy.config.core.v3.SocketAddress", "port_value", Need::Present},
    {"envoy.config.core.v3.SocketAddress", "port_value", Need::Port},
    {"envoy.config.core.v3.TypedExtensionConfig", "name", Need::NotEmpty},
    {"envoy.config.core.v3.TypedExtensionConfig", "typed_config", Need::Present,
     "its '@type' says which extension this is"},
    {"envoy.config.core.v3.SubstitutionFormatString", "format", Need::OneOf},
    {"envoy.config.endpoint.v3.ClusterLoadAssignment", "endpoints", Need::NotEmptyList},
    {"envoy.config.endpoint.v3.Endpoint", "address", Need::Present},
    {"envoy.config.endpoint.v3.LbEndpoint", "endpoint", Need::Present},
    {"envoy.config.endpoint.v3.LocalityLbEndpoints", "lb_endpoints", Need::NotEmptyList},
    {"envoy.config.cluster.v3.Cluster", "dns_refresh_rate", Need::OneMillisecond},
    {"envoy.config.cluster.v3.Cluster.LeastRequestLbConfig", "choice_count", Need::AtLeastOne},
    {"envoy.config.cluster.v3.CircuitBreakers.Thresholds", "max_connections", Need::AtLeastOne},
    {"envoy.config.cluster.v3.OutlierDetection", "interval", Need::OneMillisecond},
    {"envoy.config.cluster.v3.OutlierDetection", "base_ejection_time", Need::OneMillisecond},
    {"envoy.config.cluster.v3.OutlierDetection", "max_ejection_time", Need::OneMillisecond},
    {"envoy.config.cluster.v3.OutlierDetection", "max_ejection_time_jitter", Need::NotNegative},
    {"envoy.config.cluster.v3.OutlierDetection", "consecutive_5xx", Need::AtLeastOne},
    {"envoy.config.cluster.v3.OutlierDetection", "consecutive_gateway_failure", Need::AtLeastOne},
    {"envoy.config.cluster.v3.OutlierDetection", "consecutive_local_origin_failure",
     Need::AtLeastOne},
    {"envoy.config.core.v3.HealthCheck", "timeout", Need::Present},
    {"envoy.config.core.v3.HealthCheck", "timeout", Need::OneMillisecond},
    {"envoy.config.core.v3.HealthCheck", "interval", Need::Present},
    {"envoy.config.core.v3.HealthCheck", "interval", Need::OneMillisecond},
    {"envoy.config.core.v3.HealthCheck", "unhealthy_interval", Need::OneMillisecond},
    {"envoy.config.core.v3.HealthCheck", "unhealthy_threshold", Need::Present},
    {"envoy.config.core.v3.HealthCheck", "unhealthy_threshold", Need::AtLeastOne},
    {"envoy.config.core.v3.HealthCheck", "healthy_threshold", Need::Present},
    {"envoy.config.core.v3.HealthCheck", "healthy_threshold", Need::AtLeastOne},
    {"envoy.config.core.v3.HealthCheck", "health_checker", Need::OneOf},
    {"envoy.config.core.v3.HealthCheck.HttpHealthCheck", "path", Need::NotEmpty},
    {"envoy.config.core.v3.HealthCheck.Payload", "payload", Need::OneOf},
    {"envoy.config.listener.v3.Filter", "name", Need::NotEmpty},
    {"envoy.config.listener.v3.ListenerFilter", "name", Need::NotEmpty},
    {"envoy.config.listener.v3.ListenerFilter", "typed_config", Need::Present, kTypedConfigRemedy},
    {"envoy.config.listener.v3.Filter", "typed_config", Need::Present, kTypedConfigRemedy},
    {"envoy.config.listener.v3.FilterChain", "filters", Need::NotEmptyList},
    {"envoy.config.listener.v3.Listener", "address", Need::Present},
    {"envoy.config.listener.v3.Listener", "filter_chains", Need::NotEmptyList},
    {"envoy.config.core.v3.CidrRange", "address_prefix", Need::NotEmpty},
    {"envoy.config.core.v3.TransportSocket", "name", Need::NotEmpty},
    {"envoy.config.core.v3.TransportSocket", "typed_config", Need::Present,
     "its '@type' says which this is"},
    {"envoy.config.listener.v3.FilterChain", "transport_socket_connect_timeout",
     Need::OneMillisecond},
    {"envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", "common_tls_context",
     Need::Present, "the server's certificate stands there"},
    {"envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher", "matcher", Need::Present},
    {"envoy.extensions.transport_sockets.tls.v3.TlsCertificate", "certificate_chain",
     Need::Present},
    {"envoy.extensions.transport_sockets.tls.v3.TlsCertificate", "private_key", Need::Present},
    {"envoy.config.route.v3.HeaderMatcher", "name", Need::NotEmpty},
    {"envoy.config.route.v3.QueryParameterMatcher", "name", Need::NotEmpty},
    {"envoy.config.route.v3.RetryPolicy", "per_try_timeout", Need::NotNegative},
    {"envoy.config.route.v3.RetryPolicy", "retry_on", Need::NotEmpty,
     "say after what to try again, as retry_on: \"connect-failure,reset\""},
    {"envoy.config.route.v3.RetryPolicy.RetryBackOff", "base_interval", Need::Present},
    {"envoy.config.route.v3.RetryPolicy.RetryBackOff", "base_interval", Need::OneMillisecond},
    {"envoy.config.route.v3.RetryPolicy.RetryBackOff", "max_interval", Need::OneMillisecond},
    {"envoy.config.route.v3.Route", "match", Need::Present},
    {"envoy.config.route.v3.Route", "action", Need::OneOf},
    {"envoy.config.route.v3.RouteAction", "cluster_specifier", Need::OneOf},
    {"envoy.config.route.v3.RouteAction", "cluster", Need::NotEmpty},
    {"envoy.config.route.v3.RouteAction", "cluster_header", Need::NotEmpty},
    {"envoy.config.route.v3.RouteAction", "timeout", Need::NotNegative},
    {"envoy.config.route.v3.RouteConfiguration", "virtual_hosts", Need::NotEmptyList},
    {"envoy.config.route.v3.RouteMatch", "path_specifier", Need::OneOf},
    {"envoy.config.route.v3.VirtualHost", "name", Need::NotEmpty},
    {"envoy.config.route.v3.VirtualHost", "domains", Need::NotEmptyList, "\"*\" serves all"},
    {"envoy.config.route.v3.WeightedCluster", "clusters", Need::NotEmptyList},
    {"envoy.config.route.v3.WeightedCluster.ClusterWeight", "name", Need::NotEmpty},
    {"envoy.config.core.v3.WatchedDirectory", "path", Need::NotEmpty},
    {"envoy.extensions.access_loggers.file.v3.FileAccessLog", "path", Need::NotEmpty},
    {"envoy.extensions.access_loggers.wasm.v3.WasmAccessLog", "config", Need::Present,
     kConfigRemedy},
    {"envoy.extensions.filters.http.wasm.v3.Wasm", "config", Need::Present, kConfigRemedy},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
     "stat_prefix", Need::NotEmpty},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
     "route_config", Need::Present},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
     "http_filters", Need::NotEmptyList, kRouterRemedy},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager."
     "UpgradeConfig",
     "upgrade_type", Need::NotEmpty},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter", "name",
     Need::NotEmpty},
    {"envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter", "typed_config",
     Need::Present, kTypedConfigRemedy},
    {"envoy.extensions.filters.network.wasm.v3.Wasm", "config", Need::Present, kConfigRemedy},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix", Need::NotEmpty},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "cluster_specifier", Need::OneOf},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "cluster", Need::NotEmpty},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "max_connect_attempts",
     Need::AtLeastOne},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "idle_timeout", Need::NotNegative},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster", "clusters",
     Need::NotEmptyList},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight", "name",
     Need::NotEmpty},
    {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight",
     "weight", Need::AtLeastOne},
    {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config",
     Need::Present},
    {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig", "protocol_config",
     Need::OneOf},
    {"envoy.extensions.wasm.v3.PluginConfig", "vm_config", Need::Present, "the code stands there"},
    {"envoy.extensions.wasm.v3.VmConfig", "code", Need::Present, kCodeRemedy},
    {"envoy.extensions.wasm.v3.WasmService", "config", Need::Present, kConfigRemedy},
    {"envoy.type.matcher.v3.RegexMatchAndSubstitute", "pattern", Need::Present},
    {"envoy.type.matcher.v3.RegexMatcher", "regex", Need::NotEmpty},
    {"envoy.type.matcher.v3.StringMatcher", "match_pattern", Need::OneOf},
    {"weir.v1.Limits", "call_cpu_time", Need::OneMillisecond},
    {"weir.v1.Limits", "start_cpu_time", Need::OneMillisecond},
    {"weir.v1.Limits", "max_memory_bytes", Need::OnePage},
    {"weir.v1.Limits", "max_stream_memory_bytes", Need::OnePage},
    {"weir.v1.PluginOptions", "plugin", Need::Present, kConfigRemedy},
    {"weir.v1.ServiceOptions", "options", Need::Present, kConfigRemedy},
};

// A message and the field that a requirement speaks of.
struct Subject {
  const pb::Message& message;
  const Requirement& requirement;
  const Place& at;

  const pb::Descriptor& type() const { return *message.GetDescriptor(); }
  const pb::Reflection& reflection() const { return *message.GetReflection(); }

  const pb::FieldDescriptor* field() const {
    const pb::FieldDescriptor* field = type().FindFieldByName(requirement.field);
    WEIR_CHECK(field != nullptr);
    return field;
  }
  bool has_field() const { return reflection().HasField(message, field()); }
  const pb::Message& submessage() const { return reflection().GetMessage(message, field()); }
  std::string text() const { return reflection().GetString(message, field()); }

  Error missing(std::string reason) const {
    if (!requirement.remedy.empty()) reason += "; " + std::string(requirement.remedy);
    return at.error(reason);
  }
  Error wrong(std::string_view reason) const { return at.field(requirement.field).error(reason); }
};

Done check_one_of(const Subject& subject) {
  const pb::OneofDescriptor* oneof = subject.type().FindOneofByName(subject.requirement.field);
  WEIR_CHECK(oneof != nullptr);
  if (subject.reflection().HasOneof(subject.message, oneof)) return Unit{};
  std::string names;
  for (int i = 0; i < oneof->field_count(); ++i) {
    names += (i == 0 ? "'" : ", '") + oneof->field(i)->name() + "'";
  }
  bool single = oneof->field_count() == 1;
  return subject.missing(single ? names + " is missing" : "one of " + names + " is missing");
}

Done check_not_empty(const Subject& subject) {
  bool optional = subject.field()->has_presence();
  if (optional && !subject.has_field()) return Unit{};
  if (!subject.text().empty()) return Unit{};
  std::string name = "'" + subject.field()->name() + "'";
  return subject.missing(name + (optional ? " is empty" : " is missing"));
}

Done check_duration(const Subject& subject, int64_t least_nanoseconds) {
  if (!subject.has_field()) return Unit{};
  const auto& duration = *pb::DynamicCastToGenerated<pb::Duration>(&subject.submessage());
  bool enough = duration.seconds() >= 0 && duration.nanos() >= 0 &&
                (duration.seconds() > 0 || duration.nanos() >= least_nanoseconds);
  if (enough) return Unit{};
  return subject.wrong(least_nanoseconds == 0 ? "may not be negative"
                                              : "has to be 0.001s or longer");
}

Done check_not_below_base(const Subject& subject) {
  if (!subject.has_field()) return Unit{};
  const pb::FieldDescriptor* base = subject.type().FindFieldByName("base_interval");
  WEIR_CHECK(base != nullptr);
  const auto parts = [](const pb::Message& message) {
    const auto& duration = *pb::DynamicCastToGenerated<pb::Duration>(&message);
    return std::pair(duration.seconds(), duration.nanos());
  };
  const auto least = parts(subject.reflection().GetMessage(subject.message, base));
  if (parts(subject.submessage()) >= least) return Unit{};
  return subject.wrong("is less than base_interval");
}

Done check_one_page(const Subject& subject) {
  if (!subject.has_field()) return Unit{};
  const auto& bytes = *pb::DynamicCastToGenerated<pb::UInt64Value>(&subject.submessage());
  if (bytes.value() >= kWasmPageBytes) return Unit{};
  return subject.wrong("less than a page of wasm memory; has to be 65536 or more");
}

Done check_at_least_one(const Subject& subject) {
  const bool wrapped = subject.field()->message_type() != nullptr;
  if (wrapped && !subject.has_field()) return Unit{};
  const uint32_t value =
      wrapped ? pb::DynamicCastToGenerated<pb::UInt32Value>(&subject.submessage())->value()
              : subject.reflection().GetUInt32(subject.message, subject.field());
  return value >= 1 ? Done(Unit{}) : Done(subject.wrong("has to be 1 or more"));
}

Done check_sha256(const Subject& subject) {
  std::string text = subject.text();
  const auto* remote =
      pb::DynamicCastToGenerated<envoy::config::core::v3::RemoteDataSource>(&subject.message);
  WEIR_CHECK(remote != nullptr);
  constexpr std::string_view kImage = "oci://";
  const std::string& uri = remote->http_uri().uri();
  // The digest of an image says as much.
  if (text.empty() && lower_case(uri.substr(0, kImage.size())) == kImage) {
    if (uri.find("@sha256:") != std::string::npos) return Unit{};
    return subject.missing(
        "'sha256' is missing; write that of the code or of the manifest, or let the uri end in "
        "@sha256:DIGEST");
  }
  bool hexadecimal = text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (hexadecimal && text.size() == 64) return Unit{};
  if (text.empty())
    return subject.missing("'sha256' is missing; remote code is never run without it");
  return subject.wrong("expected 64 hexadecimal digits, got " + quote(text));
}

Done check(const Subject& subject) {
  std::string name = std::string("'") + subject.requirement.field + "'";
  switch (subject.requirement.need) {
    case Need::Present:
      if (!subject.has_field()) return subject.missing(name + " is missing");
      return Unit{};
    case Need::OneOf:
      return check_one_of(subject);
    case Need::NotEmpty:
      return check_not_empty(subject);
    case Need::NotEmptyList:
      if (subject.reflection().FieldSize(subject.message, subject.field()) > 0) return Unit{};
      return subject.missing(name + " is missing or empty");
    case Need::Port:
      if (subject.reflection().GetUInt32(subject.message, subject.field()) <= 65'535) return Unit{};
      return subject.wrong("not a port; expected a number from 0 to 65535");
    case Need::NotNegative:
      return check_duration(subject, 0);
    case Need::OneMillisecond:
      return check_duration(subject, 1'000'000);
    case Need::AtLeastOne:
      return check_at_least_one(subject);
    case Need::NotBelowBase:
      return check_not_below_base(subject);
    case Need::OnePage:
      return check_one_page(subject);
    case Need::Sha256:
      return check_sha256(subject);
  }
  return Unit{};
}

}  // namespace

Done check_requirements(const pb::Message& message, const Place& at) {
  for (const Requirement& requirement : kRequirements) {
    if (requirement.message != message.GetDescriptor()->full_name()) continue;
    WEIR_TRY(check({message, requirement, at}));
  }
  return Unit{};
}

}  // namespace weir::config
