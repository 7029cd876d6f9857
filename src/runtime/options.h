#pragma once
// What a plane says about a plugin and the VM it runs in.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "abi/limited_module.h"
#include "base/clock.h"

namespace weir::runtime {

// Bounds on what one VM's guest may take.
struct CallLimits {
  // Thread CPU time of one outermost call into the guest, nested calls included.
  Milliseconds call_time{100};
  // The same while a VM starts and its plugins are configured.
  Milliseconds start_time{10'000};
  // The memory of one instance.
  uint64_t max_memory_bytes = 256ull << 20;
  // The shared data of its vm_id, keys and values together, and what waits in all its queues. Where
  // VMs of one vm_id differ, each sets no more than it may itself, and a queue takes what the VM
  // that receives it may.
  uint64_t max_shared_data_bytes = 64ull << 20;
  uint64_t max_queue_bytes = 64ull << 20;
  // The upstreams that HTTP and gRPC calls may go to, by name; a '*' stands for any characters.
  // Empty: all.
  std::set<std::string> call_targets;
  // The memory of all instances that one worker runs for streams (Isolation::Stream).
  uint64_t max_stream_memory_bytes = 1ull << 30;

  friend auto operator<=>(const CallLimits&, const CallLimits&) = default;
};

// What becomes of hostcalls that Weir does not know.
enum class UnknownImports : uint8_t {
  Reject,  // the plugin is not loaded; the error names them
  Stub,    // they answer UNIMPLEMENTED (ENOSYS for WASI), zero where they return something else
};

// What streams share of a VM.
enum class Isolation : uint8_t {
  Shared,  // one instance on each worker serves all its streams
  Stream,  // each stream has an instance of its own, made from one that was started and configured
};

// A VM: plugins whose VmOptions are all equal share one.
struct VmOptions {
  std::string vm_id;
  std::string engine;         // a name that engine::canonical_name() knows; "" is the default
  std::string code;           // the bytes of the .wasm, or the name of a native plugin
  std::string configuration;  // given to proxy_on_vm_start
  std::map<std::string, std::string> environment;
  // Hostcalls, WASI functions and callbacks that may be used, by name. Empty: all.
  std::set<std::string, std::less<>> allowed_capabilities;
  bool allow_precompiled = false;
  UnknownImports unknown_imports = UnknownImports::Reject;
  Isolation isolation = Isolation::Shared;
  CallLimits limits;
  // Whether the pass that gives lesser engines their limits runs for every engine, to test it.
  abi::SupplyLimits supply_limits = abi::SupplyLimits::Missing;
};

// What happens to streams open in a failed instance, and to those that come while none can be
// started. Under every policy a fresh instance serves the next stream; only an instance that keeps
// failing has to wait (PluginOptions::reload_backoff).
enum class FailurePolicy : uint8_t {
  FailClosed,  // they are answered with 503; connections are closed
  FailOpen,    // they go on without the plugin
  FailReload,  // as FailClosed
};

struct PluginOptions {
  std::string name;
  std::string root_id;
  std::string configuration;  // given to proxy_on_configure
  FailurePolicy failure_policy = FailurePolicy::FailClosed;
  // Instances may fail in a burst; after that one start is allowed in each such time. A start that
  // fails sets a wait of that time, which doubles up to the maximum, with jitter.
  Milliseconds reload_backoff{1000};
  Milliseconds reload_backoff_max{10'000};
  // HeadersAction::StopIteration lets body callbacks go on, as Envoy's option of this name.
  bool allow_on_headers_stop_iteration = false;
  // What proxy_get_property answers in all contexts of the plugin, beside what their streams know:
  // the value's bytes by the path, its segments joined by NUL. What is under `node` is under
  // `xds.node` as well.
  std::map<std::string, std::string, std::less<>> properties;
  // Stands before the names of upstreams that the plugin calls when the plane is asked for them: a
  // plane whose plugins have upstreams of their own tells them apart by it.
  std::string upstream_scope;
  VmOptions vm;
};

}  // namespace weir::runtime
