#include "planes/envoy/carrier.h"

#include "planes/envoy/bootstrap_callbacks.h"
#include "planes/envoy/cluster_callbacks.h"
#include "planes/envoy/config_callbacks.h"
#include "planes/envoy/network_callbacks.h"
#include "planes/envoy/upstream_call.h"

namespace weir::envoy_plane {
namespace {

using HttpWaker = SchedulerWaker<EnvoyConfigScheduler,
                                 envoy_dynamic_module_callback_http_filter_config_scheduler_commit,
                                 envoy_dynamic_module_callback_http_filter_config_scheduler_delete>;
using NetworkWaker =
    SchedulerWaker<EnvoyNetworkConfigScheduler,
                   envoy_dynamic_module_callback_network_filter_config_scheduler_commit,
                   envoy_dynamic_module_callback_network_filter_config_scheduler_delete>;
using BootstrapWaker =
    SchedulerWaker<EnvoyBootstrapScheduler,
                   envoy_dynamic_module_callback_bootstrap_extension_config_scheduler_commit,
                   envoy_dynamic_module_callback_bootstrap_extension_config_scheduler_delete>;
using ClusterWaker =
    SchedulerWaker<EnvoyClusterScheduler, envoy_dynamic_module_callback_cluster_scheduler_commit,
                   envoy_dynamic_module_callback_cluster_scheduler_delete>;

class HttpCarrier final : public Carrier {
 public:
  explicit HttpCarrier(EnvoyHttpConfig* config)
      : Carrier(config, Calls::Streams,
                std::make_unique<HttpWaker>(
                    envoy_dynamic_module_callback_http_filter_config_scheduler_new(config))),
        config_(config) {}

  CallStart start(uint64_t& id, const CallRequest& request) override {
    return envoy_dynamic_module_callback_http_filter_config_start_http_stream(
        config_, &id, request.cluster, request.headers.data(), request.headers.size(), request.body,
        request.end_of_stream, 0);
  }
  void send_data(uint64_t id, std::string_view data, bool end_of_stream) override {
    envoy_dynamic_module_callback_http_filter_config_stream_send_data(config_, id, data,
                                                                      end_of_stream);
  }
  void send_trailers(uint64_t id, std::vector<ModuleHeader>& trailers) override {
    envoy_dynamic_module_callback_http_filter_config_stream_send_trailers(
        config_, id, trailers.data(), trailers.size());
  }
  void reset(uint64_t id) override {
    envoy_dynamic_module_callback_http_filter_config_reset_http_stream(config_, id);
  }

 private:
  EnvoyHttpConfig* config_;
};

// What Envoy has no means for.
class LesserCarrier : public Carrier {
 public:
  using Carrier::Carrier;

  CallStart start(uint64_t&, const CallRequest&) override { return CallStart::CannotCreate; }
  void send_data(uint64_t, std::string_view, bool) override {}
  void send_trailers(uint64_t, std::vector<ModuleHeader>&) override {}
  // A call cannot be taken back: its answer finds nobody.
  void reset(uint64_t) override {}
};

class NetworkCarrier final : public LesserCarrier {
 public:
  explicit NetworkCarrier(EnvoyNetworkConfig* config)
      : LesserCarrier(
            config, Calls::None,
            std::make_unique<NetworkWaker>(
                envoy_dynamic_module_callback_network_filter_config_scheduler_new(config))) {}
};

class BootstrapCarrier final : public LesserCarrier {
 public:
  explicit BootstrapCarrier(EnvoyBootstrapConfig* config)
      : LesserCarrier(
            config, Calls::Unary,
            std::make_unique<BootstrapWaker>(
                envoy_dynamic_module_callback_bootstrap_extension_config_scheduler_new(config))),
        config_(config) {}

  CallStart start(uint64_t& id, const CallRequest& request) override {
    return envoy_dynamic_module_callback_bootstrap_extension_http_callout(
        config_, &id, request.cluster, request.headers.data(), request.headers.size(), request.body,
        unary_milliseconds(request.patience));
  }

 private:
  EnvoyBootstrapConfig* config_;
};

class ClusterCarrier final : public LesserCarrier {
 public:
  explicit ClusterCarrier(EnvoyCluster* cluster)
      : LesserCarrier(cluster, Calls::Unary,
                      std::make_unique<ClusterWaker>(
                          envoy_dynamic_module_callback_cluster_scheduler_new(cluster))),
        cluster_(cluster) {}

  CallStart start(uint64_t& id, const CallRequest& request) override {
    return envoy_dynamic_module_callback_cluster_http_callout(
        cluster_, &id, request.cluster, request.headers.data(), request.headers.size(),
        request.body, unary_milliseconds(request.patience));
  }

 private:
  EnvoyCluster* cluster_;
};

}  // namespace

std::unique_ptr<Carrier> carrier_of(EnvoyHttpConfig* config) {
  return std::make_unique<HttpCarrier>(config);
}
std::unique_ptr<Carrier> carrier_of(EnvoyNetworkConfig* config) {
  return std::make_unique<NetworkCarrier>(config);
}
std::unique_ptr<Carrier> carrier_of(EnvoyBootstrapConfig* config) {
  return std::make_unique<BootstrapCarrier>(config);
}
std::unique_ptr<Carrier> carrier_of(EnvoyCluster* cluster) {
  return std::make_unique<ClusterCarrier>(cluster);
}

}  // namespace weir::envoy_plane
