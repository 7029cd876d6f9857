#pragma once
// When an HTTP/2 connection is asked by a PING whether anybody is there, and when it is given up.

#include "config/http2_options.h"
#include "planes/serve/codec.h"
#include "planes/serve/random.h"

namespace weir::serve {

// Thread: the connection's.
class Http2Keepalive {
 public:
  enum class Action : uint8_t { None, Ping, GiveUp };

  explicit Http2Keepalive(const config::Http2Options& options) : options_(options) {}

  Action sweep(CoarseTime now) {
    now_ = now;
    if (options_.keepalive_interval.count() == 0) return Action::None;
    if (awaiting_) return now - heard_ > options_.keepalive_timeout ? Action::GiveUp : Action::None;
    if (next_ == CoarseTime{}) plan();
    if (now < next_) return Action::None;
    awaiting_ = true;
    heard_ = now;
    return Action::Ping;
  }

  // Any frame: what is behind it may be on its way.
  void on_frame() { heard_ = now_; }

  void on_answer() {
    awaiting_ = false;
    plan();
  }

 private:
  void plan() {
    const auto most = static_cast<uint64_t>(
        static_cast<double>(options_.keepalive_interval.count()) * options_.keepalive_jitter / 100);
    const Milliseconds more(most == 0 ? 0 : random_number() % most);
    next_ = now_ + options_.keepalive_interval + more;
  }

  const config::Http2Options& options_;
  CoarseTime now_{};
  CoarseTime next_{};   // the next PING; not planned yet if it is no time
  CoarseTime heard_{};  // the last frame, or the PING that waits for its answer
  bool awaiting_ = false;
};

}  // namespace weir::serve
