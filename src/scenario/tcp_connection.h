#pragma once
// One TCP connection, between a client and an upstream that a scenario plays.

#include <memory>
#include <string>
#include <vector>

#include "runtime/worker.h"
#include "scenario/expectations.h"
#include "scenario/journal.h"
#include "scenario/script.h"
#include "scenario/stream_attributes.h"
#include "scenario/text_buffer.h"

namespace weir::scenario {

// As in `weir serve` (planes/serve/network_chain.h): what the plugin stops is held, and it is told
// of all of it each time. Thread: the scenario's.
class TcpConnection final : public runtime::NetworkStream {
 public:
  // All outlive it.
  struct Parts {
    runtime::WorkerPlugin& plugin;
    Journal& journal;
    const Properties& world;
    const Properties& properties;
  };

  explicit TcpConnection(const Parts& parts);
  ~TcpConnection() override;

  void bytes(Side from, std::string_view bytes);
  // That side ends its bytes, and its connection closes.
  void close_from(Side side);
  // Whatever is open is closed, and the plugin is told. Once.
  void finish();

  // Both sides are.
  bool is_closed() const { return !ends_[0].open && !ends_[1].open; }

  // What has passed to that side since the last call.
  std::string take_passed(Side to) { return std::exchange(end_of(to).passed, {}); }
  // Sides that the plugin, or its failure, has closed.
  const std::vector<Side>& closed() const { return closed_; }

  // runtime::NetworkStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override {
    return attributes_.find(attribute);
  }
  runtime::PropertyValue plane_property(std::span<const std::string_view> path) const override {
    return attributes_.find(path);
  }
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::Buffer* data(runtime::Direction direction) override;
  void resume(runtime::Direction direction) override;
  void close(runtime::Direction direction) override;
  void fail(std::string_view reason) override;
  void finished() override { parts_.journal.add_line("connection has finished"); }

 private:
  class Turn;

  // A peer: bytes come from it, and go to it.
  struct End {
    bool open = true;
    std::string passed;  // to it
    TextBuffer held;     // from it
    bool stopped = false;
    bool ended = false;  // it sends no more
    bool in_callback = false;
    bool resumed = false;
    bool close_wanted = false;
  };

  End& end_of(Side side) { return ends_[static_cast<size_t>(side)]; }
  void tell(Side from);
  void pass(Side from);
  void shut(Side side, abi::PeerType by);
  void settle();
  bool settle_one();

  const Parts parts_;
  StreamAttributes attributes_;
  runtime::FilterState filter_state_;
  End ends_[2];
  std::vector<Side> closed_;
  int depth_ = 0;
  bool in_service_ = true;
  bool finishing_ = false;
  std::unique_ptr<runtime::NetworkContext> context_;  // after what it may look at
};

}  // namespace weir::scenario
