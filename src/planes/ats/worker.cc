#include "planes/ats/worker.h"

#include <algorithm>

#include "planes/ats/event_timer.h"
#include "runtime/unavailable_context.h"

namespace weir::ats_plane {
namespace {

// A plugin that could not be started here is tried again after this time.
constexpr Nanoseconds kRetryStart = std::chrono::seconds(1);

bool share_vm(const Generation& a, const Generation& b) {
  return std::ranges::any_of(a.plugins, [&](const auto& one) {
    return std::ranges::any_of(b.plugins,
                               [&](const auto& other) { return other->vm() == one->vm(); });
  });
}

}  // namespace

Worker& Worker::here() {
  static thread_local Worker* worker = nullptr;
  if (worker == nullptr) {
    worker = new Worker(Plane::get());
    worker->plane_.add_worker(worker->inbox_);
  }
  return *worker;
}

Worker::Worker(Plane& plane) : plane_(plane), runtime_(plane.host(), *this) {}

std::shared_ptr<WorkerSet> Worker::set_of(const std::shared_ptr<PluginSet>& set) {
  std::shared_ptr<WorkerSet>& known = sets_[set.get()];
  if (known == nullptr || known->version() != set->version()) {
    // The old one goes once the new one has what both share.
    const std::shared_ptr<WorkerSet> before = known;
    known = std::make_shared<WorkerSet>(*this, set);
    if (before == nullptr) start_sharers(known->generation());
  }
  return known;
}

void Worker::start_sharers(const Generation& of) {
  for (const auto& other : plane_.sets()) {
    if (!sets_.contains(other.get()) && share_vm(of, *other->generation())) set_of(other);
  }
}

void Worker::adopt() {
  for (const auto& set : plane_.sets()) set_of(set);
  std::erase_if(sets_, [](const auto& entry) { return entry.second->is_retired(); });
}

std::vector<runtime::WorkerPlugin*> Worker::plugins_beside(const PluginSet& set) const {
  std::vector<runtime::WorkerPlugin*> all;
  for (const auto& [other, started] : sets_) {
    if (other != &set && started != nullptr) started->add_running(all);
  }
  return all;
}

std::unique_ptr<runtime::Timer> Worker::make_timer(std::function<void()> on_expiry) {
  return std::make_unique<EventTimer>(std::move(on_expiry));
}

std::shared_ptr<const CallTarget> Worker::find_target(std::string_view name) const {
  if (current_ != nullptr) {
    if (auto target = current_->find_target(name)) return target;
  }
  // A root context's: it may be any set's, by whose name the file is told.
  for (const auto& [set, plugins] : sets_) {
    if (plugins == nullptr) continue;  // its plugins are started just now
    if (auto target = plugins->generation().targets.find(name)) return target;
  }
  // Where a set starts its plugins for the first time, it is not among them yet.
  for (const auto& set : plane_.sets()) {
    if (auto target = set->generation()->targets.find(name)) return target;
  }
  return nullptr;
}

Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> Worker::open(
    std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream end,
    runtime::Protocol protocol, runtime::UpstreamObserver& observer) {
  auto target = find_target(upstream);
  if (target == nullptr) return runtime::OpenError::UnknownUpstream;
  CallThread::Deliver deliver;
  if (current_ == nullptr) {
    deliver = [this](auto event) { post(std::move(event)); };
  } else {
    // As its owner's event, for as long as that is there.
    deliver = [this, alive = current_->alive()](std::function<void()> event) {
      post([alive, event = std::move(event)]() mutable {
        if (CallOwner* owner = *alive; owner != nullptr) {
          owner->run(std::move(event));
        } else {
          event();
        }
      });
    };
  }
  return plane_.calls().open(std::move(target), headers, end, protocol, observer,
                             std::move(deliver));
}

WorkerSet::WorkerSet(Worker& worker, std::shared_ptr<PluginSet> set)
    : worker_(worker),
      set_(std::move(set)),
      version_(set_->version()),
      generation_(set_->generation()),
      started_(generation_->plugins.size()) {
  for (size_t place = 0; place < count(); ++place) {
    start(place);
    network_makers_.emplace_back([this, place](runtime::NetworkStream& stream) {
      return make_network_context(place, stream);
    });
  }
}

void WorkerSet::start(size_t place) {
  Started& started = started_[place];
  const Nanoseconds now = worker_.clock().monotonic();
  if (started.plugin != nullptr || now < started.retry_at) return;
  // The generation before this one is on its way out, and stays where it is.
  std::vector<runtime::WorkerPlugin*> others = worker_.plugins_beside(*set_);
  add_running(others);
  auto made = worker_.runtime().join(generation_->plugins[place], others);
  if (made.ok()) {
    started.plugin = std::move(made).value();
    return;
  }
  started.why = made.error().message;
  started.retry_at = now + kRetryStart;
  worker_.plane().host().logger().log(LogLevel::Error, started.why);
}

void WorkerSet::add_running(std::vector<runtime::WorkerPlugin*>& into) const {
  for (const Started& started : started_) {
    if (started.plugin != nullptr) into.push_back(started.plugin.get());
  }
}

WorkerSet::Started& WorkerSet::serve(size_t place) {
  start(place);
  worker_.runtime().commit();
  return started_[place];
}

std::unique_ptr<runtime::HttpContext> WorkerSet::make_context(size_t place,
                                                              runtime::HttpStream& stream) {
  Started& started = serve(place);
  if (started.plugin != nullptr) return started.plugin->make_http_context(stream);
  return std::make_unique<runtime::UnavailableHttpContext>(
      stream, generation_->plugins[place]->options().failure_policy, started.why);
}

std::unique_ptr<runtime::NetworkContext> WorkerSet::make_network_context(
    size_t place, runtime::NetworkStream& stream) {
  Started& started = serve(place);
  if (started.plugin != nullptr) return started.plugin->make_network_context(stream);
  return std::make_unique<runtime::UnavailableNetworkContext>(
      stream, generation_->plugins[place]->options().failure_policy, started.why);
}

}  // namespace weir::ats_plane
