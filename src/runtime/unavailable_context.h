#pragma once
// Contexts for streams that come while the plugin's VM has failed and cannot be started again yet:
// they apply the failure policy.

#include <string>

#include "runtime/http_context.h"
#include "runtime/network_context.h"
#include "runtime/options.h"

namespace weir::runtime {

// Fails the stream at its first callback, or stays out of its way. Thread: the worker's.
class UnavailableHttpContext final : public HttpContext {
 public:
  UnavailableHttpContext(HttpStream& stream, FailurePolicy policy, std::string reason)
      : stream_(stream), open_(policy == FailurePolicy::FailOpen), reason_(std::move(reason)) {}

  abi::HeadersAction on_headers(Direction, abi::EndOfStream) override {
    return goes_on() ? abi::HeadersAction::Continue
                     : abi::HeadersAction::StopAllIterationAndWatermark;
  }
  abi::DataAction on_body(Direction, abi::EndOfStream) override {
    return goes_on() ? abi::DataAction::Continue : abi::DataAction::StopIterationNoBuffer;
  }
  abi::TrailersAction on_trailers(Direction) override {
    return goes_on() ? abi::TrailersAction::Continue : abi::TrailersAction::StopIteration;
  }
  void on_metadata(Direction, abi::HeaderMap&) override {}
  bool finish() override { return true; }
  bool sees_body(Direction) const override { return false; }
  bool sees_trailers(Direction) const override { return false; }

 private:
  // Once the stream is being answered for, that answer passes.
  bool goes_on() {
    if (open_) return true;
    open_ = true;
    stream_.fail(reason_);
    return false;
  }

  HttpStream& stream_;
  bool open_;
  std::string reason_;
};

class UnavailableNetworkContext final : public NetworkContext {
 public:
  UnavailableNetworkContext(NetworkStream& stream, FailurePolicy policy, std::string reason)
      : stream_(stream), open_(policy == FailurePolicy::FailOpen), reason_(std::move(reason)) {}

  abi::NetworkAction on_new_connection() override { return act(); }
  abi::NetworkAction on_data(Direction, abi::EndOfStream) override { return act(); }
  void on_close(Direction, abi::PeerType) override {}
  bool finish() override { return true; }

 private:
  abi::NetworkAction act() {
    if (open_) return abi::NetworkAction::Continue;
    if (!std::exchange(failed_, true)) stream_.fail(reason_);
    return abi::NetworkAction::StopIteration;
  }

  NetworkStream& stream_;
  bool open_;
  bool failed_ = false;
  std::string reason_;
};

}  // namespace weir::runtime
