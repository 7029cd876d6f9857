#include "planes/envoy/network_calls.h"

#include "planes/envoy/worker.h"

namespace weir::envoy_plane {

// Shared by the connection and the call's handle.
struct NetworkCalls::Call {
  Call(NetworkCalls* of, std::string_view to, const abi::HeaderList& with,
       runtime::UpstreamObserver& observer)
      : owner(of),
        cluster(to),
        headers(with),
        milliseconds(unary_milliseconds(observer.patience())),
        events(observer) {}

  NetworkCalls* owner;  // null once the connection has forgotten it
  std::string cluster;
  abi::HeaderList headers;
  uint64_t milliseconds;
  std::string body;
  CallEvents events;
};

// What the runtime holds.
class NetworkCalls::Handle final : public runtime::UpstreamStream {
 public:
  explicit Handle(std::shared_ptr<Call> call) : call_(std::move(call)) {}

  // A call that has gone out cannot be taken back: its answer finds nobody.
  ~Handle() override {
    call_->events.let_go();
    if (call_->owner != nullptr) call_->owner->gathering_.erase(call_.get());
  }

  void send_data(Bytes data, abi::EndOfStream end) override {
    if (call_->owner == nullptr) return;
    call_->body += as_text(data);
    if (end == abi::EndOfStream::Yes) finish();
  }

  // A call of one request has none.
  void send_trailers(const abi::HeaderList&) override {
    if (call_->owner != nullptr) finish();
  }

  // All of it is with Envoy, or here until its end comes.
  size_t unsent_bytes() const override { return 0; }

 private:
  void finish() {
    NetworkCalls& owner = *call_->owner;
    owner.gathering_.erase(call_.get());
    owner.complete_.push_back(call_);
    owner.stream_.note();
  }

  std::shared_ptr<Call> call_;
};

NetworkCalls::~NetworkCalls() {
  for (auto& [id, call] : calls_) call->owner = nullptr;
  for (auto& [key, call] : gathering_) call->owner = nullptr;
  for (auto& call : complete_) call->owner = nullptr;
}

void NetworkCalls::settle() {
  settling_ = true;
  while (!complete_.empty()) {
    const auto complete = std::exchange(complete_, {});
    for (const auto& call : complete) {
      if (call->owner != nullptr && !call->events.is_over()) send(call);
    }
  }
  settling_ = false;
}

void NetworkCalls::send(const std::shared_ptr<Call>& call) {
  std::vector<ModuleHeader> list = module_headers(call->headers);
  uint64_t id = 0;
  starting_ = call;
  const CallStart start = envoy_dynamic_module_callback_network_filter_http_callout(
      filter_, &id, call->cluster, list.data(), list.size(), call->body, call->milliseconds);
  const bool unheard = std::exchange(starting_, nullptr) != nullptr;
  if (start == CallStart::Started) {
    if (unheard) calls_.emplace(id, call);
    return;
  }
  call->owner = nullptr;
  worker_.post([call, start] {
    call->events.refusal(call->cluster, runtime::refusal_of(open_error(start)));
  });
}

Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> NetworkCalls::open(
    std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream end,
    runtime::UpstreamObserver& observer) {
  size_t total = 0;
  size_t healthy = 0;
  size_t degraded = 0;
  if (!envoy_dynamic_module_callback_network_filter_get_cluster_host_count(
          filter_, cluster, 0, &total, &healthy, &degraded)) {
    return runtime::OpenError::UnknownUpstream;
  }
  auto call = std::make_shared<Call>(this, cluster, headers, observer);
  if (end == abi::EndOfStream::No) {
    gathering_.emplace(call.get(), call);
  } else {
    complete_.push_back(call);
    stream_.note();
  }
  return std::unique_ptr<runtime::UpstreamStream>(std::make_unique<Handle>(std::move(call)));
}

void NetworkCalls::on_done(uint64_t id, const CalloutEnd& end) {
  auto node = calls_.extract(id);
  std::shared_ptr<Call> call =
      node.empty() ? std::exchange(starting_, nullptr) : std::move(node.mapped());
  if (call == nullptr) return;
  call->owner = nullptr;
  abi::HeaderList headers = header_list(end.headers, end.header_count);
  std::string body = joined(end.pieces, end.piece_count);
  if (!settling_) {
    const Worker::GuestScope guest(worker_);
    return call->events.answer(end.result, std::move(headers), body);
  }
  // The event may want an answer first.
  worker_.post([call, result = end.result, list = std::move(headers), body = std::move(body)] {
    call->events.answer(result, list, body);
  });
}

void NetworkCalls::on_stream_end() {
  constexpr std::string_view kOver = "the connection that it was made for has ended";
  // What is told may have the plugin ask for more of other calls.
  std::vector<std::shared_ptr<Call>> ended = std::exchange(complete_, {});
  for (const auto& [id, call] : std::exchange(calls_, {})) ended.push_back(call);
  for (const auto& [key, call] : std::exchange(gathering_, {})) ended.push_back(call);
  for (const auto& call : ended) call->owner = nullptr;
  for (const auto& call : ended) call->events.failure(kOver);
}

}  // namespace weir::envoy_plane
