#include "runtime/stream_instances.h"

#include <algorithm>

#include "runtime/plugin_context.h"

namespace weir::runtime {
namespace {

// Owns nothing: what is shared by workers has a count that they would all write to for each stream.
template <typename T>
std::shared_ptr<T> borrowed(const std::shared_ptr<T>& owner) {
  return {std::shared_ptr<void>(), owner.get()};
}

Metric* counter(Host& host, const Plugin& plugin, std::string_view name) {
  return host.metrics().define(MetricType::Counter,
                               "wasm." + plugin.options().name + "." + std::string(name));
}

}  // namespace

StreamSource::StreamSource(std::shared_ptr<const Plugin> plugin, Host& host)
    : plugin_(std::move(plugin)),
      expressions_(plugin_->image()->expressions),
      starts_(plugin_->options().reload_backoff, plugin_->options().reload_backoff_max),
      refused_(counter(host, *plugin_, "stream_instances_refused")),
      from_scratch_(counter(host, *plugin_, "stream_instances_from_scratch")) {}

void ReturnInstance::operator()(VmInstance* instance) const { to->take_back(instance, *source); }

StreamInstances::StreamInstances(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm,
                                 Failures& failures, std::function<void()> on_empty)
    : surroundings_{surroundings.host, surroundings.services, surroundings.watch, Purpose::Stream},
      vm_(std::move(vm)),
      failures_(failures),
      on_empty_(std::move(on_empty)),
      memory_(vm_->options().limits.max_stream_memory_bytes),
      metrics_(instance_metrics(surroundings.host, *vm_)),
      failure_log_(surroundings.host.logger(), surroundings.host.clock()),
      next_context_(kRootOfStream + 1) {}

StreamInstances::~StreamInstances() { *alive_ = false; }

StreamSource& StreamInstances::add(std::shared_ptr<const Plugin> plugin) {
  return *sources_.emplace_back(
      std::make_unique<StreamSource>(std::move(plugin), surroundings_.host));
}

void StreamInstances::remove(StreamSource& source) {
  source.removed_ = true;
  if (source.instances_ == 0) forget(source);
}

void StreamInstances::forget(StreamSource& source) {
  std::erase_if(sources_, [&](const auto& known) { return known.get() == &source; });
}

Result<InstanceLease> StreamInstances::make(StreamSource& source) {
  const StartedImage& image = *source.plugin_->image();
  const Nanoseconds now = image.module ? Nanoseconds() : surroundings_.host.clock().monotonic();
  if (!memory_.has_room_for(image.memory_bytes)) {
    return refuse(source,
                  "the instances of its streams take " + std::to_string(memory_.used()) +
                      " bytes of memory on this worker, limits.max_stream_memory_bytes is " +
                      std::to_string(memory_.max()));
  }
  if (!image.module && !source.starts_.may_start(now)) {
    return refuse(source, "its instances could not be started: " + failures_.last);
  }
  const StreamStart start{.image = image,
                          .expressions = source.expressions_,
                          .memory = memory_,
                          .metrics = metrics_,
                          .silence = silence_,
                          .failure_log = failure_log_,
                          .stream_id = next_context_++};
  // Destroys what cannot begin.
  auto instance = std::make_unique<VmInstance>(surroundings_, borrowed(vm_),
                                               static_cast<VmOwner&>(*this), start);
  if (Done begun = instance->begin(borrowed(source.plugin_)); !begun.ok()) {
    // What costs time here is a start; that there is no room for it costs none.
    const bool tried = begun.error().code != ErrorCode::LimitExceeded;
    if (!image.module && tried) source.starts_.failed(now);
    if (!instance->failed()) failures_.last = begun.error().message;
    return refuse(source, std::move(begun).error().message);
  }
  if (!image.module) {
    source.starts_.succeeded();
    if (source.from_scratch_ != nullptr) source.from_scratch_->add(1);
  }
  full_ = false;
  ++count_;
  ++source.instances_;
  return InstanceLease(instance.release(), ReturnInstance{this, &source});
}

Result<InstanceLease> StreamInstances::refuse(StreamSource& source, std::string why) {
  if (source.refused_ != nullptr) source.refused_->add(1);
  // One line for all that come until there is room again.
  if (!std::exchange(full_, true)) {
    surroundings_.host.logger().log(LogLevel::Error, "plugin '" + source.plugin_->options().name +
                                                         "': no instance for a stream: " + why);
  }
  return Error{ErrorCode::LimitExceeded, std::move(why)};
}

void StreamInstances::on_instance_failed(VmInstance& instance) {
  ++failures_.count;
  failures_.last = instance.failure();
}

void StreamInstances::take_back(VmInstance* returned, StreamSource& source) {
  std::unique_ptr<VmInstance> instance(returned);
  instance->stream_ended();
  if (instance->is_idle() && !instance->in_call()) {
    instance.reset();
    --source.instances_;
    --count_;
    if (source.removed_ && source.instances_ == 0) forget(source);
    if (count_ == 0) on_empty_();
    return;
  }
  if (instance->in_call()) clean_up_soon();
  waiting_.push_back(
      {std::move(instance), &source, surroundings_.host.clock().monotonic() + kLongestWait});
  if (timer_) return;
  timer_ = surroundings_.services.make_timer([this] { end_overdue(); });
  timer_->start(kLongestWait);
}

void StreamInstances::clean_up_soon() {
  if (cleaning_soon_) return;
  cleaning_soon_ = true;
  surroundings_.services.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) clean_up();
  });
}

void StreamInstances::clean_up() {
  cleaning_soon_ = false;
  const size_t before = count_;
  std::erase_if(waiting_, [this](Waiting& waiting) {
    if (!waiting.instance->is_idle()) return false;
    waiting.instance.reset();
    --count_;
    if (--waiting.source->instances_ == 0 && waiting.source->removed_) forget(*waiting.source);
    return true;
  });
  if (waiting_.empty()) timer_.reset();
  if (count_ == 0 && before != 0) on_empty_();
}

void StreamInstances::end_overdue() {
  const Nanoseconds now = surroundings_.host.clock().monotonic();
  for (Waiting& waiting : waiting_) {
    if (waiting.until > now) {
      const auto left = std::chrono::duration_cast<Milliseconds>(waiting.until - now);
      timer_->start(left + Milliseconds(1));
      break;
    }
    surroundings_.host.logger().log(
        LogLevel::Warn, "plugin '" + waiting.source->plugin_->options().name +
                            "': a stream's calls have had no answer for too long after its end; "
                            "they are dropped");
    waiting.instance->give_up_calls();
  }
  clean_up_soon();
}

}  // namespace weir::runtime
