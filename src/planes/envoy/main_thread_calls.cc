#include <algorithm>
#include <utility>

#include "planes/envoy/main_thread.h"
#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {

void MainThread::fail_without_way(const std::shared_ptr<RootCall>& call) {
  call->refuse(call->needs_stream
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
    return start_through(*carrier, call,
                         {call->cluster, headers, {}, end_of_stream, call->patience});
  }
  if (!carrier || call->needs_stream) return fail_without_way(call);
  if (end_of_stream) {
    return start_through(*carrier, call, {call->cluster, headers, {}, true, call->patience});
  }
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
  if (start != CallStart::Started) return call->refuse(runtime::refusal_of(open_error(start)));
  call->config = carrier->config();
  call->id = id;
  const std::lock_guard lock(mutex_);
  call->started = ++started_;
  calls_.emplace(CallKey(carrier->config(), id), call);
  if (carrier->calls() == Carrier::Calls::Unary) {
    unary_.emplace(CallKey(carrier->config(), id), call->cluster);
  }
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
  if (!carrier) return call->fail(RootCall::kCarrierGone);
  std::vector<ModuleHeader> headers = module_headers(request.headers);
  start_through(*carrier, call, {call->cluster, headers, request.body, true, call->patience});
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
  forget(call->config, call->id);
  (*carrier)->reset(call->id);
}

std::shared_ptr<RootCall> MainThread::find(const void* config, uint64_t id) {
  std::shared_ptr<RootCall> call;
  {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find({config, id});
    if (found != calls_.end()) call = found->second;
  }
  close_after_workers(call.get());
  return call;
}

std::shared_ptr<RootCall> MainThread::take(const void* config, uint64_t id) {
  auto call = forget(config, id);
  close_after_workers(call.get());
  return call;
}

std::shared_ptr<RootCall> MainThread::forget(const void* config, uint64_t id) {
  const std::lock_guard lock(mutex_);
  auto node = calls_.extract({config, id});
  if (node.empty()) return nullptr;
  changed_.notify_all();
  return std::move(node.mapped());
}

void MainThread::answer(const void* config, uint64_t id, const CalloutEnd& end) {
  // What fails before Envoy has given it a number is not known here; start() has said so.
  const auto call = take(config, id);
  {
    const std::lock_guard lock(mutex_);
    unary_.erase({config, id});
  }
  let_end();
  if (call == nullptr) return;
  RootCall::tell(call, [result = end.result, list = header_list(end.headers, end.header_count),
                        body = joined(end.pieces, end.piece_count)](CallEvents& to) mutable {
    to.answer(result, std::move(list), body);
  });
}

}  // namespace weir::envoy_plane
