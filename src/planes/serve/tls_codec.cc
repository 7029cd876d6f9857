#include "planes/serve/tls_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace weir::serve {
namespace {

// Of one TLS record (RFC 8446, section 5.1).
constexpr size_t kRecordBytes = 16 * 1024;

// What may wait here before the inner codec is left to wait itself. What OpenSSL sends unasked may
// come on top of it; a peer that makes it do so, and does not read, is not read either.
constexpr uint64_t kOutputLimit = 64 * 1024;
constexpr uint64_t kHardOutputLimit = 4 * kOutputLimit;

// Thread: its worker's.
class TlsCodec final : public Codec {
 public:
  TlsCodec(const TlsCodecParts& parts, std::unique_ptr<TlsUser> user)
      : carrier_(parts.carrier),
        user_(std::move(user)),
        stats_(parts.stats),
        handshake_timeout_(parts.handshake_timeout),
        session_(parts.context, parts.stats, output_, parts.resumption, parts.server_name) {}

  void receive(ReadBuffer& input) override;
  bool wants_input() const override;
  bool end_of_input() override;
  bool output_has_ended() const override;
  void disconnected(Disconnect how, std::string_view reason) override;
  Body& output() override;
  void sent() override;
  Ending ending() const override;
  void drain() override;
  void drain_after_next() override;
  size_t active() const override { return inner_ == nullptr ? 0 : inner_->active(); }
  bool inside_head() const override {
    return state_ == State::Handshake || (inner_ != nullptr && inner_->inside_head());
  }
  bool watches_itself() const override { return inner_ != nullptr && inner_->watches_itself(); }
  void head_timed_out() override;
  void sweep(CoarseTime now) override {
    if (inner_ != nullptr) inner_->sweep(now);
  }
  ConnectionTimeouts timeouts(const ConnectionTimeouts& usual) const override;

 private:
  enum class State : uint8_t {
    Handshake,
    Open,
    PeerEnded,  // nothing more comes; something may still go
    Over,       // neither
  };

  bool is_over() const { return state_ == State::Over; }
  void shake_hands();
  void pump();
  bool deliver();
  void take(TlsSession::State state);
  void peer_ended();
  void encrypt();
  void encrypt_front(Body& from);
  void end_if_inner_has();
  void fail(Disconnect how, std::string_view reason);

  Carrier& carrier_;
  const std::unique_ptr<TlsUser> user_;
  TlsStats& stats_;
  const Milliseconds handshake_timeout_;
  Body output_;
  TlsSession session_;  // after what it writes to
  State state_ = State::Handshake;
  std::unique_ptr<Codec> inner_;
  ReadBuffer plain_;
  bool output_ended_ = false;  // and the peer is told
  bool drain_inner_ = false;   // after its next request, once there is one
};

void TlsCodec::receive(ReadBuffer& input) {
  if (state_ == State::PeerEnded || is_over()) {
    input.consume(input.unread().size());
    return;
  }
  session_.set_input(&input);
  if (state_ == State::Handshake) shake_hands();
  if (state_ == State::Open) pump();
  session_.set_input(nullptr);
}

void TlsCodec::shake_hands() {
  const TlsSession::State state = session_.handshake();
  if (state == TlsSession::State::WantsInput) return;
  if (state != TlsSession::State::Done) return fail(Disconnect::Reset, session_.failure());
  state_ = State::Open;
  user_->on_secured(session_.info());
  // What a server says first needs nothing from the client.
  static_cast<void>(deliver());
  carrier_.wake();
}

// Brings the inner codec what has been received, as long as it takes any.
void TlsCodec::pump() {
  while (state_ == State::Open && deliver()) {
    size_t n = 0;
    const auto state = session_.read(plain_.prepare(), n);
    if (state != TlsSession::State::Done) return take(state);
    plain_.commit(n);
  }
}

// Whether there may be room for more.
bool TlsCodec::deliver() {
  if (inner_ == nullptr) {
    inner_ = user_->choose_codec(plain_);
    if (inner_ == nullptr) return true;
    if (drain_inner_) inner_->drain_after_next();
  }
  while (!plain_.empty() && inner_->wants_input()) {
    const size_t before = plain_.unread().size();
    inner_->receive(plain_);
    if (plain_.unread().size() == before) break;
  }
  return inner_->wants_input();
}

void TlsCodec::take(TlsSession::State state) {
  if (state == TlsSession::State::Ended) return peer_ended();
  if (state == TlsSession::State::Failed) fail(Disconnect::Reset, session_.failure());
}

void TlsCodec::peer_ended() {
  if (inner_ == nullptr) return fail(Disconnect::EndOfInput, "the peer has closed");
  state_ = State::PeerEnded;
  if (inner_->end_of_input()) return;
  session_.end();
  fail(Disconnect::EndOfInput, "the peer has closed");
}

bool TlsCodec::wants_input() const {
  if (state_ != State::Open) return true;
  if (output_.size() >= kHardOutputLimit) return false;
  return inner_ == nullptr || inner_->wants_input();
}

bool TlsCodec::end_of_input() { return state_ == State::PeerEnded; }

bool TlsCodec::output_has_ended() const { return output_ended_ && !is_over(); }

Body& TlsCodec::output() {
  if (state_ == State::Handshake) shake_hands();
  if (state_ == State::Open) pump();
  if (inner_ != nullptr && !is_over()) encrypt();
  return output_;
}

void TlsCodec::encrypt() {
  while (output_.size() < kOutputLimit && !is_over() && !output_ended_) {
    Body& made = inner_->output();
    if (made.empty()) break;
    encrypt_front(made);
    inner_->sent();
  }
  if (!is_over()) end_if_inner_has();
}

// As much as one record holds; what lies in small pieces goes into one.
void TlsCodec::encrypt_front(Body& from) {
  const Bytes front = from.slices().front().bytes();
  if (front.size() >= kRecordBytes || front.size() == from.size()) {
    const size_t n = std::min(front.size(), kRecordBytes);
    const auto written = session_.write(front.first(n));
    from.drop_front(n);
    return take(written);
  }
  std::array<std::byte, kRecordBytes> record;
  const size_t n = std::min<uint64_t>(from.size(), record.size());
  from.copy_to(0, std::span(record).first(n));
  from.drop_front(n);
  take(session_.write(std::span(record).first(n)));
}

void TlsCodec::sent() {
  if (inner_ == nullptr || is_over()) return;
  inner_->sent();
  // It may have ended just now, and the peer is not told yet: output() does that.
  if (!output_ended_ && inner_->ending() != Ending::Open) carrier_.wake();
}

void TlsCodec::end_if_inner_has() {
  if (output_ended_ || !inner_->output().empty()) return;
  if (!inner_->output_has_ended() && inner_->ending() == Ending::Open) return;
  output_ended_ = true;
  session_.end();
}

Ending TlsCodec::ending() const {
  if (is_over()) return Ending::Linger;
  if (inner_ == nullptr || !output_ended_) return Ending::Open;
  return inner_->ending();
}

void TlsCodec::drain() {
  if (inner_ != nullptr) return inner_->drain();
  fail(Disconnect::Broken, "draining");
}

void TlsCodec::drain_after_next() {
  if (inner_ != nullptr) return inner_->drain_after_next();
  drain_inner_ = true;
}

ConnectionTimeouts TlsCodec::timeouts(const ConnectionTimeouts& usual) const {
  if (state_ == State::Handshake) {
    ConnectionTimeouts limits = usual;
    if (handshake_timeout_.count() > 0) limits.head = handshake_timeout_;
    return limits;
  }
  return inner_ == nullptr ? usual : inner_->timeouts(usual);
}

void TlsCodec::head_timed_out() {
  if (state_ == State::Handshake) {
    stats_.handshake_timeouts.add();
    return fail(Disconnect::Broken, "the TLS handshake took too long");
  }
  if (inner_ != nullptr) inner_->head_timed_out();
}

// What is in output_, an alert perhaps, is still sent.
void TlsCodec::fail(Disconnect how, std::string_view reason) {
  if (is_over()) return;
  state_ = State::Over;
  carrier_.wake();
  const std::string why =
      how == Disconnect::Reset ? "TLS: " + std::string(reason) : std::string(reason);
  inner_ != nullptr ? inner_->disconnected(how, why) : user_->on_failed(how, why);
}

void TlsCodec::disconnected(Disconnect how, std::string_view reason) {
  if (is_over()) return;
  const bool truncated = how == Disconnect::EndOfInput && state_ == State::Open;
  const bool in_handshake = how == Disconnect::EndOfInput && state_ == State::Handshake;
  if (in_handshake || (how == Disconnect::Reset && state_ == State::Handshake)) {
    stats_.connection_errors.add();
  }
  state_ = State::Over;
  if (truncated) how = Disconnect::Reset;
  inner_ != nullptr ? inner_->disconnected(how, reason) : user_->on_failed(how, reason);
}

}  // namespace

std::unique_ptr<Codec> make_tls_codec(const TlsCodecParts& parts, std::unique_ptr<TlsUser> user) {
  return std::make_unique<TlsCodec>(parts, std::move(user));
}

}  // namespace weir::serve
