#include "planes/ats/call_thread.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "planes/common/call_events.h"
#include "planes/serve/cluster_settings.h"
#include "planes/serve/cluster_upstreams.h"
#include "planes/serve/reaper.h"

namespace weir::ats_plane {
namespace {

namespace asio = boost::asio;

// Upstreams that a plugin has named by address; beyond it those without a call are forgotten.
constexpr size_t kMaxClusters = 256;

}  // namespace

// What lives on the thread. Thread: its own, save post().
class CallThread::Loop {
 public:
  Loop() : work_(io_.get_executor()), reaper_([this](auto task) { post(std::move(task)); }) {
    upstreams_.push_front(clusters_);
    std::thread([this] { io_.run(); }).detach();
  }

  void post(std::function<void()> task) { asio::post(io_, std::move(task)); }

  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      const CallTarget& target, const abi::HeaderList& headers, abi::EndOfStream end,
      runtime::Protocol protocol, runtime::UpstreamObserver& observer) {
    if (!clusters_.contains(target.key)) {
      make_room();
      auto made = serve::make_cluster(io_, serve::cluster_settings(target.cluster));
      if (!made.ok() || clusters_.size() >= kMaxClusters) return runtime::OpenError::Failed;
      clusters_.emplace(target.key, std::move(made).value());
    }
    return upstreams_.open(target.key, headers, end, protocol, observer);
  }

 private:
  void make_room() {
    if (clusters_.size() < kMaxClusters) return;
    std::erase_if(clusters_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  serve::Reaper reaper_;
  serve::NamedClusters clusters_;  // by CallTarget::key
  serve::ClusterUpstreams upstreams_{reaper_};
};

// One call: the thread's side of it, and the worker's. Shared by both and by what is on its way.
class CallThread::Call final : public std::enable_shared_from_this<Call>,
                               private runtime::UpstreamObserver {
 public:
  Call(runtime::UpstreamObserver& observer, Deliver deliver)
      : deliver_(std::move(deliver)), events_(observer) {}

  // Thread: the loop's.
  void open(Loop& loop, const CallTarget& target, const abi::HeaderList& headers,
            abi::EndOfStream end, runtime::Protocol protocol) {
    if (let_go_) return;
    auto opened = loop.open(target, headers, end, protocol, *this);
    if (!opened.ok()) return on_failure("there is no room for another upstream");
    stream_ = std::move(opened).value();
  }
  void send(const std::string& data, abi::EndOfStream end) {
    if (stream_ != nullptr) {
      stream_->send_data(as_bytes(data), end);
      unsent_ = stream_->unsent_bytes();
    }
    queued_ -= data.size();
  }
  void send_trailers(const abi::HeaderList& trailers) {
    if (stream_ != nullptr) stream_->send_trailers(trailers);
  }
  void close() {
    let_go_ = true;
    stream_.reset();
  }

  // Thread: the worker's.
  void let_go() { events_.let_go(); }
  bool is_over() const { return events_.is_over(); }
  void queue(size_t bytes) { queued_ += bytes; }
  size_t unsent_bytes() const { return queued_ + unsent_; }

 private:
  // runtime::UpstreamObserver. Thread: the loop's.
  void on_headers(abi::HeaderList headers, abi::EndOfStream end) override {
    tell(end, [headers = std::move(headers), end](planes::CallEvents& events) mutable {
      events.headers(std::move(headers), end == abi::EndOfStream::Yes);
    });
  }
  void on_data(Bytes data, abi::EndOfStream end) override {
    tell(end, [data = std::string(as_text(data)), end](planes::CallEvents& events) {
      events.data(data, end == abi::EndOfStream::Yes);
    });
  }
  void on_trailers(abi::HeaderList trailers) override {
    tell(abi::EndOfStream::Yes,
         [trailers = std::move(trailers)](planes::CallEvents& events) mutable {
           events.trailers(std::move(trailers));
         });
  }
  void on_failure(std::string_view reason) override {
    tell(abi::EndOfStream::Yes,
         [reason = std::string(reason)](planes::CallEvents& events) { events.failure(reason); });
  }

  template <typename Tell>
  void tell(abi::EndOfStream end, Tell tell) {
    deliver_(
        [call = shared_from_this(), tell = std::move(tell)]() mutable { tell(call->events_); });
    // The stream may be destroyed from inside its last event.
    if (end == abi::EndOfStream::Yes) stream_.reset();
  }

  const Deliver deliver_;
  planes::CallEvents events_;                        // the worker's
  std::unique_ptr<runtime::UpstreamStream> stream_;  // the loop's
  bool let_go_ = false;                              // the loop's
  std::atomic<size_t> queued_ = 0;                   // bytes on their way to the loop
  std::atomic<size_t> unsent_ = 0;                   // those that the upstream had not taken then
};

// What the runtime holds.
class CallThread::Handle final : public runtime::UpstreamStream {
 public:
  Handle(Loop& loop, std::shared_ptr<Call> call) : loop_(loop), call_(std::move(call)) {}
  // A task that finds no memory ends the process, here as elsewhere.
  ~Handle() override {  // NOLINT(bugprone-exception-escape)
    call_->let_go();
    loop_.post([call = call_] { call->close(); });
  }

  void send_data(Bytes data, abi::EndOfStream end) override {
    if (call_->is_over()) return;
    call_->queue(data.size());
    loop_.post([call = call_, data = std::string(as_text(data)), end] { call->send(data, end); });
  }
  void send_trailers(const abi::HeaderList& trailers) override {
    if (call_->is_over()) return;
    loop_.post([call = call_, trailers] { call->send_trailers(trailers); });
  }
  size_t unsent_bytes() const override { return call_->is_over() ? 0 : call_->unsent_bytes(); }

 private:
  Loop& loop_;
  const std::shared_ptr<Call> call_;
};

CallThread::CallThread() : loop_(std::make_unique<Loop>()) {}

CallThread::~CallThread() = default;

std::unique_ptr<runtime::UpstreamStream> CallThread::open(
    std::shared_ptr<const CallTarget> target, const abi::HeaderList& headers, abi::EndOfStream end,
    runtime::Protocol protocol, runtime::UpstreamObserver& observer, Deliver deliver) {
  auto call = std::make_shared<Call>(observer, std::move(deliver));
  loop_->post([loop = loop_.get(), call, target = std::move(target), headers, end, protocol] {
    call->open(*loop, *target, headers, end, protocol);
  });
  return std::make_unique<Handle>(*loop_, std::move(call));
}

}  // namespace weir::ats_plane
