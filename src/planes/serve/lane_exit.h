#pragma once
// Where a message leaves its lane: sees to it that the content-length it tells is the true one.

#include <optional>
#include <string>
#include <vector>

#include "planes/serve/message.h"

namespace weir::serve {

// Plugins may change a body, and most leave content-length as it is; a body that does not fit its
// length breaks the connection for good. So, where some plugin may change the body:
//  - If the message told a length of at most kCorrected bytes, its headers wait for the body to
//    pass the plugins, and then tell what it came to.
//  - The same holds for longer ones whose whole body passes together with the headers.
//  - Others keep the length that they told, for clients and upstreams that need one. If the body
//    turns out different, the message is broken (is_broken()). A plugin that is going to change it
//    removes content-length in its callback for headers, as it has to on Envoy.
// A length that a plugin has made up, and one where a plugin has ended the message, is left out.
//
// Part of a Lane. Thread: the worker's.
class LaneExit final {
 public:
  static constexpr uint64_t kCorrected = 64 * 1024;

  // Both outlive it. `headers` are the message's, once plugins are done with them.
  // `metadata_waits`: it is not sent before the headers.
  LaneExit(MessageSink& sink, HeaderList& headers, bool metadata_waits)
      : sink_(sink), headers_(headers), metadata_waits_(metadata_waits) {}

  // The message has come in with these headers().
  void on_message(EndOfStream end);
  // A plugin may change the body.
  void expect_changes() { may_change_ = true; }

  void headers(EndOfStream end);
  void data(Body data, EndOfStream end);
  void trailers(HeaderList trailers);
  void metadata(HeaderList metadata);

  // No more comes for now.
  void end_of_turn();

  // Passes headers through that no plugin looks at, in the place of any that wait.
  void pass_headers(HeaderList headers, EndOfStream end);

  // Headers have gone out.
  bool started() const { return started_; }
  // All has gone out.
  bool ended() const { return ended_; }
  // The body does not fit the length that has gone out. Nothing more goes out.
  bool is_broken() const { return broken_; }
  uint64_t body_bytes() const { return body_bytes_; }

 private:
  void send_headers(EndOfStream end);
  void send_waiting(EndOfStream end);

  MessageSink& sink_;
  HeaderList& headers_;
  const bool metadata_waits_;
  std::vector<HeaderList> metadata_;  // that waits
  std::string original_length_;       // "": none
  bool came_without_body_ = false;
  bool may_change_ = false;

  bool headers_wait_ = false;
  bool wait_on_ = false;             // beyond the end of the turn
  Body waiting_;                     // behind the headers
  std::optional<uint64_t> promise_;  // the length that has gone out, to be held
  uint64_t body_bytes_ = 0;
  bool started_ = false;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace weir::serve
