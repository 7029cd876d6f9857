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

  // The one that plugins of the VM are in; the newest, where there are several. Where none are, one
  // that they have left without ever having served. Null: there is neither.
  VmSlot* find(const Vm& vm) {
    VmSlot* left = nullptr;
    for (size_t i = slots_.size(); i-- > 0;) {
      VmSlot& slot = *slots_[i];
      if (&slot.vm() != &vm) continue;
      if (slot.has_users()) return &slot;
      if (left == nullptr && !slot.is_serving()) left = &slot;
    }
    return left;
  }

  VmSlot& make(const std::shared_ptr<const Vm>& vm) {
    return *slots_.emplace_back(std::make_unique<VmSlot>(
        VmSurroundings{host_, services_, watch_, Purpose::Serve}, vm, [this](VmSlot& idle) {
          std::erase_if(slots_, [&](const auto& slot) { return slot.get() == &idle; });
        }));
  }

  void commit() {
    // Guests are called meanwhile; none goes before the loop has its turn.
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]->is_serving() && slots_[i]->has_users()) slots_[i]->begin_serving();
    }
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
  VmSlot* slot = slots_->find(*plugin->vm());
  if (slot == nullptr || (slot->is_serving() && !slot->has_root_for(*plugin))) {
    slot = &slots_->make(plugin->vm());
  }
  auto user = slot->add(plugin);
  if (!user.ok()) {
    return std::move(user).error().in("plugin '" + plugin->options().name + "'");
  }
  return std::unique_ptr<WorkerPlugin>(new WorkerPlugin(std::move(plugin), *user.value()));
}

Done Worker::carry_over(WorkerPlugin& plugin) {
  VmUser& user = plugin.user_;
  VmSlot* newest = slots_->find(user.slot->vm());
  if (newest == user.slot || newest->is_serving() || user.successor != nullptr) return Unit{};
  if (Done carried = newest->carry_over(user); !carried.ok()) {
    return std::move(carried).error().in("plugin '" + plugin.plugin().options().name + "'");
  }
  return Unit{};
}

void Worker::commit() { slots_->commit(); }

WorkerPlugin::WorkerPlugin(std::shared_ptr<const Plugin> plugin, VmUser& user)
    : plugin_(std::move(plugin)), user_(user) {}

WorkerPlugin::~WorkerPlugin() { user_.slot->remove(user_); }

template <typename Context, typename Unavailable, typename Base, typename Stream>
std::unique_ptr<Base> WorkerPlugin::make_context(Stream& stream) {
  VmInstance* shared = user_.slot->running();
  if (user_.source == nullptr && shared != nullptr) {
    return std::make_unique<Context>(*shared, *user_.root, *plugin_, stream);
  }
  std::string why = user_.slot->last_failure();
  if (user_.source != nullptr) {
    // The shared instance is there for ticks and queues: its failure is none of this stream's.
    auto lease = user_.slot->streams()->make(*user_.source);
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
  if (user_.slot->running() != nullptr) user_.root->log_stream(stream);
}

void WorkerPlugin::on_foreign_function(uint32_t function_id, std::string_view arguments) {
  if (user_.slot->running() != nullptr) user_.root->call_foreign(function_id, arguments);
}

void WorkerPlugin::keep_running() { static_cast<void>(user_.slot->running()); }

WorkerPlugin::Status WorkerPlugin::status() const {
  const StreamInstances* streams = user_.slot->streams();
  return {.running = user_.slot->is_running(),
          .backing_off = user_.slot->is_backing_off(),
          .failures = user_.slot->failures(),
          .last_failure = user_.slot->last_failure(),
          .stream_instances = streams == nullptr ? 0 : streams->count(),
          .stream_memory_bytes = streams == nullptr ? 0 : streams->memory_bytes()};
}

}  // namespace weir::runtime
