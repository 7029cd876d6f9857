#include "planes/envoy/main_thread.h"

#include <algorithm>
#include <utility>

#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {

void MainThread::run(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  wake();
}

void MainThread::wake() {
  if (carriers_.empty() || std::exchange(woken_, true)) return;
  carriers_.front()->waker().wake();
}

void MainThread::add(std::unique_ptr<Carrier> carrier) {
  const std::lock_guard lock(mutex_);
  carriers_.push_back(std::move(carrier));
  if (!tasks_.empty()) wake();
}

void MainThread::remove(const void* config) {
  std::unique_ptr<Carrier> gone;
  std::vector<std::shared_ptr<RootCall>> ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find(carriers_, config, [](auto& one) { return one->config(); });
    if (found == carriers_.end()) return;
    gone = std::move(*found);
    carriers_.erase(found);
    // An event may have been on its way through this one.
    woken_ = false;
    if (!tasks_.empty()) wake();
    std::erase_if(calls_, [&](auto& entry) {
      if (entry.first.first != config) return false;
      ended.push_back(std::move(entry.second));
      return true;
    });
  }
  for (const auto& call : ended) {
    call->carrier = nullptr;
    call->fail("the configuration that carried it is gone");
  }
}

void MainThread::work() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

Carrier* MainThread::find_carrier(Carrier::Calls at_least) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::ranges::find_if(carriers_, [&](auto& one) { return one->calls() >= at_least; });
  return found == carriers_.end() ? nullptr : found->get();
}

void MainThread::start(const std::shared_ptr<RootCall>& call, std::vector<ModuleHeader>& headers,
                       bool end_of_stream) {
  if (Carrier* carrier = find_carrier(Carrier::Calls::Streams)) {
    return start_through(*carrier, call, {call->cluster, headers, {}, end_of_stream});
  }
  Carrier* carrier = find_carrier(Carrier::Calls::Unary);
  if (carrier == nullptr || call->needs_stream) {
    return call->fail(
        "Envoy offers no way: it takes an HTTP filter of this module in some listener");
  }
  if (end_of_stream) return start_through(*carrier, call, {call->cluster, headers, {}, true});
  call->gathered.emplace();
  for (const ModuleHeader& header : headers) {
    // They come from such a list.
    static_cast<void>(call->gathered->headers.add({header.name_data, header.name_size},
                                                  {header.value_data, header.value_size}));
  }
}

void MainThread::start_through(Carrier& carrier, const std::shared_ptr<RootCall>& call,
                               const CallRequest& request) {
  uint64_t id = 0;
  const CallStart start = carrier.start(id, request);
  if (start == CallStart::ClusterNotFound) {
    return call->fail("there is no cluster '" + call->cluster + "'");
  }
  if (start != CallStart::Started) return call->fail("the cluster cannot be reached");
  call->carrier = &carrier;
  call->id = id;
  const std::lock_guard lock(mutex_);
  calls_.emplace(std::pair(carrier.config(), id), call);
}

void MainThread::send_data(const std::shared_ptr<RootCall>& call, std::string_view data,
                           bool end_of_stream) {
  if (call->carrier != nullptr) return call->carrier->send_data(call->id, data, end_of_stream);
  if (!call->gathered) return;
  call->gathered->body += data;
  if (!end_of_stream) return;
  Carrier* carrier = find_carrier(Carrier::Calls::Unary);
  const RootCall::Gathered request = *std::exchange(call->gathered, std::nullopt);
  if (carrier == nullptr) return call->fail("the configuration that carried it is gone");
  std::vector<ModuleHeader> headers = module_headers(request.headers);
  start_through(*carrier, call, {call->cluster, headers, request.body, true});
}

void MainThread::send_trailers(const std::shared_ptr<RootCall>& call,
                               std::vector<ModuleHeader>& trailers) {
  if (call->carrier != nullptr) return call->carrier->send_trailers(call->id, trailers);
  // A call of one request has none.
  send_data(call, "", true);
}

void MainThread::reset(const std::shared_ptr<RootCall>& call) {
  call->gathered.reset();
  Carrier* carrier = call->carrier;
  if (carrier == nullptr || take(carrier->config(), call->id) == nullptr) return;
  carrier->reset(call->id);
}

std::shared_ptr<RootCall> MainThread::find(const void* config, uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find({config, id});
  return found == calls_.end() ? nullptr : found->second;
}

std::shared_ptr<RootCall> MainThread::take(const void* config, uint64_t id) {
  std::shared_ptr<RootCall> call;
  {
    const std::lock_guard lock(mutex_);
    auto node = calls_.extract({config, id});
    if (node.empty()) return nullptr;
    call = std::move(node.mapped());
  }
  call->carrier = nullptr;
  return call;
}

}  // namespace weir::envoy_plane
