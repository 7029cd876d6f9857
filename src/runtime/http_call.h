#pragma once
// An HTTP call of a plugin (ABI 0.2.1, "HTTP calls"): a request, and its whole response.

#include <memory>
#include <string>

#include "abi/context.h"
#include "runtime/upstream.h"
#include "runtime/worker_services.h"

namespace weir::runtime {

class PluginContext;

// Owned by the root that made the call, which it tells once when it has ended. Thread: the
// worker's.
class HttpCall final : private UpstreamObserver {
 public:
  // A response larger than this fails the call.
  static constexpr size_t kMaxBodyBytes = 16 << 20;

  HttpCall(PluginContext& owner, uint32_t id) : owner_(owner), id_(id) {}

  // OK; BAD_ARGUMENT: there is no such upstream, or the headers cannot be sent; INTERNAL_FAILURE:
  // it cannot be reached. failure() says why. The headers get the length of the body, unless the
  // guest has told one.
  abi::Status start(abi::HttpCallRequest& request);

  uint32_t id() const { return id_; }

  // What the request's body takes, until the call has ended.
  size_t request_bytes() const { return request_bytes_; }

  // After the end. A failed call has no headers.
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  abi::HeaderList& headers() { return headers_; }
  abi::HeaderList& trailers() { return trailers_; }
  const std::string& body() const { return body_; }

 private:
  void on_headers(abi::HeaderList headers, abi::EndOfStream) override;
  void on_data(Bytes data, abi::EndOfStream) override;
  void on_trailers(abi::HeaderList trailers) override;
  void on_failure(std::string_view reason) override;
  void on_refusal(std::string_view upstream, std::string_view reason) override;
  Milliseconds patience() const override { return patience_; }
  void end();

  PluginContext& owner_;
  uint32_t id_;
  size_t request_bytes_ = 0;
  Milliseconds patience_{0};
  abi::HeaderList headers_;
  abi::HeaderList trailers_;
  std::string body_;
  std::string failure_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<UpstreamStream> stream_;
};

}  // namespace weir::runtime
