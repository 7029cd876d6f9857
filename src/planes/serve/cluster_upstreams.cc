#include "planes/serve/cluster_upstreams.h"

namespace weir::serve {
namespace {

// Takes the response and hands it to the observer, which may drop the call from inside any of its
// functions: then this lives on until the Reaper comes.
class Call final : public MessageSink {
 public:
  Call(std::shared_ptr<Cluster> cluster, runtime::UpstreamObserver& observer, bool need_http2)
      : observer_(&observer),
        cluster_(std::move(cluster)),
        exchange_(cluster_->open(*this, nullptr, need_http2)) {}

  UpstreamExchange& request() { return *exchange_; }
  bool is_over() const { return observer_ == nullptr; }
  void drop() { observer_ = nullptr; }

  void headers(HeaderList headers, EndOfStream end) override {
    if (auto* observer = current(end)) observer->on_headers(std::move(headers), end);
  }
  void data(Body data, EndOfStream end) override {
    // The observer takes one piece at a time.
    while (data.slices().size() > 1) {
      const Slice piece = data.take_front(SIZE_MAX);
      if (observer_ != nullptr) observer_->on_data(piece.bytes(), EndOfStream::No);
    }
    const Slice last = data.take_front(SIZE_MAX);
    if (auto* observer = current(end)) observer->on_data(last.bytes(), end);
  }
  void trailers(HeaderList trailers) override {
    if (auto* observer = current(EndOfStream::Yes)) observer->on_trailers(std::move(trailers));
  }
  void abort(std::string_view reason) override {
    if (auto* observer = current(EndOfStream::Yes)) observer->on_failure(reason);
  }

 private:
  // Null once the observer hears no more; with the end it is told for the last time.
  runtime::UpstreamObserver* current(EndOfStream end) {
    return end == EndOfStream::Yes ? std::exchange(observer_, nullptr) : observer_;
  }

  runtime::UpstreamObserver* observer_;
  std::shared_ptr<Cluster> cluster_;  // which the configuration may not have any more
  std::unique_ptr<UpstreamExchange> exchange_;
};

class CallStream final : public runtime::UpstreamStream {
 public:
  CallStream(std::unique_ptr<Call> call, Reaper& reaper)
      : call_(std::move(call)), reaper_(reaper) {}
  ~CallStream() override {
    call_->drop();
    reaper_.bury(std::move(call_));
  }

  void send_data(Bytes data, EndOfStream end) override {
    if (call_->is_over()) return;
    Body body;
    body.append_copy(data);
    call_->request().data(std::move(body), end);
  }
  void send_trailers(const HeaderList& trailers) override {
    if (!call_->is_over()) call_->request().trailers(trailers);
  }
  size_t unsent_bytes() const override { return call_->is_over() ? 0 : call_->request().backlog(); }

 private:
  std::unique_ptr<Call> call_;
  Reaper& reaper_;
};

}  // namespace

std::shared_ptr<Cluster> ClusterUpstreams::find(std::string_view name) const {
  for (const NamedClusters* clusters : newest_first_) {
    if (const auto found = clusters->find(name); found != clusters->end()) return found->second;
  }
  return nullptr;
}

Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> ClusterUpstreams::open(
    std::string_view upstream, const HeaderList& headers, EndOfStream end,
    runtime::Protocol protocol, runtime::UpstreamObserver& observer) {
  std::shared_ptr<Cluster> cluster = find(upstream);
  if (cluster == nullptr) return runtime::OpenError::UnknownUpstream;

  HeaderList request = headers;
  if (!request.find(":scheme") && !request.add(":scheme", "http")) {
    return runtime::OpenError::Failed;
  }
  auto call =
      std::make_unique<Call>(std::move(cluster), observer, protocol == runtime::Protocol::Http2);
  call->request().headers(std::move(request), end);
  return std::unique_ptr<runtime::UpstreamStream>(
      std::make_unique<CallStream>(std::move(call), reaper_));
}

}  // namespace weir::serve
