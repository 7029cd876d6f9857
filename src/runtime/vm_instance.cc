#include "runtime/vm_instance.h"

#include <algorithm>

#include "runtime/failure_log.h"
#include "runtime/foreign/expressions.h"
#include "runtime/metric_quota.h"
#include "runtime/plugin_context.h"
#include "runtime/shared_queues.h"
#include "runtime/started_image.h"

namespace weir::runtime {

using abi::Callback;
using abi::Status;

namespace {

constexpr size_t kMaxMetricNameBytes = 4096;

// User metrics lie under this prefix, as in Envoy.
constexpr std::string_view kMetricPrefix = "wasmcustom.";

constexpr std::string_view kDeadline = "deadline";
constexpr std::string_view kOutOfMemory = "out_of_memory";

bool is_allocation_failure(const engine::Frame& frame) {
  return frame.function.find("alloc_error") != std::string::npos ||
         frame.function.find("rust_oom") != std::string::npos;
}

// Why the instance ended, as operators count it. Languages turn a failed allocation into a plain
// `unreachable`: what tells is memory near its ceiling (allocators ask for more in steps), or the
// frames.
std::string_view failure_kind(const engine::Trap& trap, uint64_t memory_bytes, uint64_t ceiling) {
  using engine::TrapKind;
  if (trap.kind == TrapKind::Interrupted) return kDeadline;
  if (trap.kind == TrapKind::Host && trap.message.starts_with("proc_exit")) return "proc_exit";
  const bool out_of_memory = memory_bytes > ceiling - ceiling / 16 ||
                             std::ranges::any_of(trap.frames, is_allocation_failure);
  if (trap.kind == TrapKind::Unreachable && out_of_memory) return kOutOfMemory;
  return to_string(trap.kind);
}

void count(Host& host, MetricType type, const std::string& name, int64_t by) {
  if (Metric* metric = host.metrics().define(type, name)) metric->add(by);
}

}  // namespace

InstanceMetrics instance_metrics(Host& host, const Vm& vm) {
  const std::string prefix = "wasm." + vm.module().engine().info().name;
  return {host.metrics().define(MetricType::Counter, prefix + ".created"),
          host.metrics().define(MetricType::Gauge, prefix + ".active")};
}

VmInstance::VmInstance(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm,
                       VmOwner& owner, const InstanceMetrics& metrics, const StreamStart* stream)
    : surroundings_(surroundings),
      vm_(std::move(vm)),
      owner_(owner),
      stream_(stream == nullptr ? std::nullopt : std::optional(*stream)),
      module_(stream_ && stream_->image.module ? *stream_->image.module : vm_->module()),
      call_limit_(vm_->options().limits.call_time),
      logger_(surroundings.host.logger()),
      done_waits_(surroundings.services, surroundings.host.clock()),
      metrics_(stream != nullptr && stream->image.module ? &stream->image.metrics : nullptr),
      active_(metrics.active) {
  if (surroundings_.purpose == Purpose::Trial) {
    trial_.emplace(vm_->shared_data(), host().shared_queues(), vm_->options().limits);
  }
  if (stream != nullptr) memory_.emplace(stream->memory);
  if (metrics.created != nullptr) metrics.created->add(1);
  if (active_ != nullptr) active_->add(1);
}

VmInstance::VmInstance(const VmSurroundings& surroundings, const std::shared_ptr<const Vm>& vm,
                       VmOwner& owner)
    : VmInstance(surroundings, vm, owner, instance_metrics(surroundings.host, *vm), nullptr) {}

VmInstance::VmInstance(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm,
                       VmOwner& owner, const StreamStart& start)
    : VmInstance(surroundings, std::move(vm), owner, start.metrics, &start) {}

VmInstance::~VmInstance() {
  // The watch may be about to interrupt a call that has just ended.
  auto hold = surroundings_.watch.hold();
  roots_.clear();
  guest_.reset();
  if (active_ != nullptr) active_->add(-1);
}

Result<Unit, LoadError> VmInstance::start(const Plugin& plugin) { return start_guest(plugin); }

Result<Unit, LoadError> VmInstance::start_guest(const Plugin& plugin) {
  auto guest = abi::Guest::make(module_, *this);
  if (!guest.ok()) return LoadError{std::move(guest).error()};
  guest_ = std::move(guest).value();
  engine::Flow flow{};
  const bool in_time = watched(surroundings_.watch, *guest_, vm_->options().limits.start_time,
                               [&] { flow = guest_->start(); });
  if (flow == engine::Flow::Return && in_time) return Unit{};
  if (flow == engine::Flow::Trap) {
    fail(plugin, "start");
  } else {
    overran(plugin, "start");
  }
  return failed_start(LoadPart::Code);
}

LoadError VmInstance::failed_start(LoadPart part) const {
  const CallLimits& limits = vm_->options().limits;
  std::string why = failure_;
  if (trap_kind_ == kOutOfMemory) {
    why += ", where limits.max_memory_bytes is " + std::to_string(limits.max_memory_bytes);
    part = LoadPart::MaxMemory;
  } else if (trap_kind_ == kDeadline) {
    why += ", as limits.start_cpu_time is " + std::to_string(limits.start_time.count()) + " ms";
  }
  return {{ErrorCode::GuestTrapped, std::move(why)}, part};
}

Done VmInstance::begin(std::shared_ptr<const Plugin> plugin) {
  const StartedImage& image = stream_->image;
  if (image.module == nullptr) {
    WEIR_TRY(begin_from_scratch(std::move(plugin)));
  } else {
    WEIR_TRY(start_guest(*plugin));
    last_call_ = image.last_call_id;
    roots_.push_back(std::make_unique<PluginContext>(*this, std::move(plugin)));
    roots_.front()->begin_started(image.root);
  }
  WEIR_CHECK(roots_.front()->id() == abi::ContextId{kRootOfStream});
  contexts_.go_on_from(stream_->stream_id);
  if (keeps_to_budget()) return Unit{};
  return Error{ErrorCode::LimitExceeded,
               "limits.max_stream_memory_bytes is reached by the instances of streams"};
}

// Its calls, ticks and log lines are those that the root of the worker has made already.
Done VmInstance::begin_from_scratch(std::shared_ptr<const Plugin> plugin) {
  quiet_ = true;
  logger_.mute(true);
  WEIR_TRY(start_guest(*plugin));
  WEIR_TRY(PluginContext * root, start_root(std::move(plugin)));
  root->give_up_calls();
  quiet_ = false;
  logger_.mute(false);
  return Unit{};
}

void VmInstance::stream_ended() {
  stream_over_ = true;
  if (!failed()) stream_root().stop_ticks();
}

bool VmInstance::is_idle() const {
  return failed() || (only_roots_left() && !roots_.front()->has_open_calls());
}

void VmInstance::give_up_calls() { stream_root().give_up_calls(); }

void VmInstance::call_ended() {
  if (stream_over_ && is_idle()) owner_.on_instance_idle(*this);
}

Expressions& VmInstance::expressions() {
  if (expressions_ == nullptr) {
    const bool begun = stream_ && stream_->image.module;
    expressions_ = std::make_unique<Expressions>(begun ? &stream_->expressions : nullptr);
  }
  return *expressions_;
}

PluginContext* VmInstance::find_root(const Plugin& plugin) const {
  const auto found =
      std::ranges::find_if(roots_, [&](const auto& root) { return root->serves(plugin); });
  return found == roots_.end() ? nullptr : found->get();
}

Result<PluginContext*, LoadError> VmInstance::start_root(std::shared_ptr<const Plugin> plugin) {
  if (PluginContext* known = find_root(*plugin)) {
    known->share_with(std::move(plugin));
    return known;
  }
  PluginContext& root =
      *roots_.emplace_back(std::make_unique<PluginContext>(*this, std::move(plugin)));
  call_limit_ = vm_->options().limits.start_time;
  auto started = root.start();
  call_limit_ = vm_->options().limits.call_time;
  if (failed()) return failed_start(started.ok() ? LoadPart::Code : started.error().part);
  if (started.ok()) return &root;
  static_cast<void>(call(Callback::OnDelete, root, {}));
  if (!failed()) roots_.pop_back();
  return std::move(started).error();
}

void VmInstance::drop_root(PluginContext& root) {
  auto found = std::ranges::find(roots_, &root, &std::unique_ptr<PluginContext>::get);
  WEIR_CHECK(found != roots_.end());
  std::unique_ptr<PluginContext> ended = std::move(*found);
  roots_.erase(found);
  owner_.on_root_ended(std::move(ended));
}

abi::GuestAnswer VmInstance::call_guest(Callback callback, ContextBase& context,
                                        abi::CallbackParams& params) {
  abi::GuestAnswer answer = std::nullopt;
  logger_.begin_call();
  ++depth_;
  const bool in_time = watched(surroundings_.watch, *guest_, call_limit_, [&] {
    answer = guest_->call(callback, context.id(), context, params);
  });
  if (!answer) {
    fail(context.plugin(), abi::type_of(callback).name);
  } else if (!in_time) {
    overran(context.plugin(), abi::type_of(callback).name);
    answer = std::nullopt;
  } else if (!keeps_to_budget()) {
    end(context.plugin(), kOutOfMemory,
        std::string(abi::type_of(callback).name) +
            ": out of memory: the instances of streams take more than "
            "limits.max_stream_memory_bytes");
    answer = std::nullopt;
  } else if (!pending_.empty()) {
    apply_pending();
  }
  --depth_;
  return answer;
}

void VmInstance::note_pending(ContextBase& context) { pending_.push_back(context.id()); }

void VmInstance::apply_pending() {
  // What is done here may call the guest again, for other contexts, and come back to this function:
  // the inner one then does the rest.
  for (size_t i = 0; i < pending_.size(); ++i) {
    ContextBase* context = contexts_.find(pending_[i]);
    if (context == nullptr || !context->pending_noted_) continue;
    context->pending_noted_ = false;
    context->apply_pending();
  }
  pending_.clear();
}

void VmInstance::fail(const Plugin& plugin, std::string_view doing) {
  const engine::Trap& trap = guest_->trap();
  trap_kind_ = failure_kind(trap, guest_->memory_bytes(), vm_->options().limits.max_memory_bytes);
  end(plugin, trap_kind_, std::string(doing) + ": " + trap.to_line());
}

void VmInstance::overran(const Plugin& plugin, std::string_view doing) {
  const engine::Trap trap{.kind = engine::TrapKind::Interrupted,
                          .message = "it returned after its time was used up",
                          .frames = {}};
  trap_kind_ = kDeadline;
  end(plugin, kDeadline, std::string(doing) + ": " + trap.to_line());
}

void VmInstance::end(const Plugin& plugin, std::string_view kind, std::string why) {
  const std::string& name = plugin.options().name;
  failure_ = std::move(why);
  const std::string line = "plugin '" + name + "': " + failure_;
  // The plugin that is tried out is not the one whose instances are counted.
  if (surroundings_.purpose != Purpose::Trial) {
    count(host(), MetricType::Counter, "wasm." + name + ".failed." + std::string(kind), 1);
  }
  if (stream_) {
    stream_->failure_log.write(line);
  } else if (surroundings_.purpose != Purpose::Trial) {
    host().logger().log(LogLevel::Error, line);
  }

  pending_.clear();
  const auto ids = contexts_.ids();
  for (abi::ContextId id : ids) contexts_.find(id)->instance_failed(line);
  for (abi::ContextId id : ids) {
    // Null: gone by what another's failure caused.
    if (ContextBase* context = contexts_.find(id)) context->apply_failure();
  }
  if (stream_) {
    // Its stream may live on without it for long.
    auto hold = surroundings_.watch.hold();
    guest_.reset();
    memory_->set(0);
  }
  owner_.on_instance_failed(*this);
}

Status VmInstance::get_shared_data(std::string_view key,
                                   FunctionRef<Status(Bytes, uint32_t cas)> give) {
  auto value = trial_ ? trial_->get(key) : vm_->shared_data().get(key);
  return value ? give(as_bytes(*value->bytes), value->cas) : Status::NotFound;
}

Status VmInstance::set_shared_data(std::string_view key, std::string_view value, uint32_t cas) {
  if (trial_) return trial_->set(key, value, cas);
  return vm_->shared_data().set(key, value, cas, vm_->options().limits.max_shared_data_bytes);
}

Status VmInstance::resolve_shared_queue(std::string_view vm_id, std::string_view name,
                                        uint32_t& queue_id) {
  return host().shared_queues().resolve(vm_id, name, queue_id);
}

Status VmInstance::enqueue(uint32_t queue_id, std::string_view item) {
  return trial_ ? trial_->enqueue(queue_id, item) : host().shared_queues().enqueue(queue_id, item);
}

Status VmInstance::dequeue(uint32_t queue_id, std::string& item) {
  return trial_ ? trial_->dequeue(queue_id, item) : host().shared_queues().dequeue(queue_id, item);
}

Status VmInstance::define_metric(MetricType type, std::string_view name, uint32_t& metric_id) {
  if (name.size() > kMaxMetricNameBytes) return Status::BadArgument;
  // A control character would forge lines of a report.
  std::string full = std::string(kMetricPrefix).append(name);
  std::ranges::replace_if(
      full, [](char c) { return static_cast<unsigned char>(c) < ' '; }, '_');
  // What one plugin does must not be another's loss, so each VM has names of its own to use up.
  const std::string vm = vm_->options().vm_id + '/' + vm_->code_hash();
  if (!host().metric_quota().may_define(vm, full)) return Status::InternalFailure;
  Metric* metric = host().metrics().define(type, full);
  if (metric == nullptr) return Status::BadArgument;
  metric_id = metrics_.add(*metric);
  return Status::Ok;
}

Status VmInstance::increment_metric(uint32_t metric_id, int64_t delta) {
  Metric* metric = metrics_.find(metric_id);
  if (metric == nullptr) return Status::NotFound;
  if (metric->type() == MetricType::Histogram) return Status::BadArgument;
  if (metric->type() == MetricType::Counter && delta < 0) return Status::BadArgument;
  metric->add(delta);
  return Status::Ok;
}

Status VmInstance::record_metric(uint32_t metric_id, uint64_t value) {
  Metric* metric = metrics_.find(metric_id);
  if (metric == nullptr) return Status::NotFound;
  metric->record(value);
  return Status::Ok;
}

Status VmInstance::get_metric(uint32_t metric_id, uint64_t& value) {
  const Metric* metric = metrics_.find(metric_id);
  if (metric == nullptr) return Status::NotFound;
  if (metric->type() == MetricType::Histogram) return Status::BadArgument;
  value = metric->value();
  return Status::Ok;
}

}  // namespace weir::runtime
