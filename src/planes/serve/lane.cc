#include "planes/serve/lane.h"

#include "planes/serve/checked_headers.h"
#include "planes/serve/plugin_stream.h"

namespace weir::serve {
namespace {

using abi::DataAction;
using abi::HeadersAction;
using abi::TrailersAction;

// A final status (RFC 9110, section 15): three digits, from 200 to 599; or 101 of an upstream
// behind which another protocol is spoken.
bool is_final_status(const HeaderList& headers) {
  const std::string_view status = headers.find(":status").value_or("");
  if (status == "101") return headers.find("upgrade").has_value();
  return status.size() == 3 && status[0] >= '2' && status[0] <= '5' && status[1] >= '0' &&
         status[1] <= '9' && status[2] >= '0' && status[2] <= '9';
}

EndOfStream end_if(bool ended) { return ended ? EndOfStream::Yes : EndOfStream::No; }

}  // namespace

size_t Lane::plugin_at(Position at) const {
  return direction_ == runtime::Direction::Request ? at : plugins_.size() - 1 - at;
}

Stage& Lane::stage_at(Position at) const { return plugins_[plugin_at(at)].stage(direction_); }

void Lane::headers(HeaderList headers, EndOfStream end) {
  if (halted()) return;
  const Running running(running_);
  start(std::move(headers), end);
  end_turn();
}

void Lane::whole(HeaderList headers, Body body) {
  if (halted()) return;
  const Running running(running_);
  start(std::move(headers), end_if(body.empty()));
  if (!body.empty() && !halted()) {
    body_bytes_in_ += body.size();
    enter_data(0, std::move(body), EndOfStream::Yes);
  }
  end_turn();
}

void Lane::start(HeaderList headers, EndOfStream end) {
  has_headers_ = true;
  if (plugins_.empty()) {
    if (keeps_maps_) headers_ = headers;
    return exit_.pass_headers(std::move(headers), end);
  }
  headers_ = std::move(headers);
  exit_.on_message(end);
  for (PluginStream& plugin : plugins_) {
    Stage& stage = plugin.stage(direction_);
    stage.sees_body = plugin.context().sees_body(direction_);
    stage.sees_trailers = plugin.context().sees_trailers(direction_);
    stage.held.set_max_size(kHeldGrowth * buffer_limit_);
    if (stage.sees_body) exit_.expect_changes();
  }
  enter_headers(0, end);
}

void Lane::data(Body data, EndOfStream end) {
  if (halted()) return;
  const Running running(running_);
  body_bytes_in_ += data.size();
  enter_data(0, std::move(data), end);
  end_turn();
}

void Lane::trailers(HeaderList trailers) {
  if (halted()) return;
  const Running running(running_);
  has_trailers_ = true;
  trailers_ = std::move(trailers);
  enter_trailers(0);
  end_turn();
}

void Lane::resume(size_t plugin) {
  if (halted()) return;
  const Running running(running_);
  const Position at = plugin_at(plugin);  // the mapping is its own inverse
  Stage& stage = stage_at(at);
  switch (stage.flow) {
    case Stage::Flow::Open:
      return;
    case Stage::Flow::Stopped:
      release(at);
      break;
    case Stage::Flow::StoppedAll:
      // The plugin has not seen what came meanwhile.
      stage.flow = Stage::Flow::Open;
      unpause(stage);
      if (stage.ended_by_headers) pass_metadata(at);
      if (!halted() && !stage.headers_passed) pass_headers(at, end_if(stage.ended_by_headers));
      pass_metadata(at);
      if (!halted() && (!stage.held.empty() ||
                        (stage.ended && !stage.has_trailers && !stage.ended_by_headers))) {
        run_body_callback(at, end_if(stage.ended && !stage.has_trailers));
      }
      if (!halted() && stage.has_trailers && !stage.trailers_seen) run_trailers_callback(at);
      break;
  }
  end_turn();
}

void Lane::bypass(HeaderList headers, Body body) {
  headers_ = std::move(headers);
  has_headers_ = true;
  closed_ = true;
  exit_.pass_headers(headers_, end_if(body.empty()));
  if (!body.empty()) exit_.data(std::move(body), EndOfStream::Yes);
}

bool Lane::offers_trailers(size_t plugin) const {
  return has_trailers_ || plugins_[plugin].stage(direction_).offers_trailers;
}

Body* Lane::body(size_t plugin) {
  Stage& stage = plugins_[plugin].stage(direction_);
  const bool visible =
      stage.in_body_callback || (stage.flow != Stage::Flow::Open && !stage.held.empty());
  if (!visible) return nullptr;
  exit_.expect_changes();
  return &stage.held;
}

void Lane::enter_headers(Position at, EndOfStream end) {
  if (at == plugins_.size()) {
    lacks_status_ = direction_ == runtime::Direction::Response && !is_final_status(headers_);
    if (!lacks_status_) exit_.headers(end);
    return;
  }

  PluginStream& plugin = plugins_[plugin_at(at)];
  Stage& stage = stage_at(at);
  stage.ended_by_headers = stage.ended = end == EndOfStream::Yes;
  const HeadersAction action =
      plugin.in_service() ? plugin.context().on_headers(direction_, end) : HeadersAction::Continue;
  if (halted()) return;
  stage.headers_seen = true;
  const bool goes_on = action == HeadersAction::Continue ||
                       action == HeadersAction::ContinueAndEndStream ||
                       action == HeadersAction::StopIteration;
  // Of a response it may have come before the headers.
  if (goes_on) pass_metadata(at);
  if (halted()) return;
  switch (action) {
    case HeadersAction::Continue:
      return pass_headers(at, end);
    case HeadersAction::ContinueAndEndStream:
      return pass_headers(at, EndOfStream::Yes);
    case HeadersAction::StopIteration:
      return stop(at, Stage::Flow::Stopped, false);
    case HeadersAction::StopAllIterationAndBuffer:
      return stop(at, Stage::Flow::StoppedAll, false);
    case HeadersAction::StopAllIterationAndWatermark:
      return stop(at, Stage::Flow::StoppedAll, true);
  }
}

void Lane::enter_data(Position at, Body data, EndOfStream end) {
  if (at == plugins_.size()) return exit_.data(std::move(data), end);

  Stage& stage = stage_at(at);
  if (stage.end_passed) return;  // the plugin has ended the message by its headers
  stage.ended = end == EndOfStream::Yes;
  stage.held.append(std::move(data));
  if (stage.flow == Stage::Flow::StoppedAll) return hold_within_limit(stage);
  run_body_callback(at, end);
}

void Lane::run_body_callback(Position at, EndOfStream end) {
  PluginStream& plugin = plugins_[plugin_at(at)];
  Stage& stage = stage_at(at);
  stage.offers_trailers = end == EndOfStream::Yes;
  DataAction action = DataAction::Continue;
  if (stage.sees_body && plugin.in_service()) {
    stage.in_body_callback = true;
    action = plugin.context().on_body(direction_, end);
    stage.in_body_callback = false;
  }
  if (halted()) return;
  switch (action) {
    case DataAction::Continue:
      return release(at);
    case DataAction::StopIterationAndBuffer:
      return stop(at, Stage::Flow::Stopped, false);
    case DataAction::StopIterationAndWatermark:
      return stop(at, Stage::Flow::Stopped, true);
    case DataAction::StopIterationNoBuffer:
      static_cast<void>(stage.held.take_all());
      return stop(at, Stage::Flow::Stopped, stage.back_pressure);
  }
}

void Lane::enter_trailers(Position at) {
  if (at == plugins_.size()) {
    // With plugins a copy: they may look at it until the stream ends.
    const bool kept = keeps_maps_ || !plugins_.empty();
    return exit_.trailers(kept ? trailers_ : std::move(trailers_));
  }

  Stage& stage = stage_at(at);
  if (stage.end_passed) return;
  stage.ended = true;
  stage.has_trailers = true;
  if (stage.flow != Stage::Flow::StoppedAll) run_trailers_callback(at);
}

void Lane::run_trailers_callback(Position at) {
  PluginStream& plugin = plugins_[plugin_at(at)];
  Stage& stage = stage_at(at);
  stage.trailers_seen = true;
  const TrailersAction action = stage.sees_trailers && plugin.in_service()
                                    ? plugin.context().on_trailers(direction_)
                                    : TrailersAction::Continue;
  if (halted()) return;
  switch (action) {
    case TrailersAction::Continue:
      return release(at);
    case TrailersAction::StopIteration:
      return stop(at, Stage::Flow::Stopped, stage.back_pressure);
  }
}

void Lane::stop(Position at, Stage::Flow flow, bool back_pressure) {
  Stage& stage = stage_at(at);
  stage.flow = flow;
  stage.back_pressure = back_pressure;
  hold_within_limit(stage);
}

void Lane::hold_within_limit(Stage& stage) {
  if (stage.held.size() <= buffer_limit_) return unpause(stage);
  if (!stage.back_pressure) {
    too_large_ = true;
  } else if (!stage.pauses_source) {
    stage.pauses_source = true;
    ++pausing_stages_;
  }
}

void Lane::unpause(Stage& stage) {
  if (!stage.pauses_source) return;
  stage.pauses_source = false;
  --pausing_stages_;
}

void Lane::release(Position at) {
  Stage& stage = stage_at(at);
  stage.flow = Stage::Flow::Open;
  unpause(stage);
  if (stage.offers_trailers && !stage.has_trailers && !trailers_.empty()) {
    // Added by this plugin: it does not get a callback for them.
    has_trailers_ = true;
    stage.has_trailers = true;
    stage.trailers_seen = true;
  }

  if (!stage.headers_passed) pass_headers(at, end_if(stage.ended_by_headers));
  if (halted() || stage.end_passed) return;
  const bool ends_with_data = stage.ended && !stage.has_trailers;
  if (!stage.held.empty() || ends_with_data) {
    Body data = stage.held.take_all();
    pass_data(at, std::move(data), end_if(ends_with_data));
  }
  if (!halted() && stage.has_trailers) pass_trailers(at);
}

void Lane::pass_headers(Position at, EndOfStream end) {
  Stage& stage = stage_at(at);
  stage.headers_passed = true;
  stage.end_passed = end == EndOfStream::Yes;
  enter_headers(at + 1, end);
}

void Lane::pass_data(Position at, Body data, EndOfStream end) {
  stage_at(at).end_passed = end == EndOfStream::Yes;
  enter_data(at + 1, std::move(data), end);
}

void Lane::pass_trailers(Position at) {
  stage_at(at).end_passed = true;
  enter_trailers(at + 1);
}

}  // namespace weir::serve
