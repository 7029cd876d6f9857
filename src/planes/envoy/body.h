#pragma once
// A message's body bytes in Envoy, as a plugin sees them.

#include <optional>
#include <string>

#include "abi/buffer.h"
#include "planes/envoy/http_callbacks.h"
#include "runtime/stream.h"

namespace weir::envoy_plane {

// What Envoy buffered while the plugin had stopped the stream, and then what the present event
// brought. Changes are kept here until commit(): a body beyond its limit has Envoy answer in the
// plugin's place at once, by other filters, and no guest is to run then. Thread: the stream's.
class EnvoyBody final : public abi::Buffer {
 public:
  // So much larger than it came a plugin can make it. Envoy's own limit is for what it is told.
  static constexpr uint64_t kMaxGrowth = 16 << 20;

  EnvoyBody(EnvoyHttpFilter* filter, runtime::Direction direction)
      : filter_(filter),
        received_type_(direction == runtime::Direction::Request ? BodyType::ReceivedRequest
                                                                : BodyType::ReceivedResponse),
        buffered_type_(direction == runtime::Direction::Request ? BodyType::BufferedRequest
                                                                : BodyType::BufferedResponse) {}

  // Which of the two there are for the plugin now. Changes have been committed.
  void show(bool received, bool buffered) {
    has_received_ = received;
    has_buffered_ = buffered;
  }
  bool is_shown() const { return has_received_ || has_buffered_; }

  // Envoy is told of the changes. The filter may be gone afterwards.
  void commit();

  // The filter goes, perhaps in commit(). There is nothing here from now on.
  void detach() {
    filter_ = nullptr;
    change_.reset();
    show(false, false);
  }

  uint64_t size() const override {
    return change_ ? change_->kept() + change_->tail.size() : envoy_size();
  }
  void copy_to(uint64_t start, std::span<std::byte> to) const override;
  bool replace(uint64_t start, uint64_t size, Bytes with) override;

 private:
  // The body is Envoy's bytes [from, to), and then the tail. Envoy can take bytes from the front of
  // either of its parts and put some at the end: where `to` is the end, nothing has to be moved.
  struct Change {
    uint64_t from;
    uint64_t to;
    std::string tail;

    uint64_t kept() const { return to - from; }
  };

  uint64_t envoy_size() const { return buffered_size() + received_size(); }
  // Of Envoy's bytes, by their places there.
  void copy_from_envoy(uint64_t start, std::span<std::byte> to) const;
  std::string text_of_envoy(uint64_t from, uint64_t to) const;
  void drain(BodyType type, uint64_t count);
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
  std::optional<Change> change_;  // not committed
};

}  // namespace weir::envoy_plane
