#include "planes/envoy/main_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {
namespace {

constexpr std::string_view kCarrierGone = "the configuration that carried it is gone";
constexpr std::string_view kEnding = "Envoy ends";

// A worker waits so long for a main thread that is not at work in this module. When the process
// ends, it is at work nowhere: it waits for that worker.
constexpr std::chrono::seconds kPatience{2};

}  // namespace

// While it lives, the main thread may use the carrier: nobody destroys it.
class MainThread::Use {
 public:
  // With mutex_ held.
  Use(MainThread& main, Carrier& carrier)
      : main_(&main), carrier_(carrier), outer_(std::exchange(main.in_use_, carrier.config())) {}
  Use(Use&& other) noexcept
      : main_(std::exchange(other.main_, nullptr)),
        carrier_(other.carrier_),
        outer_(other.outer_) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (main_ == nullptr) return;
    const std::lock_guard lock(main_->mutex_);
    main_->in_use_ = outer_;
    main_->changed_.notify_all();
  }

  Carrier* operator->() const { return &carrier_; }

 private:
  MainThread* main_;
  Carrier& carrier_;
  const void* outer_;
};

void MainThread::run(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back({std::move(task), nullptr});
  wake();
}

void MainThread::run(const std::shared_ptr<RootCall>& call, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && !carriers_.empty()) {
      tasks_.push_back({std::move(task), call});
      return wake();
    }
    if (closed_) return call->fail(kEnding);
  }
  fail_without_way(call);
}

void MainThread::fail_without_way(const std::shared_ptr<RootCall>& call) {
  call->fail(call->needs_stream
                 ? "Envoy offers no way: it takes an HTTP filter of this module in some listener"
                 : "Envoy offers no way: it takes an HTTP filter, a bootstrap extension or the "
                   "cluster of this module");
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_told_, true)) return;
  }
  logger_.log(LogLevel::Warn,
              "calls that plugins make outside of streams fail: Envoy offers access loggers and "
              "network filters no way to a cluster; configure an HTTP filter of weir-envoy in some "
              "listener, which gRPC calls need, or a bootstrap extension or a cluster of it");
}

void MainThread::wake() {
  if (carriers_.empty() || std::exchange(woken_, true)) return;
  // The oldest may be about to go.
  carriers_.back()->waker().wake();
}

void MainThread::add(std::unique_ptr<Carrier> carrier) {
  const std::lock_guard lock(mutex_);
  carriers_.push_back(std::move(carrier));
  if (!tasks_.empty()) wake();
}

void MainThread::remove(const void* config) {
  std::unique_ptr<Carrier> gone;
  Calls failed;
  {
    std::unique_lock lock(mutex_);
    const auto found =
        std::ranges::find(carriers_, config, [](auto& one) { return one->config(); });
    if (found == carriers_.end()) return;
    gone = std::move(*found);
    carriers_.erase(found);
    // An event may have been on its way through this one.
    woken_ = false;
    if (std::this_thread::get_id() != main_ && is_needed(config)) {
      leaving_.push_back(std::move(gone));
      wake();
      wait_until_unneeded(lock, config);
      const auto left =
          std::ranges::find(leaving_, config, [](auto& one) { return one->config(); });
      gone = std::move(*left);
      leaving_.erase(left);
    }
    if (!tasks_.empty()) wake();
    failed = calls_of(config);
    std::erase_if(calls_, [&](auto& entry) { return entry.first.first == config; });
    if (carriers_.empty()) {
      Calls dropped = drop_tasks_of_calls();
      failed.insert(failed.end(), dropped.begin(), dropped.end());
    }
  }
  for (const auto& call : failed) call->fail(kCarrierGone);
}

void MainThread::wait_until_unneeded(std::unique_lock<std::mutex>& lock, const void* config) {
  while (is_needed(config)) {
    const auto woken = changed_.wait_for(lock, kPatience);
    // The main thread waits for this one, or for another that comes before it.
    if (woken == std::cv_status::timeout && occupied_ == 0 && in_use_ == nullptr) return;
  }
}

bool MainThread::is_needed(const void* config) const {
  const auto first = calls_.lower_bound({config, 0});
  return in_use_ == config || (first != calls_.end() && first->first.first == config);
}

MainThread::Calls MainThread::calls_of(const void* config) const {
  Calls found;
  for (auto at = calls_.lower_bound({config, 0}); at != calls_.end() && at->first.first == config;
       ++at) {
    found.push_back(at->second);
  }
  return found;
}

MainThread::Calls MainThread::drop_tasks_of_calls() {
  Calls dropped;
  std::erase_if(tasks_, [&](Task& task) {
    if (task.call == nullptr) return false;
    dropped.push_back(std::move(task.call));
    return true;
  });
  return dropped;
}

void MainThread::occupy(int by) {
  const std::lock_guard lock(mutex_);
  occupied_ += by;
}

void MainThread::work() {
  const Occupied here(*this);
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    tasks.swap(tasks_);
  }
  reset_calls_of_leaving();
  for (Task& task : tasks) {
    task.work();
    reset_calls_of_leaving();
  }
}

void MainThread::reset_calls_of_leaving() {
  Calls calls;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& carrier : leaving_) {
      const Calls some = calls_of(carrier->config());
      calls.insert(calls.end(), some.begin(), some.end());
    }
  }
  reset_all(std::move(calls), kCarrierGone);
}

void MainThread::close() {
  Calls dropped;
  Calls calls;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped = drop_tasks_of_calls();
    for (const auto* list : {&carriers_, &leaving_}) {
      for (const auto& carrier : *list) {
        if (carrier->calls() != Carrier::Calls::Streams) continue;
        const Calls some = calls_of(carrier->config());
        calls.insert(calls.end(), some.begin(), some.end());
      }
    }
  }
  for (const auto& call : dropped) call->fail(kEnding);
  reset_all(std::move(calls), kEnding);
}

// The newest first: what waits for a connection is gone before the connection that it waits for.
void MainThread::reset_all(Calls calls, std::string_view why) {
  std::ranges::sort(calls, std::greater(), [](auto& call) { return call->started; });
  for (const auto& call : calls) {
    reset(call);
    call->fail(why);
  }
}

Carrier* MainThread::find_carrier(Carrier::Calls at_least) const {
  if (closed_) return nullptr;
  const auto can = [&](auto& one) { return one->calls() >= at_least; };
  // Of filters, the newest stays the longest.
  const auto newest = std::find_if(carriers_.rbegin(), carriers_.rend(), [](auto& one) {
    return one->calls() == Carrier::Calls::Streams;
  });
  if (newest != carriers_.rend()) return newest->get();
  // Of others, a service is older than any cluster, and stays to the end.
  const auto oldest = std::ranges::find_if(carriers_, can);
  return oldest == carriers_.end() ? nullptr : oldest->get();
}

std::optional<MainThread::Use> MainThread::use_carrier_of(const RootCall& call) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find({call.config, call.id});
  if (found == calls_.end() || found->second.get() != &call) return std::nullopt;
  for (const auto* list : {&carriers_, &leaving_}) {
    const auto at = std::ranges::find(*list, call.config, [](auto& one) { return one->config(); });
    if (at != list->end()) return Use(*this, **at);
  }
  return std::nullopt;
}

void MainThread::start(const std::shared_ptr<RootCall>& call, std::vector<ModuleHeader>& headers,
                       bool end_of_stream) {
  std::optional<Use> carrier;
  {
    const std::lock_guard lock(mutex_);
    if (Carrier* found = find_carrier(Carrier::Calls::Unary)) carrier.emplace(*this, *found);
  }
  if (carrier && (*carrier)->calls() == Carrier::Calls::Streams) {
    return start_through(*carrier, call, {call->cluster, headers, {}, end_of_stream});
  }
  if (!carrier || call->needs_stream) return fail_without_way(call);
  if (end_of_stream) return start_through(*carrier, call, {call->cluster, headers, {}, true});
  call->gathered.emplace();
  for (const ModuleHeader& header : headers) {
    // They come from such a list.
    static_cast<void>(call->gathered->headers.add({header.name_data, header.name_size},
                                                  {header.value_data, header.value_size}));
  }
}

void MainThread::start_through(Use& carrier, const std::shared_ptr<RootCall>& call,
                               const CallRequest& request) {
  uint64_t id = 0;
  const CallStart start = carrier->start(id, request);
  if (start == CallStart::ClusterNotFound) {
    return call->fail("there is no cluster '" + call->cluster + "'");
  }
  if (start != CallStart::Started) return call->fail("the cluster cannot be reached");
  call->config = carrier->config();
  call->id = id;
  const std::lock_guard lock(mutex_);
  call->started = ++started_;
  calls_.emplace(CallKey(carrier->config(), id), call);
}

void MainThread::send_data(const std::shared_ptr<RootCall>& call, std::string_view data,
                           bool end_of_stream) {
  if (const auto carrier = use_carrier_of(*call)) {
    return (*carrier)->send_data(call->id, data, end_of_stream);
  }
  if (!call->gathered) return;
  call->gathered->body += data;
  if (!end_of_stream) return;
  const RootCall::Gathered request = *std::exchange(call->gathered, std::nullopt);
  std::optional<Use> carrier;
  {
    const std::lock_guard lock(mutex_);
    if (Carrier* found = find_carrier(Carrier::Calls::Unary)) carrier.emplace(*this, *found);
  }
  if (!carrier) return call->fail(kCarrierGone);
  std::vector<ModuleHeader> headers = module_headers(request.headers);
  start_through(*carrier, call, {call->cluster, headers, request.body, true});
}

void MainThread::send_trailers(const std::shared_ptr<RootCall>& call,
                               std::vector<ModuleHeader>& trailers) {
  if (const auto carrier = use_carrier_of(*call)) {
    return (*carrier)->send_trailers(call->id, trailers);
  }
  // A call of one request has none.
  send_data(call, "", true);
}

void MainThread::reset(const std::shared_ptr<RootCall>& call) {
  call->gathered.reset();
  const auto carrier = use_carrier_of(*call);
  if (!carrier) return;
  take(call->config, call->id);
  (*carrier)->reset(call->id);
}

std::shared_ptr<RootCall> MainThread::find(const void* config, uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find({config, id});
  return found == calls_.end() ? nullptr : found->second;
}

std::shared_ptr<RootCall> MainThread::take(const void* config, uint64_t id) {
  const std::lock_guard lock(mutex_);
  auto node = calls_.extract({config, id});
  if (node.empty()) return nullptr;
  changed_.notify_all();
  return std::move(node.mapped());
}

void MainThread::answer(const void* config, uint64_t id, const CalloutEnd& end) {
  // What fails before Envoy has given it a number is not known here; start() has said so.
  const auto call = take(config, id);
  if (call == nullptr) return;
  RootCall::tell(call, [result = end.result, list = header_list(end.headers, end.header_count),
                        body = joined(end.pieces, end.piece_count)](CallEvents& to) mutable {
    to.answer(result, std::move(list), body);
  });
}

}  // namespace weir::envoy_plane
