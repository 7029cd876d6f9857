#include "planes/serve/filtered_connection.h"

#include "planes/serve/connection_attributes.h"

namespace weir::serve {

using abi::PeerType;
using runtime::Direction;

FilteredConnection::FilteredConnection(const FilteredParts& parts, const ConnectionInfo& info,
                                       FilteredBytes& bytes,
                                       std::span<const MakeNetworkContext> plugins)
    : parts_(parts), info_(info), bytes_(&bytes), chain_(*this, plugins, parts.buffer_limit) {
  parts.open.push_back(*this);
}

void FilteredConnection::on_disconnected(Disconnect how) {
  bytes_ = nullptr;
  chain_.closed(Direction::Request, how == Disconnect::Broken ? PeerType::Local : PeerType::Remote);
  chain_.finish();
}

void FilteredConnection::on_passed(Direction direction, Body data, EndOfStream) {
  if (bytes_ == nullptr) return;
  direction == Direction::Request ? bytes_->take_input(std::move(data))
                                  : bytes_->take_output(std::move(data));
}

void FilteredConnection::on_close_wanted(size_t, Direction) {
  if (bytes_ != nullptr) bytes_->close(false);
}

void FilteredConnection::on_plugin_failed(size_t, std::string_view) {
  if (bytes_ != nullptr) bytes_->close(true);
}

void FilteredConnection::on_settled() {
  if (bytes_ != nullptr) bytes_->wake();
}

void FilteredConnection::on_plugins_finished() {
  unlink();  // from the open ones
  parts_.reaper.bury(std::unique_ptr<FilteredConnection>(this));
}

runtime::PropertyValue FilteredConnection::connection_attribute(
    runtime::Attribute attribute) const {
  if (attribute == runtime::Attribute::FilterChainName) return parts_.filter_chain;
  return serve::connection_attribute(info_, attribute);
}

void destroy_all(FilteredConnections& connections) {
  while (!connections.empty()) delete &connections.front();
}

}  // namespace weir::serve
