#include "planes/envoy/stream_calls.h"

#include "planes/envoy/worker.h"

namespace weir::envoy_plane {

// What the runtime holds.
class StreamCalls::Handle final : public runtime::UpstreamStream {
 public:
  explicit Handle(std::shared_ptr<Call> call) : call_(std::move(call)) {}

  ~Handle() override {
    const bool answered = call_->events.is_over();
    call_->events.let_go();
    // Envoy closes a stream by itself once the answer is complete, and says so.
    if (answered) return;
    StreamCalls* owner = std::exchange(call_->owner, nullptr);
    if (owner == nullptr) return;
    const uint64_t id = call_->id;
    owner->calls_.erase(id);
    envoy_dynamic_module_callback_http_filter_reset_http_stream(owner->filter_, id);
  }

  void send_data(Bytes data, abi::EndOfStream end) override {
    if (call_->owner == nullptr) return;
    envoy_dynamic_module_callback_http_stream_send_data(
        call_->owner->filter_, call_->id, as_text(data), end == abi::EndOfStream::Yes);
  }

  void send_trailers(const abi::HeaderList& trailers) override {
    if (call_->owner == nullptr) return;
    std::vector<ModuleHeader> list = module_headers(trailers);
    envoy_dynamic_module_callback_http_stream_send_trailers(call_->owner->filter_, call_->id,
                                                            list.data(), list.size());
  }

  // Envoy does not tell.
  size_t unsent_bytes() const override { return 0; }

 private:
  std::shared_ptr<Call> call_;
};

StreamCalls::~StreamCalls() {
  for (auto& [id, call] : calls_) call->owner = nullptr;
}

Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> StreamCalls::open(
    std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream end,
    runtime::UpstreamObserver& observer) {
  std::vector<ModuleHeader> list = module_headers(headers);
  uint64_t id = 0;
  // Time-outs are the runtime's.
  const CallStart start = envoy_dynamic_module_callback_http_filter_start_http_stream(
      filter_, &id, cluster, list.data(), list.size(), {}, end == abi::EndOfStream::Yes, 0);
  if (start == CallStart::ClusterNotFound) return runtime::OpenError::UnknownUpstream;
  if (start != CallStart::Started) return runtime::OpenError::Failed;
  auto call = std::make_shared<Call>(this, id, observer);
  calls_.emplace(id, call);
  return std::unique_ptr<runtime::UpstreamStream>(std::make_unique<Handle>(std::move(call)));
}

std::shared_ptr<StreamCalls::Call> StreamCalls::find(uint64_t id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second;
}

std::shared_ptr<StreamCalls::Call> StreamCalls::take(uint64_t id) {
  auto node = calls_.extract(id);
  if (node.empty()) return nullptr;
  node.mapped()->owner = nullptr;
  return std::move(node.mapped());
}

template <typename Tell>
void StreamCalls::deliver(std::shared_ptr<Call> call, Tell tell) {
  if (!worker_.in_guest()) {
    const Worker::GuestScope guest(worker_);
    return tell(call->events);
  }
  worker_.post([call = std::move(call), tell = std::move(tell)]() mutable { tell(call->events); });
}

void StreamCalls::on_headers(uint64_t id, const EnvoyHeader* headers, size_t count, bool end) {
  if (auto call = find(id)) {
    deliver(std::move(call), [list = header_list(headers, count), end](CallEvents& events) mutable {
      events.headers(std::move(list), end);
    });
  }
}

void StreamCalls::on_data(uint64_t id, const EnvoyBuffer* pieces, size_t count, bool end) {
  auto call = find(id);
  if (call == nullptr) return;
  if (count == 1 && !worker_.in_guest()) {
    const Worker::GuestScope guest(worker_);
    return call->events.data(pieces[0].view(), end);
  }
  deliver(std::move(call),
          [data = joined(pieces, count), end](CallEvents& events) { events.data(data, end); });
}

void StreamCalls::on_trailers(uint64_t id, const EnvoyHeader* trailers, size_t count) {
  if (auto call = find(id)) {
    deliver(std::move(call), [list = header_list(trailers, count)](CallEvents& events) mutable {
      events.trailers(std::move(list));
    });
  }
}

// The end has been told by what came before; where it has not, there was none.
void StreamCalls::on_complete(uint64_t id) { on_reset(id); }

void StreamCalls::on_reset(uint64_t id) {
  if (auto call = take(id)) {
    deliver(std::move(call), [](CallEvents& events) { events.failure(kStreamReset); });
  }
}

void StreamCalls::on_stream_end() {
  while (!calls_.empty()) {
    const auto call = take(calls_.begin()->first);
    call->events.failure("the stream that it was made for has ended");
  }
}

}  // namespace weir::envoy_plane
