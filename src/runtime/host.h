#pragma once
// The host of a process: it loads plugins, and holds what all VMs share.

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "abi/types.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "runtime/load_error.h"
#include "runtime/options.h"

namespace weir::engine {
class CodeCache;
class Engines;
}  // namespace weir::engine

namespace weir::runtime {

class CallWatch;
class MetricQuota;
class Metrics;
class SharedData;
class SharedQueues;
class Vm;
struct StartedImage;

// A plugin, compiled, linked and found to start: shared by all workers. Destroyed with its last
// user. Thread: any.
class Plugin {
 public:
  Plugin(PluginOptions options, std::shared_ptr<const Vm> vm);
  ~Plugin();

  // The VM's code is not kept here.
  const PluginOptions& options() const { return options_; }
  const std::shared_ptr<const Vm>& vm() const { return vm_; }

  // What its streams begin with, where each has an instance of its own; null otherwise.
  const std::shared_ptr<const StartedImage>& image() const { return image_; }

  // What log lines of its contexts begin with.
  const std::string& log_prefix() const { return log_prefix_; }

 private:
  friend class Host;

  PluginOptions options_;
  std::shared_ptr<const Vm> vm_;
  std::shared_ptr<const StartedImage> image_;
  std::string log_prefix_;
};

// All references outlive the host.
struct HostParts {
  const engine::Engines& engines;
  const engine::CodeCache* code_cache;  // null: none
  const Clock& clock;
  Logger& logger;
  Metrics& metrics;
};

// Whether a plugin that is loaded is started once, to see that it does, before any worker has it.
enum class TryOut : uint8_t {
  Always,
  IfNeeded,  // only where its streams begin with its state then (Isolation::Stream)
};

// One per process, or per configuration world that must not share data with another; outlives
// plugins and workers. Thread: any.
class Host {
 public:
  explicit Host(HostParts parts);
  ~Host();

  // Compiles and links the plugin's code (or finds the VM that has it already), then starts and
  // configures it once on this thread to see that it does. The error says what is wrong with the
  // code or what the plugin refused. Calls that the plugin makes while it is tried out are accepted
  // and never sent.
  Result<std::shared_ptr<const Plugin>> load(PluginOptions options,
                                             TryOut try_out = TryOut::Always);

  // The same; the error says what of the options it is about, too, but not the plugin's name. A
  // stop interrupts the plugin while it is tried out, and the error is then as if it had taken too
  // long; compiling is not interrupted.
  Result<std::shared_ptr<const Plugin>, LoadError> try_load(PluginOptions options,
                                                            TryOut try_out = TryOut::Always,
                                                            const std::stop_token& stop = {});

  // Null: none.
  const engine::CodeCache* code_cache() const { return parts_.code_cache; }
  const Clock& clock() const { return parts_.clock; }
  Logger& logger() const { return parts_.logger; }
  Metrics& metrics() const { return parts_.metrics; }
  SharedData& shared_data() const { return *shared_data_; }
  SharedQueues& shared_queues() const { return *shared_queues_; }
  MetricQuota& metric_quota() const { return *metric_quota_; }
  CallWatch& call_watch() const { return *call_watch_; }

 private:
  class VmTable;

  HostParts parts_;
  std::unique_ptr<SharedData> shared_data_;
  std::unique_ptr<SharedQueues> shared_queues_;
  std::unique_ptr<MetricQuota> metric_quota_;
  std::unique_ptr<CallWatch> call_watch_;
  std::unique_ptr<VmTable> vms_;
};

}  // namespace weir::runtime
