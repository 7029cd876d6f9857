#pragma once
// Configurations as ways to Envoy's main thread, and from there to clusters.

#include <memory>
#include <vector>

#include "base/clock.h"
#include "planes/envoy/dynamic_module.h"
#include "planes/envoy/waker.h"

namespace weir::envoy_plane {

// Where a call goes, and how it begins. Views are valid during the call that they are given to.
struct CallRequest {
  std::string_view cluster;
  std::vector<ModuleHeader>& headers;
  std::string_view body;
  bool end_of_stream;
  Milliseconds patience;  // UpstreamObserver::patience()
};

// A configuration or a cluster of this module that is alive. Thread: main, save for the waker's.
class Carrier {
 public:
  enum class Calls : uint8_t {
    None,
    Unary,    // one request and one answer, both whole
    Streams,  // both piece by piece, with trailers
  };

  Carrier(const void* config, Calls calls, std::unique_ptr<Waker> waker)
      : config_(config), calls_(calls), waker_(std::move(waker)) {}
  virtual ~Carrier() = default;
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // Envoy's configuration or cluster, as its events name it.
  const void* config() const { return config_; }
  Calls calls() const { return calls_; }
  Waker& waker() { return *waker_; }

  // Of a carrier that has Unary, the request ends with this. Time-outs are the runtime's, save of
  // calls that cannot be taken back.
  virtual CallStart start(uint64_t& id, const CallRequest& request) = 0;
  // The rest only with Streams.
  virtual void send_data(uint64_t id, std::string_view data, bool end_of_stream) = 0;
  virtual void send_trailers(uint64_t id, std::vector<ModuleHeader>& trailers) = 0;
  virtual void reset(uint64_t id) = 0;

 private:
  const void* config_;
  Calls calls_;
  std::unique_ptr<Waker> waker_;
};

std::unique_ptr<Carrier> carrier_of(EnvoyHttpConfig* config);
// Carries no calls: it only wakes.
std::unique_ptr<Carrier> carrier_of(EnvoyNetworkConfig* config);
std::unique_ptr<Carrier> carrier_of(EnvoyBootstrapConfig* config);
std::unique_ptr<Carrier> carrier_of(EnvoyCluster* cluster);

}  // namespace weir::envoy_plane
