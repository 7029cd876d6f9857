#pragma once
// The bytes of one direction of a connection in Envoy, as a plugin sees them.

#include <string>

#include "abi/buffer.h"
#include "planes/envoy/network_callbacks.h"
#include "runtime/stream.h"

namespace weir::envoy_plane {

// What the plugin held back, which is here, and then what the present event brought, which is in
// Envoy's buffer. Held bytes are taken out of Envoy's: what reading leaves there, Envoy brings
// again to every filter. Thread: the connection's.
class ConnectionBytes final : public abi::Buffer {
 public:
  ConnectionBytes(EnvoyNetworkFilter* filter, runtime::Direction direction)
      : filter_(filter), direction_(direction) {}

  // More than this they do not become by a plugin's doing.
  void set_max_size(uint64_t max_size) { max_size_ = max_size; }

  // An event brings some, until it has been answered by one of the two: all of it goes on with the
  // event, or is held.
  void begin_event() { in_event_ = true; }
  void pass_on();
  void hold();

  // What is held, which is not any more.
  std::string take_held() { return std::exchange(held_, {}); }
  uint64_t held_bytes() const { return held_.size(); }

  uint64_t size() const override { return held_.size() + event_size(); }
  void copy_to(uint64_t start, std::span<std::byte> to) const override;
  bool replace(uint64_t start, uint64_t size, Bytes with) override;

 private:
  bool is_read() const { return direction_ == runtime::Direction::Request; }
  uint64_t event_size() const;
  void drain(uint64_t bytes);
  void append(std::string_view data);
  // Copies [start, start + to.size()) of the event's.
  void copy_event(uint64_t start, std::span<std::byte> to) const;

  EnvoyNetworkFilter* filter_;
  const runtime::Direction direction_;
  uint64_t max_size_ = 0;
  std::string held_;
  bool in_event_ = false;
};

}  // namespace weir::envoy_plane
