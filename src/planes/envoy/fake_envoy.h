#pragma once
// A stand-in for Envoy behind its ABI, for tests of what its threads share: a main thread and
// workers with their loops, configurations that belong to all who use them, HTTP filters, calls to
// clusters, and this module's own cluster. It destroys a configuration where its last user is, and
// keeps what is the main thread's without a lock, as Envoy does: the thread sanitizer watches.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "planes/envoy/cluster_callbacks.h"
#include "planes/envoy/config_callbacks.h"
#include "planes/envoy/http_callbacks.h"

namespace weir::envoy_plane {

class Configuration;
class HttpStream;
struct PulseCluster;

// A thread's tasks. Thread: any, save run_one() and run().
class FakeLoop {
 public:
  void post(std::function<void()> task);
  // Waits for a task for a while. False: there was none.
  bool run_one(std::chrono::milliseconds patience);
  // Until stop(); what is posted later is dropped.
  void run();
  void stop();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopped_ = false;
};

// The process's. Thread: main, which is the one that makes it.
class FakeEnvoy {
 public:
  explicit FakeEnvoy(size_t workers);
  ~FakeEnvoy();
  static FakeEnvoy& get();

  FakeLoop& main() { return main_; }
  FakeLoop& worker(size_t number) { return workers_[number]->loop; }
  size_t workers() const { return workers_.size(); }

  // A filter's configuration, made anew. Null: the module refuses it.
  std::shared_ptr<EnvoyHttpConfig> configure(const std::string& filter_config);
  // A request to a worker. `on_end` is called there with the status of the answer.
  void request(size_t worker, std::shared_ptr<EnvoyHttpConfig> config, std::string path,
               std::function<void(int)> on_end);
  // This module's cluster.
  void add_cluster();

  // Envoy ends: tells the cluster, if there is one, and ends the workers' threads.
  void stop_workers();
  void remove_cluster();

  // The main thread's calls that are under way. They are among its connections, which nobody else
  // may touch: so this has no lock. Thread: main.
  void count_calls(int by) { calls_ += by; }
  int calls() const { return calls_; }

 private:
  struct Worker {
    FakeLoop loop;
    std::thread thread;
  };

  FakeLoop main_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::shared_ptr<EnvoyCluster> cluster_;
  int calls_ = 0;
};

// A filter's configuration. Envoy's main thread uses it, and whoever destroys it.
struct EnvoyHttpConfig : std::enable_shared_from_this<EnvoyHttpConfig> {
  ~EnvoyHttpConfig();
  // False: it is not under way.
  bool end_call(uint64_t id);

  const Configuration* module = nullptr;
  uint64_t last_call = 0;
  std::map<uint64_t, bool> calls;  // those under way
  std::deque<std::atomic<uint64_t>> stats;
  std::mutex mutex;  // of families
  std::map<std::pair<size_t, std::string>, uint64_t> families;
};

// One filter of one request. Thread: its worker's.
struct EnvoyHttpFilter : std::enable_shared_from_this<EnvoyHttpFilter> {
  void begin();
  void respond();
  void finish();

  FakeLoop* loop = nullptr;
  std::shared_ptr<EnvoyHttpConfig> config;
  HttpStream* module = nullptr;
  std::map<std::string, std::string, std::less<>> request;
  std::map<std::string, std::string, std::less<>> response;
  std::map<uint64_t, bool> calls;
  uint64_t last_call = 0;
  bool is_over = false;
  std::shared_ptr<EnvoyHttpFilter> waiting;  // itself, while the module holds it
  std::function<void(int)> on_end;
};

struct EnvoyCluster : std::enable_shared_from_this<EnvoyCluster> {
  PulseCluster* module = nullptr;
};

// What Envoy calls of the module, as far as the stand-in does.
extern "C" {
const Configuration* envoy_dynamic_module_on_http_filter_config_new(EnvoyHttpConfig*, EnvoyBuffer,
                                                                    EnvoyBuffer);
void envoy_dynamic_module_on_http_filter_config_destroy(const Configuration*);
void envoy_dynamic_module_on_http_filter_config_scheduled(EnvoyHttpConfig*, const Configuration*,
                                                          uint64_t);
void envoy_dynamic_module_on_http_filter_config_http_stream_headers(EnvoyHttpConfig*,
                                                                    const Configuration*, uint64_t,
                                                                    EnvoyHeader*, size_t, bool);
void envoy_dynamic_module_on_http_filter_config_http_stream_complete(EnvoyHttpConfig*,
                                                                     const Configuration*,
                                                                     uint64_t);
void envoy_dynamic_module_on_http_filter_config_http_stream_reset(EnvoyHttpConfig*,
                                                                  const Configuration*, uint64_t,
                                                                  int32_t);
HttpStream* envoy_dynamic_module_on_http_filter_new(const Configuration*, EnvoyHttpFilter*);
void envoy_dynamic_module_on_http_filter_destroy(HttpStream*);
void envoy_dynamic_module_on_http_filter_stream_complete(EnvoyHttpFilter*, HttpStream*);
void envoy_dynamic_module_on_http_filter_scheduled(EnvoyHttpFilter*, HttpStream*, uint64_t);
void envoy_dynamic_module_on_http_filter_http_stream_headers(EnvoyHttpFilter*, HttpStream*,
                                                             uint64_t, EnvoyHeader*, size_t, bool);
void envoy_dynamic_module_on_http_filter_http_stream_complete(EnvoyHttpFilter*, HttpStream*,
                                                              uint64_t);
PulseCluster* envoy_dynamic_module_on_cluster_new(const void*, EnvoyCluster*);
void envoy_dynamic_module_on_cluster_init(EnvoyCluster*, PulseCluster*);
void envoy_dynamic_module_on_cluster_destroy(PulseCluster*);
void envoy_dynamic_module_on_cluster_scheduled(EnvoyCluster*, PulseCluster*, uint64_t);
void envoy_dynamic_module_on_cluster_shutdown(EnvoyCluster*, PulseCluster*, void (*)(void*), void*);
void envoy_dynamic_module_on_cluster_worker_event(EnvoyCluster*, PulseCluster*, uint64_t);
}

}  // namespace weir::envoy_plane
