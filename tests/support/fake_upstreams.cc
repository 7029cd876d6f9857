#include "support/fake_upstreams.h"

#include "base/check.h"

namespace weir::test {

// The runtime's end of a request.
class FakeUpstreams::Stream final : public runtime::UpstreamStream {
 public:
  explicit Stream(std::shared_ptr<UpstreamRequest> request) : request_(std::move(request)) {}
  ~Stream() override {
    request_->reset = request_->observer_ != nullptr;
    request_->observer_ = nullptr;
  }

  void send_data(Bytes data, abi::EndOfStream end) override {
    WEIR_CHECK(!request_->ended);
    request_->body += as_text(data);
    request_->ended = end == abi::EndOfStream::Yes;
  }
  void send_trailers(const abi::HeaderList& trailers) override {
    WEIR_CHECK(!request_->ended);
    request_->trailers = trailers;
    request_->ended = true;
  }
  size_t unsent_bytes() const override { return request_->unsent_bytes; }

 private:
  std::shared_ptr<UpstreamRequest> request_;
};

runtime::UpstreamObserver& UpstreamRequest::observer() {
  WEIR_CHECK(observer_ != nullptr);
  return *observer_;
}

runtime::UpstreamObserver& UpstreamRequest::last_observer() {
  WEIR_CHECK(observer_ != nullptr);
  return *std::exchange(observer_, nullptr);
}

void UpstreamRequest::answer_headers(HeaderFields fields, abi::EndOfStream end) {
  auto& told = end == abi::EndOfStream::Yes ? last_observer() : observer();
  told.on_headers(abi::HeaderList(fields), end);
}

void UpstreamRequest::answer_data(std::string_view data, abi::EndOfStream end) {
  auto& told = end == abi::EndOfStream::Yes ? last_observer() : observer();
  told.on_data(as_bytes(data), end);
}

void UpstreamRequest::answer_trailers(HeaderFields fields) {
  last_observer().on_trailers(abi::HeaderList(fields));
}

void UpstreamRequest::fail(std::string_view reason) { last_observer().on_failure(reason); }

Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> FakeUpstreams::open(
    std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream end,
    runtime::Protocol protocol, runtime::UpstreamObserver& observer) {
  if (unreachable_.contains(upstream)) return runtime::OpenError::Failed;
  if (!known_.contains(upstream)) return runtime::OpenError::UnknownUpstream;
  auto request = std::make_shared<UpstreamRequest>(upstream, headers, end, protocol, observer);
  requests_.push_back(request);
  return std::unique_ptr<runtime::UpstreamStream>(std::make_unique<Stream>(std::move(request)));
}

}  // namespace weir::test
