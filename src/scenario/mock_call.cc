#include "scenario/mock_call.h"

#include "abi/call_text.h"
#include "scenario/mock_upstreams.h"

namespace weir::scenario {
namespace {

using abi::EndOfStream;

// Before each gRPC message: whether it is compressed, and its length, big-endian.
constexpr size_t kFrameHeaderBytes = 5;

std::string framed(const std::string& message) {
  std::string frame(1, '\0');
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(message.size() >> shift);
  return frame + message;
}

size_t length_in(std::string_view header) {
  size_t length = 0;
  for (size_t i = 1; i < kFrameHeaderBytes; ++i) {
    length = length << 8 | static_cast<unsigned char>(header[i]);
  }
  return length;
}

}  // namespace

MockCall::MockCall(MockUpstreams& upstreams, std::shared_ptr<SeenCall> seen,
                   runtime::UpstreamObserver& observer)
    : upstreams_(upstreams),
      seen_(std::move(seen)),
      observer_(observer),
      timer_(upstreams.services_.make_timer([this] { go_on(); })) {
  wake();
}

MockCall::~MockCall() {
  *alive_ = false;
  if (over_) return;
  seen_->cancelled = true;
  upstreams_.journal_.add_line("call to " + seen_->upstream + " is given up");
}

void MockCall::send_data(Bytes data, EndOfStream end) {
  if (seen_->grpc) {
    frames_ += as_text(data);
    while (frames_.size() >= kFrameHeaderBytes) {
      const size_t length = length_in(frames_);
      if (frames_.size() - kFrameHeaderBytes < length) break;
      seen_->messages.push_back(frames_.substr(kFrameHeaderBytes, length));
      frames_.erase(0, kFrameHeaderBytes + length);
      upstreams_.journal_.add_line("message to " + seen_->upstream + " " +
                                   abi::quoted_bytes(as_bytes(seen_->messages.back())));
    }
  } else {
    seen_->body += as_text(data);
    upstreams_.journal_.add_line("body to " + seen_->upstream + " " + abi::quoted_bytes(data));
  }
  seen_->ended = end == EndOfStream::Yes;
  if (!chosen_ || (answer_ != nullptr && !reply_due_ && begun_)) wake();
}

void MockCall::send_trailers(const abi::HeaderList& trailers) {
  seen_->trailers = trailers;
  seen_->ended = true;
  if (!chosen_) wake();
}

void MockCall::choose() {
  // An HTTP call is answered when it is complete, a gRPC call perhaps before its first message.
  if (!seen_->grpc && !seen_->ended) return;
  chosen_ = true;
  answer_ = upstreams_.take_answer(*seen_);
  if (answer_ == nullptr) return fail("the scenario has no answer for this call");
  wake(answer_->delay);
}

void MockCall::go_on() {
  if (over_) return;
  if (!chosen_) return choose();
  if (const auto* message = std::get_if<Message>(&answer_->content)) return answer(*message);
  if (const auto* grpc = std::get_if<GrpcAnswer>(&answer_->content)) return answer(*grpc);
  if (const auto* breaks = std::get_if<Breaks>(&answer_->content)) return fail(breaks->reason);
}

void MockCall::answer(const Message& response) {
  const auto alive = alive_;
  const auto end_if = [](bool last) { return last ? EndOfStream::Yes : EndOfStream::No; };
  upstreams_.journal_.add_line("answer from " + seen_->upstream + " {" +
                               fields_text(to_list(response.headers)) + "}");
  over_ = response.ends_with_headers();
  observer_.on_headers(to_list(response.headers), end_if(over_));
  for (size_t i = 0; *alive && i < response.body.size(); ++i) {
    over_ = i + 1 == response.body.size() && response.trailers.empty();
    observer_.on_data(as_bytes(response.body[i]), end_if(over_));
  }
  if (!*alive || response.trailers.empty()) return;
  over_ = true;
  observer_.on_trailers(to_list(response.trailers));
}

// Sends one reply each time, as soon as it is due.
void MockCall::answer(const GrpcAnswer& answer) {
  const auto alive = alive_;
  if (!begun_) {
    begun_ = true;
    std::vector<Field> headers{{":status", "200"}, {"content-type", "application/grpc"}};
    headers.insert(headers.end(), answer.initial_metadata.begin(), answer.initial_metadata.end());
    observer_.on_headers(to_list(headers), EndOfStream::No);
    if (!*alive) return;
  }
  if (replied_ < answer.replies.size()) {
    const GrpcReply& reply = answer.replies[replied_];
    if (!reply_due_ && seen_->messages.size() < reply.after_messages) return;
    if (!reply_due_ && reply.delay > Milliseconds(0)) {
      reply_due_ = true;
      return wake(reply.delay);
    }
    reply_due_ = false;
    ++replied_;
    upstreams_.journal_.add_line("message from " + seen_->upstream + " " +
                                 abi::quoted_bytes(as_bytes(reply.message)));
    const std::string frame = framed(reply.message);
    observer_.on_data(as_bytes(frame), EndOfStream::No);
    if (*alive) wake();
    return;
  }
  if (!answer.keep_open || seen_->ended) end_grpc(answer);
}

void MockCall::end_grpc(const GrpcAnswer& answer) {
  std::vector<Field> trailers{{"grpc-status", std::to_string(answer.status)}};
  if (!answer.status_message.empty()) trailers.emplace_back("grpc-message", answer.status_message);
  trailers.insert(trailers.end(), answer.trailing_metadata.begin(), answer.trailing_metadata.end());
  upstreams_.journal_.add_line("end of " + seen_->upstream + " {" + fields_text(to_list(trailers)) +
                               "}");
  over_ = true;
  observer_.on_trailers(to_list(trailers));
}

void MockCall::fail(const std::string& reason) {
  upstreams_.journal_.add_line("call to " + seen_->upstream + " fails: " + reason);
  over_ = true;
  observer_.on_failure(reason);
}

}  // namespace weir::scenario
