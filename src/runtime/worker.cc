#include "runtime/worker.h"

#include <algorithm>
#include <vector>

#include "runtime/http_stream_context.h"
#include "runtime/network_stream_context.h"
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

std::unique_ptr<HttpContext> WorkerPlugin::make_http_context(HttpStream& stream) {
  if (VmInstance* vm = slot_.running()) {
    return std::make_unique<HttpStreamContext>(*vm, *user_.root, *plugin_, stream);
  }
  return std::make_unique<UnavailableHttpContext>(stream, plugin_->options().failure_policy,
                                                  unavailable());
}

std::unique_ptr<NetworkContext> WorkerPlugin::make_network_context(NetworkStream& stream) {
  if (VmInstance* vm = slot_.running()) {
    return std::make_unique<NetworkStreamContext>(*vm, *user_.root, *plugin_, stream);
  }
  return std::make_unique<UnavailableNetworkContext>(stream, plugin_->options().failure_policy,
                                                     unavailable());
}

std::string WorkerPlugin::unavailable() const {
  return "plugin '" + plugin_->options().name + "' is not available: " + slot_.last_failure();
}

WorkerPlugin::Status WorkerPlugin::status() const {
  return {slot_.is_running(), slot_.failures(), slot_.last_failure()};
}

}  // namespace weir::runtime
