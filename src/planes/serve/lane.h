#pragma once
// One direction of an exchange on its way through the plugins: what their callbacks answer decides
// when headers, body and trailers go on.

#include <span>
#include <vector>

#include "base/check.h"
#include "planes/serve/lane_exit.h"
#include "planes/serve/message.h"
#include "runtime/stream.h"

namespace weir::serve {

class PluginStream;

// Where one plugin stands in one direction. Messages pass from stage to stage; what a plugin stops
// is held by its own stage.
struct Stage {
  enum class Flow : uint8_t {
    Open,
    Stopped,     // callbacks go on, nothing passes
    StoppedAll,  // no callbacks until resume()
  };

  Flow flow = Flow::Open;
  bool back_pressure = false;  // held bytes at the limit pause the source; else they are an error
  bool pauses_source = false;
  bool sees_body = false;
  bool sees_trailers = false;

  // What has come in.
  bool ended_by_headers = false;
  bool ended = false;  // trailers included
  bool has_trailers = false;
  bool trailers_seen = false;  // by the plugin
  bool in_body_callback = false;
  bool offers_trailers = false;  // from the last body callback on
  Body held;

  // What has gone on.
  bool headers_passed = false;
  bool end_passed = false;

  bool headers_seen = false;         // by the plugin
  std::vector<HeaderList> metadata;  // that waits for headers, or for a resume
};

// The semantics are Envoy's (its HTTP filter statuses), with these choices of our own: each stage
// holds its own bytes; ContinueAndEndStream drops the rest of the message; StopIterationNoBuffer
// drops the bytes that its callback was shown. What leaves the last stage goes by a LaneExit.
//
// Owned by a FilterChain; no call is made from inside another one, save close(). Thread: the
// worker's.
class Lane {
 public:
  // `sink` takes what has passed all plugins; it outlives the lane. `plugins` too, in the order of
  // requests; responses take the reverse order.
  Lane(runtime::Direction direction, std::span<PluginStream> plugins, MessageSink& sink,
       uint64_t buffer_limit)
      : direction_(direction),
        plugins_(plugins),
        exit_(sink, headers_, direction == runtime::Direction::Request),
        buffer_limit_(buffer_limit) {}

  // Headers and trailers stay readable, as they do where there are plugins.
  void keep_maps() { keeps_maps_ = true; }

  void headers(HeaderList headers, EndOfStream end);
  void data(Body data, EndOfStream end);
  void trailers(HeaderList trailers);
  void metadata(HeaderList metadata);
  // Headers and the body that belongs to them (perhaps none), at once.
  void whole(HeaderList headers, Body body);

  // Goes on after that plugin's stop.
  void resume(size_t plugin);

  // Sends a whole message without asking any plugin, in the place of one whose headers have not
  // left.
  void bypass(HeaderList headers, Body body);

  // The message goes nowhere; its headers can be read.
  void refuse(HeaderList headers) {
    headers_ = std::move(headers);
    closed_ = true;
  }

  // Nothing passes from now on, and no plugin is called. May be called from inside a callback.
  void close() { closed_ = true; }

  bool closed() const { return closed_; }
  // Headers have come in.
  bool has_headers() const { return has_headers_; }
  // Headers have gone out.
  bool started() const { return exit_.started(); }
  // All has gone out.
  bool ended() const { return exit_.ended(); }
  // The body has become another one than its headers say: the lane waits to be closed.
  bool is_broken() const { return exit_.is_broken() && !closed_; }
  // Plugins have left a response no status that can be sent: the lane waits to be closed.
  bool lacks_status() const { return lacks_status_ && !closed_; }
  // A stage holds more than the limit, which is an error: the lane waits to be closed.
  bool too_large() const { return too_large_ && !closed_; }
  // Some stage holds so much that no more should come.
  bool wants_pause() const { return pausing_stages_ > 0 && !closed_; }
  // Bytes of the body, as it came in and as it has gone out.
  uint64_t body_bytes_in() const { return body_bytes_in_; }
  uint64_t body_bytes_out() const { return exit_.body_bytes(); }

  HeaderList& header_list() { return headers_; }
  HeaderList& trailer_list() { return trailers_; }
  const HeaderList& header_list() const { return headers_; }
  const HeaderList& trailer_list() const { return trailers_; }
  // Trailers have come in, or that plugin may add some.
  bool offers_trailers(size_t plugin) const;
  // Null where that plugin may see none now.
  Body* body(size_t plugin);

 private:
  // A plugin's place in the order of this direction.
  using Position = size_t;

  // Marks a lane as busy: it is not entered twice.
  class Running {
   public:
    explicit Running(bool& running) : running_(running) {
      WEIR_CHECK(!running_);
      running_ = true;
    }
    ~Running() { running_ = false; }

   private:
    bool& running_;
  };

  size_t plugin_at(Position at) const;
  Stage& stage_at(Position at) const;

  void start(HeaderList headers, EndOfStream end);
  void enter_headers(Position at, EndOfStream end);
  void enter_data(Position at, Body data, EndOfStream end);
  void enter_trailers(Position at);
  void enter_metadata(Position at, HeaderList metadata);
  // What waits there.
  void pass_metadata(Position at);
  void run_body_callback(Position at, EndOfStream end);
  void run_trailers_callback(Position at);
  void stop(Position at, Stage::Flow flow, bool back_pressure);
  void hold_within_limit(Stage& stage);
  void unpause(Stage& stage);

  // Opens the stage and passes on what it holds.
  void release(Position at);
  void pass_headers(Position at, EndOfStream end);
  void pass_data(Position at, Body data, EndOfStream end);
  void pass_trailers(Position at);

  void end_turn() {
    if (!halted()) exit_.end_of_turn();
  }
  bool halted() const { return closed_ || too_large_ || lacks_status_ || exit_.is_broken(); }

  const runtime::Direction direction_;
  const std::span<PluginStream> plugins_;
  HeaderList headers_;
  HeaderList trailers_;
  LaneExit exit_;
  const uint64_t buffer_limit_;
  uint64_t body_bytes_in_ = 0;
  uint32_t pausing_stages_ = 0;
  bool keeps_maps_ = false;
  bool has_headers_ = false;
  bool has_trailers_ = false;
  bool closed_ = false;
  bool too_large_ = false;
  bool lacks_status_ = false;
  bool running_ = false;
};

}  // namespace weir::serve
