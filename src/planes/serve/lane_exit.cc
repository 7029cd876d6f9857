#include "planes/serve/lane_exit.h"

#include <utility>

#include "planes/common/field_rules.h"
#include "planes/serve/checked_headers.h"

namespace weir::serve {
namespace {

constexpr std::string_view kLength = "content-length";

}  // namespace

void LaneExit::on_message(EndOfStream end) {
  original_length_ = headers_.find(kLength).value_or("");
  came_without_body_ = end == EndOfStream::Yes;
}

void LaneExit::pass_headers(HeaderList headers, EndOfStream end) {
  headers_wait_ = false;
  static_cast<void>(waiting_.take_all());
  started_ = true;
  ended_ = end == EndOfStream::Yes;
  sink_.headers(std::move(headers), end);
}

void LaneExit::headers(EndOfStream end) {
  const auto length = headers_.find(kLength);
  const bool is_original = length.value_or("") == std::string_view(original_length_);
  if (end == EndOfStream::Yes) {
    // Without a body a message may tell a length all the same: a response to HEAD.
    if (!came_without_body_ || !is_original) headers_.remove(kLength);
    return send_headers(end);
  }
  headers_wait_ = true;
  const auto promised = length ? planes::parse_length(*length) : std::nullopt;
  wait_on_ = may_change_ && promised && *promised <= kCorrected;
  if (!is_original && !wait_on_) headers_.remove(kLength);
}

void LaneExit::data(Body data, EndOfStream end) {
  if (headers_wait_) {
    waiting_.append(std::move(data));
    if (end == EndOfStream::Yes) {
      if (headers_.find(kLength) || !original_length_.empty()) {
        // It takes the place of one that fitted, or is not much longer.
        static_cast<void>(headers_.replace(kLength, std::to_string(waiting_.size())));
      }
      return send_waiting(end);
    }
    if (wait_on_ && waiting_.size() > kCorrected) {
      headers_.remove(kLength);
      send_waiting(end);
    }
    return;
  }
  body_bytes_ += data.size();
  const bool is_over = promise_ && body_bytes_ > *promise_;
  const bool is_under = promise_ && end == EndOfStream::Yes && body_bytes_ < *promise_;
  if (is_over || is_under) {
    broken_ = true;
    return;
  }
  ended_ = end == EndOfStream::Yes;
  sink_.data(std::move(data), end);
}

void LaneExit::trailers(HeaderList trailers) {
  if (headers_wait_) {
    // HTTP/1.1 carries trailers in chunked messages only.
    headers_.remove(kLength);
    send_waiting(EndOfStream::No);
  }
  if (promise_ && body_bytes_ < *promise_) {
    broken_ = true;
    return;
  }
  ended_ = true;
  sink_.trailers(std::move(trailers));
}

void LaneExit::metadata(HeaderList metadata) {
  if (ended_ || broken_) return;
  if (metadata_waits_ && !started_) return metadata_.push_back(std::move(metadata));
  sink_.metadata(std::move(metadata));
}

void LaneExit::end_of_turn() {
  if (headers_wait_ && !wait_on_) send_waiting(EndOfStream::No);
}

void LaneExit::send_waiting(EndOfStream end) {
  headers_wait_ = false;
  if (const auto length = headers_.find(kLength)) promise_ = planes::parse_length(*length);
  send_headers(EndOfStream::No);
  if (!waiting_.empty() || end == EndOfStream::Yes) data(waiting_.take_all(), end);
}

void LaneExit::send_headers(EndOfStream end) {
  put_pseudo_headers_first(headers_);
  started_ = true;
  ended_ = end == EndOfStream::Yes;
  sink_.headers(headers_, end);  // a copy: plugins may look at them until the stream ends
  for (HeaderList& one : std::exchange(metadata_, {})) metadata(std::move(one));
}

}  // namespace weir::serve
