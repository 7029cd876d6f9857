#pragma once
// The plugins of one connection on which HTTP is spoken behind them.

#include <boost/intrusive/list.hpp>
#include <span>

#include "planes/serve/codec.h"
#include "planes/serve/exchange.h"
#include "planes/serve/network_chain.h"
#include "planes/serve/reaper.h"

namespace weir::serve {

class FilteredConnection;
using FilteredConnections =
    boost::intrusive::list<FilteredConnection, boost::intrusive::constant_time_size<false>>;

// What filtered connections of one listener in one generation share. All outlive them.
struct FilteredParts {
  std::string_view filter_chain;  // its name, as the configuration has it
  uint64_t buffer_limit;          // of bytes that a plugin may hold in one direction
  Reaper& reaper;
  FilteredConnections& open;  // those whose client or plugins have not finished
};

// Who takes what has passed the plugins. Thread: the worker's.
class FilteredBytes {
 public:
  // For what is spoken behind the plugins; for the client.
  virtual void take_input(Body data) = 0;
  virtual void take_output(Body data) = 0;
  // After what is there for the client, or without it.
  virtual void close(bool at_once) = 0;
  // What plugins hold may have changed.
  virtual void wake() = 0;

 protected:
  ~FilteredBytes() = default;
};

// It goes by the Reaper, when the connection has closed and every plugin has finished. Thread: the
// worker's.
class FilteredConnection final : private NetworkChainOwner,
                                 public boost::intrusive::list_base_hook<
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  // Owns itself. `parts` outlives it, `bytes` until on_disconnected().
  static FilteredConnection& make(const FilteredParts& parts, const ConnectionInfo& info,
                                  FilteredBytes& bytes,
                                  std::span<const MakeNetworkContext> plugins) {
    return *new FilteredConnection(parts, info, bytes, plugins);
  }

  NetworkChain& chain() { return chain_; }

  void on_disconnected(Disconnect how);

 private:
  FilteredConnection(const FilteredParts& parts, const ConnectionInfo& info, FilteredBytes& bytes,
                     std::span<const MakeNetworkContext> plugins);

  // NetworkChainOwner
  void on_established() override {}
  void on_passed(runtime::Direction direction, Body data, EndOfStream end) override;
  void on_close_wanted(size_t plugin, runtime::Direction side) override;
  void on_plugin_failed(size_t plugin, std::string_view reason) override;
  void on_settled() override;
  void on_plugins_finished() override;
  runtime::PropertyValue connection_attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }

  const FilteredParts& parts_;
  const ConnectionInfo info_;
  FilteredBytes* bytes_;  // null once the connection has closed
  runtime::FilterState filter_state_;
  NetworkChain chain_;  // after what plugins may look at
};

// Ends those that still wait for their plugins, when the worker ends. Their clients are closed.
void destroy_all(FilteredConnections& connections);

}  // namespace weir::serve
