#include "planes/envoy/stream_calls.h"

#include <optional>
#include <utility>

#include "planes/envoy/worker.h"

namespace weir::envoy_plane {

// Shared by the stream and the call's handle.
struct StreamCalls::Call {
  Call(StreamCalls* of, runtime::UpstreamObserver& observer) : owner(of), events(observer) {}

  StreamCalls* owner;  // null once the stream or Envoy has forgotten it
  uint64_t id = 0;     // Envoy's number
  CallEvents events;
  // Noted, to be done in this order.
  bool noted = false;
  std::vector<std::string> data;
  size_t data_bytes = 0;
  bool ends_with_data = false;
  std::optional<abi::HeaderList> trailers;
  bool reset = false;
};

// What the runtime holds.
class StreamCalls::Handle final : public runtime::UpstreamStream {
 public:
  explicit Handle(std::shared_ptr<Call> call) : call_(std::move(call)) {}

  ~Handle() override {
    const bool answered = call_->events.is_over();
    call_->events.let_go();
    // Envoy closes a stream by itself once the answer is complete, and says so.
    if (answered || call_->owner == nullptr) return;
    call_->reset = true;
    call_->owner->note(call_);
  }

  void send_data(Bytes data, abi::EndOfStream end) override {
    if (call_->owner == nullptr) return;
    call_->data.emplace_back(as_text(data));
    call_->data_bytes += data.size();
    call_->ends_with_data = end == abi::EndOfStream::Yes;
    call_->owner->note(call_);
  }

  void send_trailers(const abi::HeaderList& trailers) override {
    if (call_->owner == nullptr) return;
    call_->trailers = trailers;
    call_->owner->note(call_);
  }

  // Of what Envoy has it does not tell.
  size_t unsent_bytes() const override { return call_->data_bytes; }

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
  const auto call = std::make_shared<Call>(this, observer);
  starting_ = call;
  uint64_t id = 0;
  // Time-outs are the runtime's.
  const CallStart start = envoy_dynamic_module_callback_http_filter_start_http_stream(
      filter_, &id, cluster, list.data(), list.size(), {}, end == abi::EndOfStream::Yes, 0);
  const bool unheard = std::exchange(starting_, nullptr) != nullptr;
  if (start != CallStart::Started) {
    // What has been told of it already is not to be heard.
    call->events.let_go();
    if (!unheard) take(call->id);
    return open_error(start);
  }
  if (unheard) {
    call->id = id;
    calls_.emplace(id, call);
  }
  return std::unique_ptr<runtime::UpstreamStream>(std::make_unique<Handle>(call));
}

void StreamCalls::note(const std::shared_ptr<Call>& call) {
  if (!std::exchange(call->noted, true)) noted_.push_back(call);
  stream_.note();
}

void StreamCalls::settle() {
  settling_ = true;
  while (!noted_.empty()) {
    const auto noted = std::exchange(noted_, {});
    for (const auto& call : noted) call->noted = false;
    for (const auto& call : noted) settle(call);
  }
  settling_ = false;
}

// Any step may end the call.
void StreamCalls::settle(const std::shared_ptr<Call>& call) {
  if (call->owner == nullptr) return;
  if (call->reset) {
    call->owner = nullptr;
    calls_.erase(call->id);
    return envoy_dynamic_module_callback_http_filter_reset_http_stream(filter_, call->id);
  }
  const auto data = std::exchange(call->data, {});
  call->data_bytes = 0;
  for (const std::string& piece : data) {
    if (call->owner == nullptr) return;
    const bool last = call->ends_with_data && &piece == &data.back();
    envoy_dynamic_module_callback_http_stream_send_data(filter_, call->id, piece, last);
  }
  if (call->owner == nullptr || !call->trailers) return;
  const abi::HeaderList trailers = *std::exchange(call->trailers, std::nullopt);
  std::vector<ModuleHeader> list = module_headers(trailers);
  envoy_dynamic_module_callback_http_stream_send_trailers(filter_, call->id, list.data(),
                                                          list.size());
}

std::shared_ptr<StreamCalls::Call> StreamCalls::find(uint64_t id) {
  const auto found = calls_.find(id);
  if (found != calls_.end()) return found->second;
  if (starting_ == nullptr) return nullptr;
  starting_->id = id;
  calls_.emplace(id, starting_);
  return std::exchange(starting_, nullptr);
}

std::shared_ptr<StreamCalls::Call> StreamCalls::take(uint64_t id) {
  auto call = find(id);
  if (call == nullptr) return nullptr;
  calls_.erase(id);
  call->owner = nullptr;
  return call;
}

bool StreamCalls::may_tell() const { return !settling_ && !worker_.in_guest(); }

template <typename Tell>
void StreamCalls::deliver(std::shared_ptr<Call> call, Tell tell) {
  if (may_tell()) {
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
  if (count == 1 && may_tell()) {
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
  constexpr std::string_view kOver = "the stream that it was made for has ended";
  noted_.clear();
  if (calls_.empty()) return;
  // What is told may have the plugin ask for more of other calls.
  const auto ended = std::exchange(calls_, {});
  for (const auto& [id, call] : ended) call->owner = nullptr;
  for (const auto& [id, call] : ended) call->events.failure(kOver);
}

}  // namespace weir::envoy_plane
