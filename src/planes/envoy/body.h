#pragma once
// A message's body bytes in Envoy, as a plugin sees them.

#include "abi/buffer.h"
#include "planes/envoy/http_callbacks.h"
#include "runtime/stream.h"

namespace weir::envoy_plane {

// What Envoy buffered while the plugin had stopped the stream, and then what the present event
// brought. Envoy can take bytes from the front of either, and put some at the end: other changes
// move what lies behind them. Thread: the stream's.
class EnvoyBody final : public abi::Buffer {
 public:
  EnvoyBody(EnvoyHttpFilter* filter, runtime::Direction direction)
      : filter_(filter),
        received_type_(direction == runtime::Direction::Request ? BodyType::ReceivedRequest
                                                                : BodyType::ReceivedResponse),
        buffered_type_(direction == runtime::Direction::Request ? BodyType::BufferedRequest
                                                                : BodyType::BufferedResponse) {}

  // Which of the two there are for the plugin now.
  void show(bool received, bool buffered) {
    has_received_ = received;
    has_buffered_ = buffered;
  }
  bool is_shown() const { return has_received_ || has_buffered_; }

  // The filter goes, perhaps while a change is being made: a body beyond Envoy's limit makes it
  // answer in the plugin's place. There is nothing here from now on.
  void detach() {
    filter_ = nullptr;
    show(false, false);
  }

  uint64_t size() const override { return buffered_size() + received_size(); }
  void copy_to(uint64_t start, std::span<std::byte> to) const override;
  bool replace(uint64_t start, uint64_t size, Bytes with) override;

 private:
  uint64_t buffered_size() const {
    return has_buffered_ ? envoy_dynamic_module_callback_http_get_body_size(filter_, buffered_type_)
                         : 0;
  }
  uint64_t received_size() const {
    return has_received_ ? envoy_dynamic_module_callback_http_get_body_size(filter_, received_type_)
                         : 0;
  }
  // Where new bytes go: behind all others.
  BodyType last() const { return has_received_ ? received_type_ : buffered_type_; }

  EnvoyHttpFilter* filter_;
  BodyType received_type_;
  BodyType buffered_type_;
  bool has_received_ = false;
  bool has_buffered_ = false;
};

}  // namespace weir::envoy_plane
