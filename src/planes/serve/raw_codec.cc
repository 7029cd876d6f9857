#include "planes/serve/raw_codec.h"

namespace weir::serve {

void RawCodec::send(Body data, EndOfStream end) {
  if (ending_ != Ending::Open || output_ended_) return;
  output_.append(std::move(data));
  known_backlog_ = output_.size();
  output_ended_ = end == EndOfStream::Yes;
  carrier_.wake();
}

void RawCodec::set_paused(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  carrier_.wake();
}

void RawCodec::close(Ending how) {
  if (ending_ != Ending::Open) return;
  ending_ = how;
  paused_ = false;
  carrier_.wake();
}

void RawCodec::abort(Ending how) {
  static_cast<void>(output_.take_all());
  if (ending_ == Ending::Open || how == Ending::Close) ending_ = how;
  paused_ = false;
  carrier_.wake();
}

void RawCodec::receive(ReadBuffer& input) {
  Body data;
  data.append(input.slice_of(input.unread()));
  input.consume(input.unread().size());
  if (ending_ == Ending::Open) events_.on_data(std::move(data));
}

bool RawCodec::end_of_input() {
  if (ending_ != Ending::Open) return false;
  input_ended_ = true;
  events_.on_end();
  return true;
}

void RawCodec::disconnected(Disconnect how, std::string_view reason) {
  ending_ = Ending::Close;
  static_cast<void>(output_.take_all());
  events_.on_closed(how, reason);
}

void RawCodec::sent() {
  if (output_.size() >= known_backlog_) return;
  known_backlog_ = output_.size();
  events_.on_sent();
}

}  // namespace weir::serve
