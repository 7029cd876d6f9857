#include "planes/serve/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace weir::serve {
namespace {

// One gathering write takes as many pieces as Asio passes on.
constexpr size_t kPiecesPerWrite = 64;

// How long a peer gets to read the end of the output.
constexpr Milliseconds kLingerTime{1'000};

// How long a peer that drains waits for the first byte of somebody who has just connected.
constexpr Milliseconds kFirstWordTime{1'000};

}  // namespace

Connection::Connection(TcpSocket socket, ConnectionOwner& owner, const ConnectionTimeouts& timeouts,
                       TrafficCounters traffic, Time now)
    : socket_(std::move(socket)),
      owner_(owner),
      timeouts_(timeouts),
      traffic_(traffic),
      swept_(now),
      last_activity_(now),
      idle_since_(now) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::start() { run(); }

void Connection::wake() {
  if (woken_ || state_ == State::Closed) return;
  woken_ = true;
  if (running_) return;
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->run(); });
}

void Connection::count_traffic(const TrafficCounters& counters) {
  more_traffic_.emplace(counters);
  counters.received_bytes.add(received_);
  counters.sent_bytes.add(sent_);
}

// Brings codec and socket into step. Never nested: what happens meanwhile sets woken_.
void Connection::run() {
  if (state_ == State::Closed) return;
  running_ = true;
  do {
    woken_ = false;
    step();
  } while (woken_ && state_ != State::Closed);
  running_ = false;
  if (state_ == State::Closed) return;
  owner_.on_settled(*this);
  if (state_ != State::Closed) read();
}

void Connection::step() {
  if (!choose()) return;
  while (codec_->wants_input() && !input_.empty()) {
    const size_t before = input_.unread().size();
    codec_->receive(input_);
    if (input_.unread().size() == before) break;
  }
  // Asked before sent(), where an exchange that was answered at once comes to its end.
  if (codec_->active() > 0) {
    idle_since_ = swept_;
    ended_idle_ = Time::max();
  }
  if (!flush()) return;
  codec_->sent();
  if (state_ == State::Open && codec_->ending() != Ending::Open && codec_->output().empty()) {
    if (codec_->ending() == Ending::Linger) {
      linger();
      if (state_ == State::Closed) return;
    } else {
      shut(Disconnect::Broken, "closed");
      return;
    }
  }

  if (!end_output()) return;

  if (!codec_->inside_head()) {
    head_since_ = Time::max();
  } else if (head_since_ == Time::max()) {
    head_since_ = swept_;
  }
}

bool Connection::end_output() {
  if (state_ != State::Open || !codec_->output_has_ended() || !codec_->output().empty()) {
    return true;
  }
  if (!std::exchange(output_ended_, true)) {
    error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
  }
  if (!input_ended_) return true;
  shut(Disconnect::EndOfInput, "both sides have ended");
  return false;
}

bool Connection::choose() {
  if (codec_ != nullptr) return true;
  codec_ = owner_.choose_codec(*this, input_);
  if (codec_ == nullptr) return false;
  // What made the choice has come: it is answered.
  if (draining_) codec_->drain_after_next();
  return true;
}

void Connection::read() {
  if (reading_ || input_ended_ || (codec_ != nullptr && !codec_->wants_input())) return;
  reading_ = true;
  const std::span<std::byte> room = input_.prepare();
  socket_.async_read_some(
      asio::buffer(room.data(), room.size()),
      [self = shared_from_this()](error_code error, size_t n) { self->on_read(error, n); });
}

void Connection::on_read(error_code error, size_t n) {
  reading_ = false;
  if (state_ == State::Closed) return;
  if (error == asio::error::eof) {
    if (codec_ == nullptr || state_ != State::Open || !codec_->end_of_input()) {
      return shut(Disconnect::EndOfInput, "the peer has closed");
    }
    input_ended_ = true;
    await_break();
    return run();
  }
  if (error) return shut(Disconnect::Reset, error.message());
  heard_ = true;
  input_.commit(n);
  received_ += n;
  traffic_.received_bytes.add(n);
  if (more_traffic_) more_traffic_->received_bytes.add(n);
  note_activity();
  run();
}

bool Connection::flush() {
  if (write_broken_) return give_up_writing();
  while (!awaiting_writable_) {
    Body& output = codec_->output();
    if (output.empty()) return true;
    boost::container::static_vector<asio::const_buffer, kPiecesPerWrite> pieces;
    for (const Slice& slice : output.slices()) {
      if (pieces.size() == kPiecesPerWrite) break;
      pieces.emplace_back(slice.bytes().data(), slice.size());
    }
    error_code error;
    const size_t n = socket_.write_some(pieces, error);
    if (error == asio::error::would_block) {
      await_writable();
      return true;
    }
    if (error) {
      write_broken_ = true;
      return give_up_writing();
    }
    output.drop_front(n);
    sent_ += n;
    traffic_.sent_bytes.add(n);
    if (more_traffic_) more_traffic_->sent_bytes.add(n);
    note_activity();
  }
  return true;
}

// The peer takes no more; but it may have said why, and that may not be read yet.
bool Connection::give_up_writing() {
  const bool reads_on = !input_ended_ && codec_->wants_input() && codec_->ending() == Ending::Open;
  if (!reads_on) shut(Disconnect::Reset, "the peer takes no more bytes");
  return false;
}

void Connection::await_writable() {
  awaiting_writable_ = true;
  socket_.async_wait(TcpSocket::wait_write, [self = shared_from_this()](error_code) {
    self->awaiting_writable_ = false;
    self->run();
  });
}

// A read would tell of it, but after the end of the input there are none.
void Connection::await_break() {
  socket_.async_wait(TcpSocket::wait_error, [self = shared_from_this()](error_code) {
    if (self->state_ == State::Closed) return;
    // Urgent data wakes, too. It is no concern of ours, and there is no waiting beside it.
    pollfd polled{.fd = self->socket_.native_handle(), .events = 0, .revents = 0};
    if (::poll(&polled, 1, 0) == 1) self->shut(Disconnect::Reset, "the peer has gone");
  });
}

void Connection::linger() {
  if (input_ended_) return shut(Disconnect::Broken, "closed");
  state_ = State::Lingering;
  linger_since_ = swept_;
  error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

void Connection::drain() {
  const bool waits = !std::exchange(draining_, true) && !heard_;
  if (waits && (codec_ == nullptr || codec_->active() == 0)) {
    // Who has just connected is about to ask.
    silent_until_ = swept_ + kFirstWordTime;
    if (codec_ != nullptr) codec_->drain_after_next();
    return wake();
  }
  if (codec_ == nullptr || codec_->active() == 0) {
    // What has been read already, and is not delivered yet, comes before this.
    return asio::post(socket_.get_executor(), [self = shared_from_this()] { self->drain_idle(); });
  }
  codec_->drain();
  wake();
}

void Connection::drain_idle() {
  if (state_ == State::Closed) return;
  const bool nothing_comes = input_.empty() && is_quiet();
  if (codec_ == nullptr) {
    if (nothing_comes) close("draining");
    return;
  }
  // A handshake or a head that has begun goes on.
  const bool is_idle = nothing_comes && !codec_->inside_head();
  is_idle || codec_->active() > 0 ? codec_->drain() : codec_->drain_after_next();
  wake();
}

void Connection::drain_after_next() {
  draining_ = true;
  if (codec_ != nullptr) codec_->drain_after_next();
  wake();
}

void Connection::close(std::string_view reason) { shut(Disconnect::Broken, reason); }

void Connection::shut(Disconnect how, std::string_view reason) {
  if (state_ == State::Closed) return;
  const auto self = shared_from_this();
  state_ = State::Closed;
  if (codec_ != nullptr) codec_->disconnected(how, reason);
  error_code ignored;
  socket_.close(ignored);
  owner_.on_closed(*this);
}

void Connection::sweep(Time now) {
  swept_ = now;
  const auto passed = [&](Time since, Milliseconds limit) {
    return limit != Milliseconds::zero() && now - since > limit;
  };
  if (state_ == State::Lingering) {
    if (passed(linger_since_, kLingerTime)) shut(Disconnect::Broken, "closed");
    return;
  }
  if (!heard_ && now > silent_until_) {
    silent_until_ = Time::max();
    return drain_idle();
  }
  if (codec_ != nullptr) codec_->sweep(now);
  const ConnectionTimeouts limits = codec_ == nullptr ? timeouts_ : codec_->timeouts(timeouts_);
  if (codec_ == nullptr) {
    if (passed(idle_since_, input_.empty() ? limits.idle : limits.head)) {
      shut(Disconnect::Broken, "the first bytes took too long");
    }
  } else if (codec_->active() > 0) {
    if (!codec_->watches_itself() && passed(last_activity_, limits.stream)) {
      shut(Disconnect::Broken, "no byte moved for too long");
    }
  } else if (head_since_ != Time::max()) {
    if (passed(head_since_, limits.head)) {
      codec_->head_timed_out();
      wake();
    }
  } else if (passed(idle_since_, limits.idle)) {
    end_idle(now, limits.idle);
  }
}

// Asks once, or twice where the first time is a notice; a peer that neither reads the end of the
// output nor closes does not get to keep the connection.
void Connection::end_idle(Time now, Milliseconds limit) {
  if (ended_idle_ == Time::max()) ended_idle_ = now;
  if (now - ended_idle_ > limit) return shut(Disconnect::Broken, "idle");
  codec_->drain();
  wake();
}

bool Connection::is_quiet() {
  if (state_ != State::Open) return false;
  char byte;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

asio::ip::tcp::endpoint Connection::local_endpoint() const {
  error_code ignored;
  return socket_.local_endpoint(ignored);
}

asio::ip::tcp::endpoint Connection::remote_endpoint() const {
  error_code ignored;
  return socket_.remote_endpoint(ignored);
}

}  // namespace weir::serve
