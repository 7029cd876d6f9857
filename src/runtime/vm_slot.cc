#include "runtime/vm_slot.h"

#include <algorithm>

#include "runtime/plugin_context.h"

namespace weir::runtime {

VmSlot::VmSlot(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm,
               std::function<void(VmSlot&)> on_idle)
    : surroundings_(surroundings),
      vm_(std::move(vm)),
      data_bound_(vm_->shared_data(), vm_->options().limits.max_shared_data_bytes),
      on_idle_(std::move(on_idle)),
      attachment_(vm_->module().engine().attach_thread()),
      restarts_(Milliseconds(0), Milliseconds(0)) {
  if (vm_->options().isolation != Isolation::Stream) return;
  streams_ = std::make_unique<StreamInstances>(surroundings_, vm_, failures_, [this] {
    if (users_.empty()) clean_up_soon();
  });
}

VmSlot::~VmSlot() {
  *alive_ = false;
  // Roots go before the instance that they are in.
  dead_roots_.clear();
}

Result<VmUser*> VmSlot::add(std::shared_ptr<const Plugin> plugin) {
  if (users_.empty() && !instance_) {
    restarts_ =
        RestartPolicy(plugin->options().reload_backoff, plugin->options().reload_backoff_max);
    WEIR_TRY(start_instance(*plugin));
  } else if (running() == nullptr) {
    return Error{ErrorCode::GuestTrapped, "its VM has failed: " + failures_.last};
  }
  auto root = instance_->start_root(plugin);
  if (!root.ok()) {
    if (users_.empty()) clean_up_soon();
    return std::move(root).error();
  }
  drain_timer_.reset();
  StreamSource* source = streams_ ? &streams_->add(plugin) : nullptr;
  return users_.emplace_back(new VmUser{std::move(plugin), this, root.value(), source}).get();
}

void VmSlot::remove(VmUser& user) {
  if (user.successor != nullptr) user.successor->slot->remove(*user.successor);
  if (user.predecessor != nullptr) user.predecessor->successor = nullptr;
  const VmUser left = user;
  std::erase_if(users_, [&](const auto& other) { return other.get() == &user; });
  let_go(left);
  // Those that were carried over have come along with others, which are gone.
  const bool any_own =
      std::ranges::any_of(users_, [](const auto& other) { return other->predecessor == nullptr; });
  if (!any_own && !users_.empty()) remove(*users_.back());
}

void VmSlot::let_go(const VmUser& left) {
  if (left.source != nullptr) streams_->remove(*left.source);
  if (instance_ && left.root != nullptr) {
    left.root->leave(*left.plugin);
    const bool shared =
        std::ranges::any_of(users_, [&](const auto& other) { return other->root == left.root; });
    if (!shared) left.root->end();
  }
  if (users_.empty()) drain();
}

Done VmSlot::carry_over(VmUser& user) {
  WEIR_TRY(VmUser * here, add(user.plugin));
  here->predecessor = &user;
  user.successor = here;
  return Unit{};
}

void VmSlot::begin_serving() {
  serving_ = true;
  std::vector<VmUser> left;
  for (auto& here : users_) {
    if (here->predecessor == nullptr) continue;
    VmUser& before = *here->predecessor;
    auto& others = before.slot->users_;
    auto found = std::ranges::find(others, &before, &std::unique_ptr<VmUser>::get);
    left.push_back(before);
    before.slot = this;
    before.root = here->root;
    before.source = here->source;
    before.successor = nullptr;
    here = std::move(*found);
    others.erase(found);
  }
  // All is in its place before a guest is called.
  for (const VmUser& user : left) user.slot->let_go(user);
}

Done VmSlot::start_instance(const Plugin& plugin) {
  VmOwner& owner = *this;
  instance_ = std::make_unique<VmInstance>(surroundings_, vm_, owner);
  VmInstance* starting = instance_.get();  // which on_instance_failed() may take from instance_
  if (auto started = starting->start(plugin); !started.ok()) {
    if (instance_) dead_instances_.push_back(std::move(instance_));
    clean_up_soon();
    return std::move(started).error();
  }
  return Unit{};
}

VmInstance* VmSlot::restart() {
  if (users_.empty()) return nullptr;
  const Nanoseconds now = surroundings_.host.clock().monotonic();
  if (!restarts_.take(now)) {
    count("vm_reload_backoff");
    return nullptr;
  }
  count("vm_reload");
  Done started = start_instance(*users_.front()->plugin);
  for (size_t i = 0; started.ok() && i < users_.size(); ++i) {
    auto root = instance_->start_root(users_[i]->plugin);
    if (!root.ok()) {
      started = std::move(root).error();
    } else {
      users_[i]->root = root.value();
    }
  }
  if (started.ok()) {
    restarts_.succeeded();
    count("vm_reload_success");
    return instance_.get();
  }
  restarts_.failed(now);
  count("vm_reload_failure");
  failures_.last = started.error().message;
  surroundings_.host.logger().log(LogLevel::Error, "restart: " + failures_.last);
  if (instance_) dead_instances_.push_back(std::move(instance_));
  clean_up_soon();
  return nullptr;
}

void VmSlot::on_instance_failed(VmInstance& instance) {
  ++failures_.count;
  failures_.last = instance.failure();
  for (auto& user : users_) user->root = nullptr;
  if (instance_.get() == &instance) dead_instances_.push_back(std::move(instance_));
  clean_up_soon();
}

void VmSlot::on_root_ended(std::unique_ptr<PluginContext> root) {
  dead_roots_.push_back(std::move(root));
  clean_up_soon();
}

void VmSlot::clean_up_soon() {
  if (cleaning_soon_) return;
  cleaning_soon_ = true;
  surroundings_.services.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) clean_up();
  });
}

void VmSlot::clean_up() {
  cleaning_soon_ = false;
  dead_roots_.clear();
  dead_instances_.clear();
  if (!users_.empty()) return;
  if (instance_ && instance_->has_contexts()) return;
  if (streams_ && streams_->count() != 0) return;
  instance_.reset();
  drain_timer_.reset();
  on_idle_(*this);  // Destroys this.
}

// The last user has gone. Streams end in their own time; a root that is asked to end has
// kDoneGrace.
void VmSlot::drain() {
  clean_up_soon();
  if (!instance_) return;
  drain_timer_ = surroundings_.services.make_timer([this] { on_drain_timer(); });
  drain_timer_->start(kDoneGrace);
}

void VmSlot::on_drain_timer() {
  if (instance_ && !instance_->only_roots_left()) {
    drain_timer_->start(kDoneGrace);
    return;
  }
  if (instance_) {
    surroundings_.host.logger().log(LogLevel::Warn,
                                    "a plugin of VM '" + vm_->options().vm_id +
                                        "' has not called proxy_done in time; its VM is dropped");
    dead_instances_.push_back(std::move(instance_));
  }
  clean_up();
}

void VmSlot::count(std::string_view what) const {
  const std::string& plugin = users_.front()->plugin->options().name;
  Metric* metric = surroundings_.host.metrics().define(MetricType::Counter,
                                                       "wasm." + plugin + "." + std::string(what));
  if (metric != nullptr) metric->add(1);
}

}  // namespace weir::runtime
