#pragma once
// One direction of an HTTP exchange on its way through the plugin.

#include <optional>
#include <string>
#include <vector>

#include "abi/header_map.h"
#include "planes/serve/checked_headers.h"
#include "runtime/http_context.h"
#include "scenario/text_buffer.h"

namespace weir::scenario {

using runtime::Direction;

// A message as it has gone on.
struct SeenMessage {
  abi::HeaderList headers;
  std::vector<std::string> pieces;
  std::optional<abi::HeaderList> trailers;
  bool complete = false;

  std::string body() const;
};

// What a plugin's answers to callbacks mean is as in `weir serve` (planes/serve/lane.h): headers,
// body and trailers go on as it lets them, and what it stops is held. Part of an HttpExchange.
// Thread: the scenario's.
class HttpFlow {
 public:
  // Of body bytes that a plugin may hold; Envoy's usual limit.
  static constexpr size_t kMaxHeld = 1 << 20;

  explicit HttpFlow(Direction direction)
      : direction_(direction),
        header_map_(direction == Direction::Request ? serve::CheckedHeaders::Kind::Request
                                                    : serve::CheckedHeaders::Kind::Response,
                    headers_),
        trailer_map_(serve::CheckedHeaders::Kind::Trailers, trailers_) {}
  HttpFlow(const HttpFlow&) = delete;
  HttpFlow& operator=(const HttpFlow&) = delete;

  // `context` is null for a plugin that is out of service: all goes on.
  void headers(runtime::HttpContext* context, abi::HeaderList headers, abi::EndOfStream end);
  void data(runtime::HttpContext* context, std::string_view bytes, abi::EndOfStream end);
  void trailers(runtime::HttpContext* context, abi::HeaderList trailers);
  // Goes on after the plugin's stop.
  void resume(runtime::HttpContext* context);
  // Takes the place of what has not gone on, past the plugin.
  void bypass(abi::HeaderList headers, std::string body);
  // Nothing goes on any more.
  void close() { closed_ = true; }

  bool closed() const { return closed_; }
  bool has_headers() const { return has_headers_; }
  bool started() const { return seen_.has_value(); }
  bool ended() const { return seen_ && seen_->complete; }
  // The plugin holds more than it may.
  bool too_large() const { return too_large_ && !closed_; }
  uint64_t bytes_in() const { return bytes_in_; }

  // Null where the plugin may see none now.
  abi::HeaderMap* header_map() { return has_headers_ ? &header_map_ : nullptr; }
  abi::HeaderMap* trailer_map() {
    return has_trailers_ || offers_trailers_ ? &trailer_map_ : nullptr;
  }
  abi::Buffer* body();

  const abi::HeaderList& header_list() const { return headers_; }
  const std::optional<SeenMessage>& seen() const { return seen_; }

 private:
  enum class State : uint8_t {
    Open,
    Stopped,     // callbacks go on, nothing passes
    StoppedAll,  // no callbacks until resume()
  };

  void run_body_callback(runtime::HttpContext* context, abi::EndOfStream end);
  void run_trailers_callback(runtime::HttpContext* context);
  void stop(State state, bool bounded);
  void check_held();
  // Opens the flow and passes on what it holds.
  void release();
  void pass_headers(bool end);

  const Direction direction_;
  abi::HeaderList headers_;
  abi::HeaderList trailers_;
  serve::CheckedHeaders header_map_;
  serve::CheckedHeaders trailer_map_;
  State state_ = State::Open;
  TextBuffer held_;
  uint64_t bytes_in_ = 0;
  bool has_headers_ = false;
  bool ended_by_headers_ = false;
  bool all_in_ = false;  // trailers included
  bool has_trailers_ = false;
  bool trailers_seen_ = false;  // by the plugin
  bool offers_trailers_ = false;
  bool in_body_callback_ = false;
  bool bounded_ = true;  // what is held has a limit
  bool too_large_ = false;
  bool closed_ = false;
  std::optional<SeenMessage> seen_;
};

}  // namespace weir::scenario
