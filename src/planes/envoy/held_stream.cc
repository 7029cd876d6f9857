// An HttpStream that Envoy holds before its plugin sees it: while a guest runs, and until the
// plugin is there.

#include "planes/envoy/http_stream.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {

using abi::EndOfStream;
using abi::HeadersAction;
using runtime::Direction;

HeadersAction HttpStream::hold(Direction direction, EndOfStream end) {
  half(direction).stopped = true;
  half(direction).held = end;
  note();
  return HeadersAction::StopAllIterationAndWatermark;
}

void HttpStream::show_held() {
  const auto request = std::exchange(request_.held, std::nullopt);
  const auto response = std::exchange(response_.held, std::nullopt);
  if (completed_ || (!request && !response)) return;
  worker_.run_for(*this, [&] {
    if (response && context_ != nullptr) return show_late(Direction::Response, *response);
    if (!request || context_ != nullptr) return;
    const ConfiguredPlugin& plugin = configured();
    if (plugin.state() == ConfiguredPlugin::State::Awaited) return wait(*request);
    begin(plugin);
    show_late(Direction::Request, *request);
  });
}

// Envoy holds all of the message meanwhile, and goes on with it from its headers.
void HttpStream::show_late(Direction direction, EndOfStream end) {
  if (show_headers(direction, end) != HeadersAction::Continue) return;
  half(direction).stopped = true;
  resume(direction);
}

bool HttpStream::passes_unseen() {
  if (configured().failure_policy() == runtime::FailurePolicy::FailOpen) return true;
  fail("a plugin was making a call");
  return false;
}

void HttpStream::wait(EndOfStream end) {
  request_.stopped = true;
  awaited_end_ = end;
  worker_.wait_for_plugin(*this);
  patience_ = worker_.make_timer([this] {
    patience_.reset();
    worker_.tell_plugin_settled(*this);
  });
  patience_->start(kLongestWait);
}

void HttpStream::on_plugin_settled() {
  if (filter_ == nullptr || context_ != nullptr || completed_) return;
  const ConfiguredPlugin& plugin = configured();
  if (plugin.state() == ConfiguredPlugin::State::Awaited && patience_ != nullptr) {
    return worker_.wait_for_plugin(*this);
  }
  patience_.reset();
  begin(plugin);
  show_late(Direction::Request, awaited_end_);
}

}  // namespace weir::envoy_plane
