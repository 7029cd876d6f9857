#pragma once
// The plugins on one TCP connection: what passes them both ways.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "planes/serve/body.h"
#include "planes/serve/message.h"
#include "planes/serve/network_plugin.h"

namespace weir::serve {

// Makes one plugin's context for a connection, which outlives it.
using MakeNetworkContext =
    std::function<std::unique_ptr<runtime::NetworkContext>(runtime::NetworkStream&)>;

// What lies around the plugins. Thread: the worker's.
class NetworkChainOwner {
 public:
  // Every plugin has let the new connection in.
  virtual void on_established() = 0;

  // Bytes have passed all plugins: from the client (Request), or to it (Response).
  virtual void on_passed(runtime::Direction direction, Body data, EndOfStream end) = 0;

  // That plugin closes that side's connection after what was written to it.
  virtual void on_close_wanted(size_t plugin, runtime::Direction side) = 0;

  // A plugin has failed, and its policy is to fail closed.
  virtual void on_plugin_failed(size_t plugin, std::string_view reason) = 0;

  // The outermost call into the chain is about to return: holds_back() may have changed.
  virtual void on_settled() = 0;

  // After finish(): every plugin has finished, and the chain may be destroyed, but not from inside
  // this call. Called once.
  virtual void on_plugins_finished() = 0;

  virtual runtime::PropertyValue connection_attribute(runtime::Attribute attribute) const = 0;
  virtual runtime::FilterState& filter_state() = 0;

 protected:
  ~NetworkChainOwner() = default;
};

// Bytes from the client pass the plugins in order, bytes to it in reverse order (Envoy's rule for
// the filters of a connection). A plugin that stops a direction holds what has come and what still
// comes, and is told of all of it each time, until it continues. What it holds beyond the limit
// holds the sender back (holds_back()); none of it is ever dropped.
//
// No callback of a plugin is made from inside another one: what plugins ask for is done when the
// outermost call into the chain is about to return. Thread: the worker's.
class NetworkChain final {
 public:
  // `owner` outlives it. `limit`: of bytes that one plugin may hold in one direction before the
  // sender is held back.
  NetworkChain(NetworkChainOwner& owner, std::span<const MakeNetworkContext> plugins,
               uint64_t limit);
  // Contexts that have not finished do so now.
  ~NetworkChain();

  // Asks the plugins to let the connection in. To be called once, before all below.
  void start();

  void data(runtime::Direction direction, Body data, EndOfStream end);

  // That side's connection has closed; to be called once for each that there was.
  void closed(runtime::Direction side, abi::PeerType by);

  // Both sides have closed.
  void finish();

  // Some plugin holds so much that no more should come.
  bool holds_back(runtime::Direction direction) const;
  // Bytes that plugins hold.
  bool holds_any(runtime::Direction direction) const;

  // For the plugins.
  void on_resumes();
  void on_close(size_t plugin, runtime::Direction side);
  void on_failure(size_t plugin, std::string_view reason);
  void on_finished();
  runtime::PropertyValue attribute(runtime::Attribute attribute) const {
    return owner_.connection_attribute(attribute);
  }
  runtime::FilterState& filter_state() { return owner_.filter_state(); }

 private:
  class Turn;
  // A plugin's place in the order of a direction.
  using Position = size_t;

  std::span<NetworkPlugin> plugins() const { return {plugins_.get(), count_}; }
  NetworkPlugin& plugin_at(runtime::Direction direction, Position at) const;
  void establish();
  void enter(runtime::Direction direction, Position at, Body data, EndOfStream end);
  // Passes on what the plugin holds.
  void release(runtime::Direction direction, Position at);
  void settle();
  bool settle_one();

  NetworkChainOwner& owner_;
  const uint64_t limit_;
  std::unique_ptr<NetworkPlugin[]> plugins_;
  const size_t count_;
  Position established_ = 0;  // plugins before it have been asked
  bool announced_ = false;    // on_established() has been called
  int depth_ = 0;             // of calls into the chain
  bool resumes_wait_ = false;
  std::optional<size_t> close_waits_[2];  // the plugin that asked
  bool finishing_ = false;
  bool finished_ = false;
};

}  // namespace weir::serve
