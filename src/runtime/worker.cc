#include "runtime/worker.h"

#include <algorithm>
#include <utility>
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
  // that they have left without its having served or failed. Null: there is neither.
  VmSlot* find(const Vm& vm) {
    VmSlot* left = nullptr;
    for (size_t i = slots_.size(); i-- > 0;) {
      VmSlot& slot = *slots_[i];
      if (&slot.vm() != &vm) continue;
      if (slot.has_users()) return &slot;
      if (left == nullptr && !slot.is_serving() && slot.failures() == 0) left = &slot;
    }
    return left;
  }

  VmSlot& make(const std::shared_ptr<const Vm>& vm) {
    return *slots_.emplace_back(std::make_unique<VmSlot>(
        VmSurroundings{host_, services_, watch_, Purpose::Serve}, vm, [this](VmSlot& idle) {
          std::erase_if(slots_, [&](const auto& slot) { return slot.get() == &idle; });
        }));
  }

  void note_start() { anything_new_ = true; }

  void commit() {
    if (!std::exchange(anything_new_, false)) return;
    begin_serving([](const VmSlot& slot) { return slot.has_users(); });
  }

  void commit_replacements_soon() {
    const auto replaces = [](const VmSlot& slot) { return slot.has_carried(); };
    const bool any = std::ranges::any_of(slots_, [&](const auto& slot) { return replaces(*slot); });
    if (!any || std::exchange(committing_soon_, true)) return;
    services_.post([this, replaces, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      committing_soon_ = false;
      begin_serving(replaces);
    });
  }

 private:
  // Guests are called meanwhile; none goes before the loop has its turn.
  template <typename Which>
  void begin_serving(Which which) {
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]->is_serving() && which(*slots_[i])) slots_[i]->begin_serving();
    }
  }

  Host& host_;
  WorkerServices& services_;
  CallWatch::Thread watch_;
  std::vector<std::unique_ptr<VmSlot>> slots_;
  bool anything_new_ = false;  // since commit()
  bool committing_soon_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Worker::Worker(Host& host, WorkerServices& services)
    : host_(host), services_(services), slots_(std::make_unique<Slots>(host, services)) {}

Worker::~Worker() = default;

Result<std::unique_ptr<WorkerPlugin>> Worker::start(std::shared_ptr<const Plugin> plugin) {
  VmSlot* slot = slots_->find(*plugin->vm());
  if (slot == nullptr || (slot->is_serving() && !slot->has_root_for(*plugin))) {
    slot = &slots_->make(plugin->vm());
  }
  slots_->note_start();
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

Result<std::unique_ptr<WorkerPlugin>> Worker::join(const std::shared_ptr<const Plugin>& plugin,
                                                   std::span<WorkerPlugin* const> others) {
  std::vector<WorkerPlugin*> along;
  for (WorkerPlugin* other : others) {
    if (other->plugin().vm() == plugin->vm()) along.push_back(other);
  }
  while (true) {
    WEIR_TRY(auto joined, start(plugin));
    if (!bring_along(*joined, along)) continue;
    slots_->commit_replacements_soon();
    return joined;
  }
}

// Those that do not start again are left out of `others`. False: with one, the instance has failed.
bool Worker::bring_along(const WorkerPlugin& joined, std::vector<WorkerPlugin*>& others) {
  for (auto other = others.begin(); other != others.end();) {
    const Done carried = carry_over(**other);
    if (carried.ok()) {
      ++other;
      continue;
    }
    host_.logger().log(LogLevel::Error,
                       carried.error().message + "; it stays in an instance apart from plugin '" +
                           joined.plugin().options().name + "', which has come to its VM");
    other = others.erase(other);
    if (!joined.status().running) return false;
  }
  return true;
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
