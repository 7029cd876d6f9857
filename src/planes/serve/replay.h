#pragma once
// A request as it was sent, kept so that it can be sent again.

#include <optional>

#include "planes/serve/message.h"

namespace weir::serve {

// Shares the body's blocks with what was sent, and copies the headers. Thread: its worker's.
class Replay {
 public:
  // A body of more than `max_body` bytes is not kept: the request can be sent once only.
  explicit Replay(uint64_t max_body) : max_body_(max_body) {}

  void headers(const HeaderList& headers, EndOfStream end);
  void data(const Body& data, EndOfStream end);
  void trailers(const HeaderList& trailers);

  // The whole request is there.
  bool is_complete() const { return complete_ && !too_large_; }

  void send(MessageSink& to) const;

 private:
  const uint64_t max_body_;
  HeaderList headers_;
  Body body_;
  std::optional<HeaderList> trailers_;
  bool complete_ = false;
  bool too_large_ = false;
};

}  // namespace weir::serve
