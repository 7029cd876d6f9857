#include "runtime/worker.h"

#include <algorithm>
#include <vector>

#include "runtime/http_stream_context.h"
#include "runtime/network_stream_context.h"
#include "runtime/plugin_context.h"
#include "runtime/stream_instances.h"
#include "runtime/unavailable_context.h"
#include "runtime/vm_slot.h"

namespace weir::runtime {

// The VMs of this worker. A VM is here once, whatever the number of plugins in it.
class Worker::Slots {
 public:
  Slots(Host& host, WorkerServices& services)
      : host_(host), services_(services), watch_(host.call_watch()) {}

  VmSlot& slot_for(const std::shared_ptr<const Vm>& vm) {
    for (const auto& slot : slots_) {
      if (&slot->vm() == vm.get()) return *slot;
    }
    return *slots_.emplace_back(std::make_unique<VmSlot>(
        VmSurroundings{host_, services_, watch_, Purpose::Serve}, vm, [this](VmSlot& idle) {
          std::erase_if(slots_, [&](const auto& slot) { return slot.get() == &idle; });
        }));
  }

 private:
  Host& host_;
  WorkerServices& services_;
  CallWatch::Thread watch_;
  std::vector<std::unique_ptr<VmSlot>> slots_;
};

Worker::Worker(Host& host, WorkerServices& services)
    : host_(host), services_(services), slots_(std::make_unique<Slots>(host, services)) {}

Worker::~Worker() = default;

Result<std::unique_ptr<WorkerPlugin>> Worker::start(std::shared_ptr<const Plugin> plugin) {
  VmSlot& slot = slots_->slot_for(plugin->vm());
  auto user = slot.add(plugin);
  if (!user.ok()) {
    return std::move(user).error().in("plugin '" + plugin->options().name + "'");
  }
  return std::unique_ptr<WorkerPlugin>(new WorkerPlugin(std::move(plugin), slot, *user.value()));
}

WorkerPlugin::WorkerPlugin(std::shared_ptr<const Plugin> plugin, VmSlot& slot, VmUser& user)
    : plugin_(std::move(plugin)), slot_(slot), user_(user) {}

WorkerPlugin::~WorkerPlugin() { slot_.remove(user_); }

template <typename Context, typename Unavailable, typename Base, typename Stream>
std::unique_ptr<Base> WorkerPlugin::make_context(Stream& stream) {
  VmInstance* shared = slot_.running();
  if (user_.source == nullptr && shared != nullptr) {
    return std::make_unique<Context>(*shared, *user_.root, *plugin_, stream);
  }
  std::string why = slot_.last_failure();
  if (user_.source != nullptr) {
    // The shared instance is there for ticks and queues: its failure is none of this stream's.
    auto lease = slot_.streams()->make(*user_.source);
    if (lease.ok()) {
      VmInstance& own = *lease.value();
      return std::make_unique<Context>(own, own.stream_root(), *plugin_, stream,
                                       std::move(lease).value());
    }
    why = std::move(lease).error().message;
  }
  return std::make_unique<Unavailable>(
      stream, plugin_->options().failure_policy,
      "plugin '" + plugin_->options().name + "' is not available: " + why);
}

std::unique_ptr<HttpContext> WorkerPlugin::make_http_context(HttpStream& stream) {
  return make_context<HttpStreamContext, UnavailableHttpContext, HttpContext>(stream);
}

std::unique_ptr<NetworkContext> WorkerPlugin::make_network_context(NetworkStream& stream) {
  return make_context<NetworkStreamContext, UnavailableNetworkContext, NetworkContext>(stream);
}

void WorkerPlugin::log(HttpStream& stream) {
  if (slot_.running() != nullptr) user_.root->log_stream(stream);
}

void WorkerPlugin::on_foreign_function(uint32_t function_id, std::string_view arguments) {
  if (slot_.running() != nullptr) user_.root->call_foreign(function_id, arguments);
}

void WorkerPlugin::keep_running() { static_cast<void>(slot_.running()); }

WorkerPlugin::Status WorkerPlugin::status() const {
  const StreamInstances* streams = slot_.streams();
  return {.running = slot_.is_running(),
          .backing_off = slot_.is_backing_off(),
          .failures = slot_.failures(),
          .last_failure = slot_.last_failure(),
          .stream_instances = streams == nullptr ? 0 : streams->count(),
          .stream_memory_bytes = streams == nullptr ? 0 : streams->memory_bytes()};
}

}  // namespace weir::runtime
