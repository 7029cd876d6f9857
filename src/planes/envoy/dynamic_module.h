#pragma once
// The types of Envoy's ABI for dynamic modules, as version 1.40 has them ("v0.2.0"). Names of
// functions, the order of parameters and the values of enums are Envoy's; the text is ours. What
// Envoy offers to modules is in http_callbacks.h and its neighbours; what a module offers to
// Envoy is defined in the files named *_hooks.cc.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Marks a function that Envoy looks up by its name.
#define WEIR_ENVOY_HOOK extern "C" [[gnu::visibility("default")]]

namespace weir::envoy_plane {

// The version of the ABI that these declarations follow.
inline constexpr const char* kAbiVersion = "v0.2.0";

// Bytes that belong to Envoy: valid until the event that they came with, or the call that changes
// what they are part of.
struct EnvoyBuffer {
  const char* data;
  size_t size;

  std::string_view view() const { return {data, size}; }
};

// Bytes that belong to the module, read by Envoy during the call that they are given to.
struct ModuleBuffer {
  const char* data;
  size_t size;

  ModuleBuffer() : data(nullptr), size(0) {}
  ModuleBuffer(std::string_view text) : data(text.data()), size(text.size()) {}
  ModuleBuffer(const std::string& text) : data(text.data()), size(text.size()) {}
};

struct EnvoyHeader {
  const char* name_data;
  size_t name_size;
  const char* value_data;
  size_t value_size;

  std::string_view name() const { return {name_data, name_size}; }
  std::string_view value() const { return {value_data, value_size}; }
};

struct ModuleHeader {
  const char* name_data;
  size_t name_size;
  const char* value_data;
  size_t value_size;

  ModuleHeader(std::string_view name, std::string_view value)
      : name_data(name.data()),
        name_size(name.size()),
        value_data(value.data()),
        value_size(value.size()) {}
};

// Objects of Envoy, known here by their address only.
struct EnvoyHttpConfig;
struct EnvoyHttpFilter;
struct EnvoyHttpScheduler;
struct EnvoyConfigScheduler;
struct EnvoyNetworkConfig;
struct EnvoyNetworkFilter;
struct EnvoyNetworkScheduler;
struct EnvoyNetworkConfigScheduler;
struct EnvoyLoggerConfig;
struct EnvoyLogger;
struct EnvoyBootstrapConfig;
struct EnvoyBootstrapExtension;
struct EnvoyBootstrapScheduler;
struct EnvoyClusterConfig;
struct EnvoyCluster;
struct EnvoyClusterScheduler;
struct EnvoyClusterBalancer;

enum class HeaderType : int32_t { Request, RequestTrailer, Response, ResponseTrailer };

// Received is what the event brought; Buffered is what Envoy keeps for a stream that has stopped.
enum class BodyType : int32_t {
  ReceivedRequest,
  BufferedRequest,
  ReceivedResponse,
  BufferedResponse,
};

// Where a call to a cluster could not be started.
enum class CallStart : int32_t {
  Started,
  MissingHeaders,
  ClusterNotFound,
  DuplicateId,
  CannotCreate,
};

// How a call that is one request and one answer ended.
enum class CalloutResult : int32_t { Success, Reset, TooLarge };

enum class StreamReset : int32_t { LocalReset, LocalRefusedStream };

enum class MetricsResult : int32_t { Success, NotFound, InvalidLabels, Frozen };

enum class MetadataSource : int32_t { Dynamic, Route, Cluster, Host, HostLocality };

// The attributes that Envoy numbers, in its order.
enum class AttributeId : int32_t {
  RequestPath,
  RequestUrlPath,
  RequestHost,
  RequestScheme,
  RequestMethod,
  RequestHeaders,
  RequestReferer,
  RequestUserAgent,
  RequestTime,
  RequestId,
  RequestProtocol,
  RequestQuery,
  RequestDuration,
  RequestSize,
  RequestTotalSize,
  ResponseCode,
  ResponseCodeDetails,
  ResponseFlags,
  ResponseGrpcStatus,
  ResponseHeaders,
  ResponseTrailers,
  ResponseSize,
  ResponseTotalSize,
  ResponseBackendLatency,
  SourceAddress,
  SourcePort,
  DestinationAddress,
  DestinationPort,
  ConnectionId,
  ConnectionMtls,
  ConnectionRequestedServerName,
  ConnectionTlsVersion,
  ConnectionSubjectLocalCertificate,
  ConnectionSubjectPeerCertificate,
  ConnectionDnsSanLocalCertificate,
  ConnectionDnsSanPeerCertificate,
  ConnectionUriSanLocalCertificate,
  ConnectionUriSanPeerCertificate,
  ConnectionSha256PeerCertificateDigest,
  ConnectionTransportFailureReason,
  ConnectionTerminationDetails,
  UpstreamAddress,
  UpstreamPort,
  UpstreamTlsVersion,
  UpstreamSubjectLocalCertificate,
  UpstreamSubjectPeerCertificate,
  UpstreamDnsSanLocalCertificate,
  UpstreamDnsSanPeerCertificate,
  UpstreamUriSanLocalCertificate,
  UpstreamUriSanPeerCertificate,
  UpstreamSha256PeerCertificateDigest,
  UpstreamLocalAddress,
  UpstreamTransportFailureReason,
  UpstreamRequestAttemptCount,
  UpstreamCxPoolReadyDuration,
  UpstreamLocality,
  XdsNode,
  XdsClusterName,
  XdsClusterMetadata,
  XdsListenerDirection,
  XdsListenerMetadata,
  XdsRouteName,
  XdsRouteMetadata,
  XdsVirtualHostName,
  XdsVirtualHostMetadata,
  XdsUpstreamHostMetadata,
  XdsFilterChainName,
  HealthCheck,
};

extern "C" {
// `level` has the numbers of LogLevel; 6 is "off". Thread: any.
void envoy_dynamic_module_callback_log(int32_t level, ModuleBuffer message);
int32_t envoy_dynamic_module_callback_get_log_level();
}

}  // namespace weir::envoy_plane
