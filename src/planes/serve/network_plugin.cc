#include "planes/serve/network_plugin.h"

#include "planes/serve/network_chain.h"

namespace weir::serve {

using runtime::Direction;

void NetworkPlugin::init(NetworkChain& chain, size_t index) {
  chain_ = &chain;
  index_ = index;
}

bool NetworkPlugin::let_in() {
  return !in_service_ || context_->on_new_connection() == abi::NetworkAction::Continue;
}

bool NetworkPlugin::let_pass(Direction direction) {
  if (!in_service_) return true;
  NetworkStage& here = stage(direction);
  here.in_callback = true;
  const auto action =
      context_->on_data(direction, here.ended ? abi::EndOfStream::Yes : abi::EndOfStream::No);
  here.in_callback = false;
  return action == abi::NetworkAction::Continue;
}

void NetworkPlugin::tell_closed(Direction side, abi::PeerType by) {
  if (in_service_) context_->on_close(side, by);
}

bool NetworkPlugin::finish() {
  finished_ = context_->finish();
  return finished_;
}

runtime::PropertyValue NetworkPlugin::attribute(runtime::Attribute attribute) const {
  return chain_->attribute(attribute);
}

runtime::FilterState& NetworkPlugin::filter_state() { return chain_->filter_state(); }

abi::Buffer* NetworkPlugin::data(Direction direction) {
  NetworkStage& here = stage(direction);
  const bool readable = here.in_callback || (here.stopped && !here.held.empty());
  return readable ? &here.held : nullptr;
}

void NetworkPlugin::resume(Direction direction) {
  resumes_[static_cast<size_t>(direction)] = true;
  chain_->on_resumes();
}

void NetworkPlugin::close(Direction side) { chain_->on_close(index_, side); }

void NetworkPlugin::fail(std::string_view reason) {
  in_service_ = false;
  chain_->on_failure(index_, reason);
}

void NetworkPlugin::finished() {
  finished_ = true;
  chain_->on_finished();
}

}  // namespace weir::serve
