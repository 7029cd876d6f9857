#pragma once
// What happens on a call to an upstream, told to whoever made it.

#include <string_view>
#include <utility>

#include "runtime/upstream.h"

namespace weir::planes {

// Tells an observer what comes, once and for all times in order: nothing after the end, and nothing
// once it has let go. Thread: the worker's.
class CallEvents {
 public:
  explicit CallEvents(runtime::UpstreamObserver& observer) : observer_(&observer) {}

  void headers(abi::HeaderList headers, bool end) {
    if (auto* observer = current(end)) observer->on_headers(std::move(headers), eos(end));
  }
  void data(std::string_view data, bool end) {
    if (auto* observer = current(end)) observer->on_data(as_bytes(data), eos(end));
  }
  void trailers(abi::HeaderList trailers) {
    if (auto* observer = current(true)) observer->on_trailers(std::move(trailers));
  }
  void failure(std::string_view reason) {
    if (auto* observer = current(true)) observer->on_failure(reason);
  }
  void refusal(std::string_view upstream, std::string_view reason) {
    if (auto* observer = current(true)) observer->on_refusal(upstream, reason);
  }
  void let_go() { observer_ = nullptr; }
  bool is_over() const { return observer_ == nullptr; }

 private:
  static abi::EndOfStream eos(bool end) {
    return end ? abi::EndOfStream::Yes : abi::EndOfStream::No;
  }
  runtime::UpstreamObserver* current(bool end) {
    return end ? std::exchange(observer_, nullptr) : observer_;
  }

  runtime::UpstreamObserver* observer_;
};

}  // namespace weir::planes
