#include "planes/serve/plugin_stream.h"

namespace weir::serve {

void PluginStream::init(PluginChain& chain, size_t index) {
  chain_ = &chain;
  index_ = index;
}

bool PluginStream::finish() {
  finished_ = context_ == nullptr || context_->finish();
  return finished_;
}

runtime::PropertyValue PluginStream::attribute(runtime::Attribute attribute) const {
  return chain_->attribute(attribute);
}

runtime::FilterState& PluginStream::filter_state() { return chain_->filter_state(); }

abi::HeaderMap* PluginStream::header_map(abi::MapType type) {
  return chain_->header_map(index_, type);
}

abi::Buffer* PluginStream::body(runtime::Direction direction) {
  return chain_->body(index_, direction);
}

void PluginStream::resume(runtime::Direction direction) {
  resumes_[static_cast<size_t>(direction)] = true;
  chain_->on_resumes();
}

bool PluginStream::send_local_response(const runtime::LocalResponse& response) {
  if (!chain_->reply(LocalReply(response))) return false;
  chain_->blame(index_);
  return true;
}

void PluginStream::reset() {
  chain_->blame(index_);
  chain_->reset("closed by a plugin", ResponseFlag::LocalReset);
}

void PluginStream::fail(std::string_view reason) {
  in_service_ = false;
  chain_->blame(index_);
  chain_->fail(LocalReply(503, "", std::string(reason)));
}

void PluginStream::clear_route_cache() { chain_->clear_route_cache(); }

void PluginStream::finished() {
  finished_ = true;
  chain_->on_plugin_finished();
}

}  // namespace weir::serve
