#include "planes/ats/tcp_connection.h"

#include <atomic>
#include <utility>

#include "planes/ats/addresses.h"
#include "planes/ats/tls_info.h"
#include "planes/common/buffer_limit.h"
#include "planes/serve/proxy_header.h"

namespace weir::ats_plane {

using abi::EndOfStream;
using abi::PeerType;
using planes::kBufferLimit;
using serve::Body;
using serve::ResponseFlag;

namespace {

// How long a peer may take nothing of what was written to it before its connection was closed.
constexpr Milliseconds kLastWords{30'000};

// How long a client has to read its last bytes and end, too.
constexpr Milliseconds kLinger{2'000};

// How long it may take a client to say where it has come from.
constexpr Milliseconds kHeaderPatience{15'000};

std::atomic<uint64_t> connections = 0;

}  // namespace

void TcpConnection::begin(const TcpListener& listener, TSVConn client) {
  // The present event is of the listener's continuation, which has no lock.
  (new TcpConnection(listener, Worker::here().set_of(listener.plugins()), client))->wake();
}

TcpConnection::TcpConnection(const TcpListener& listener, std::shared_ptr<WorkerSet> set,
                             TSVConn client)
    : listener_(listener),
      set_(std::move(set)),
      worker_(Worker::here()),
      continuation_(TSContCreate(&TcpConnection::on_event, TSMutexCreate())),
      home_(TSEventThreadSelf()),
      accepted_(client),
      timer_(worker_.make_timer([this] {
        timer_rang_ = true;
        wake();
      })),
      working_(true),  // what contexts ask for while they are made is done by begin()
      chain_(*this, set_->network_makers(), kBufferLimit) {
  working_ = false;
  TSContDataSet(continuation_, this);
  TSContThreadAffinitySet(continuation_, home_);
  facts_.connection.id = ++connections;
  facts_.connection.remote_address = to_text(TSNetVConnRemoteAddrGet(client));
  facts_.connection.direct_address = facts_.connection.remote_address;
  facts_.connection.remote_port = port_of(TSNetVConnRemoteAddrGet(client));
  facts_.connection.local_address = to_text(TSNetVConnLocalAddrGet(client));
  facts_.connection.local_port = port_of(TSNetVConnLocalAddrGet(client));
  facts_.target = listener.upstream();
  facts_.started_wall = worker_.clock().wall();
  facts_.started = worker_.clock().monotonic();
  upstream_.closed = true;  // there is none yet
  if (auto context = listener.upstream_tls()) tls_.emplace(std::move(context));
  listener_.stats().sessions.add(1);
  listener_.stats().active_sessions.add(1);
}

TcpConnection::~TcpConnection() {
  let_calls_go();
  listener_.stats().active_sessions.add(-1);
}

int TcpConnection::on_event(TSCont continuation, TSEvent event, void* data) {
  auto& connection = *static_cast<TcpConnection*>(TSContDataGet(continuation));
  connection.note(event, data);
  if (TSEventThreadSelf() == connection.home_) {
    connection.work();
  } else {
    connection.schedule();
  }
  return 0;
}

void TcpConnection::note(TSEvent event, void* data) {
  if (event == TS_EVENT_IMMEDIATE) {
    scheduled_ = false;
  } else if (!client_.connection.note(event, data) && !upstream_.connection.note(event, data)) {
    if (dial_) dial_->note(event, data);
  }
}

void TcpConnection::wake() {
  if (working_) {
    again_ = true;
  } else if (continuation_ != nullptr) {
    schedule();
  }
}

void TcpConnection::schedule() {
  if (!scheduled_.exchange(true)) TSContScheduleOnThread(continuation_, 0, home_);
}

void TcpConnection::run(std::function<void()> event) {
  if (continuation_ == nullptr) return event();
  tasks_.push_back(std::move(event));
  wake();
}

void TcpConnection::work() {
  again_ = true;
  if (std::exchange(working_, true)) return;
  {
    const Worker::CurrentOwner current(worker_, *this);
    while (std::exchange(again_, false)) {
      if (!started_) start();
      for (auto& task : std::exchange(tasks_, {})) task();
      if (std::exchange(timer_rang_, false)) on_timer();
      receive(Direction::Request);
      receive(Direction::Response);
      act();
    }
  }
  working_ = false;
  if (finished_) delete this;
}

void TcpConnection::start() {
  if (accepted_ != nullptr) {
    client_.existed = true;
    client_.connection.open(
        std::exchange(accepted_, nullptr), continuation_,
        listener_.port().tls ? ServerConnection::Kind::Tls : ServerConnection::Kind::Socket);
    if (phase_ == Phase::Asking) enter(Phase::Asking);
  }
  // One under TLS is shown to plugins when it has been secured.
  if (listener_.port().tls) {
    facts_.connection.tls = read_tls(client_.connection.get());
    if (facts_.connection.tls == nullptr) return;
  }
  if (listener_.port().proxy_protocol && !pass_gate()) return;
  started_ = true;
  if (listener_.port().proxy_protocol) enter(Phase::Asking);  // with the patience of now
  if (listener_.port().upstream_proxy_protocol) {
    Body header;
    header.append_copy(as_bytes(serve::make_proxy_header(facts_.connection)));
    upstream_.connection.send(std::move(header), EndOfStream::No);  // TLS begins behind it
  }
  chain_.start();
}

bool TcpConnection::pass_gate() {
  if (phase_ != Phase::Asking) return false;
  Body input = client_.connection.take_input();
  if (input.empty() && !client_.connection.input_ended()) return false;
  const ProxyGate::State state = gate_.take(std::move(input), facts_.connection);
  if (state == ProxyGate::State::Passed) return true;
  if (state == ProxyGate::State::Refused || client_.connection.input_ended()) {
    listener_.stats().refused.add(1);
    end("no header of the PROXY protocol", ResponseFlag::None, true);
  }
  return false;
}

void TcpConnection::receive(Direction from) {
  Side& here = side(from);
  if (!here.connection.is_open()) return;
  if (phase_ == Phase::Ending || here.closing) {
    static_cast<void>(here.connection.take_input());  // nobody's any more
    return;
  }
  if (here.held_back || here.end_told || !started_) return;
  auto [data, ended] = take_input(from);
  if (data.empty() && !ended) return;
  here.end_told = ended;
  last_activity_ = worker_.clock().monotonic();
  if (from == Direction::Request) {
    facts_.received_bytes += data.size();
    listener_.stats().received_bytes.add(static_cast<int64_t>(data.size()));
  }
  chain_.data(from, std::move(data), ended ? EndOfStream::Yes : EndOfStream::No);
}

void TcpConnection::on_established() {
  if (phase_ != Phase::Asking) return;
  upstream_.closed = false;
  enter(Phase::Connecting);
}

void TcpConnection::on_passed(Direction direction, Body data, EndOfStream end) {
  if (phase_ == Phase::Ending || phase_ == Phase::Closed) return;
  if (direction == Direction::Response) {
    facts_.sent_bytes += data.size();
    listener_.stats().sent_bytes.add(static_cast<int64_t>(data.size()));
  }
  send(direction == Direction::Request ? Direction::Response : Direction::Request, std::move(data),
       end);
}

void TcpConnection::on_close_wanted(size_t, Direction) {
  end("closed by a plugin", ResponseFlag::None, false);
}

void TcpConnection::on_plugin_failed(size_t, std::string_view reason) {
  listener_.stats().failed_plugins.add(1);
  end(reason, ResponseFlag::None, true);
}

void TcpConnection::note_end(std::string_view why, ResponseFlag flag) {
  if (phase_ == Phase::Ending || phase_ == Phase::Closed) return;
  facts_.details = why;
  facts_.flags |= static_cast<uint32_t>(flag);
  enter(Phase::Ending);
}

void TcpConnection::end(std::string_view why, ResponseFlag flag, bool at_once) {
  note_end(why, flag);
  for (const Direction to : {Direction::Request, Direction::Response}) {
    (at_once ? side(to).aborted : side(to).closing) = true;
    if (!at_once) send(to, {}, EndOfStream::Yes);
  }
  wake();
}

void TcpConnection::act() {
  if (phase_ == Phase::Closed) return;
  if (phase_ == Phase::Connecting) {
    if (!upstream_.existed) connect();
    establish();
  }
  flush_tls();
  if (phase_ == Phase::Ending && !upstream_.existed) {
    dial_.reset();
    upstream_.closed = true;
  }
  client_.connection.flush();
  upstream_.connection.flush();
  close_what_has_ended(Direction::Request);
  close_what_has_ended(Direction::Response);
  throttle();
  linger();
  finish_if_closed();
}

void TcpConnection::throttle() {
  const auto hold = [this](Direction from, uint64_t waiting) {
    Side& here = side(from);
    const bool held = waiting > kBufferLimit || chain_.holds_back(from);
    // What was left alone is taken now: the server does not bring it again.
    if (std::exchange(here.held_back, held) && !held) again_ = true;
  };
  hold(Direction::Request, backlog(Direction::Response));
  hold(Direction::Response, backlog(Direction::Request));
}

bool TcpConnection::has_ended(const Side& side) const {
  const ServerConnection& connection = side.connection;
  if (side.aborted || connection.is_broken()) return true;
  if (!connection.output_ended()) return false;
  // The upstream is owed no patience; a client reads its last bytes before the connection goes.
  const bool is_client = &side == &client_;
  const bool waits = side.closing ? is_client : !side.end_told;
  return connection.kind() == ServerConnection::Kind::Tls || !waits || connection.input_ended();
}

void TcpConnection::linger() {
  if (!client_.closing || !client_.connection.is_open() || lingers_) return;
  if (!client_.connection.output_ended()) return;
  lingers_ = true;
  last_activity_ = worker_.clock().monotonic();
  timer_->start(kLinger);
}

void TcpConnection::close_what_has_ended(Direction direction) {
  Side& here = side(direction);
  if (!here.connection.is_open() || !has_ended(here)) return;
  const bool is_client = direction == Direction::Request;
  const bool broken = here.connection.is_broken();
  const bool by_us = !broken && !here.end_told;
  if (!is_client && phase_ == Phase::Connecting) {
    // It has never been connected.
    here.existed = false;
    here.connection.close();
    return on_dial_failed("connect to " + listener_.upstream() + " failed");
  }
  here.connection.close();
  here.closed = true;
  if (broken) {
    note_end(is_client ? "the client broke off" : "the upstream broke off",
             is_client ? ResponseFlag::DownstreamConnectionTermination
                       : ResponseFlag::UpstreamConnectionTermination);
    if (is_client) {
      upstream_.aborted = true;
    } else {
      client_.closing = true;
      send(Direction::Request, {}, EndOfStream::Yes);
    }
  } else if (is_client && !here.end_told) {
    // Nobody is left to end the other direction.
    upstream_.closing = true;
    send(Direction::Response, {}, EndOfStream::Yes);
  }
  again_ = true;
  if (started_) chain_.closed(direction, by_us ? PeerType::Local : PeerType::Remote);
}

void TcpConnection::finish_if_closed() {
  const bool waits = client_.connection.is_open() || upstream_.connection.is_open() || dial_ ||
                     !client_.closed || !upstream_.closed;
  // The server does not see to it that a continuation is destroyed after what is scheduled for it.
  if (waits || scheduled_ || std::exchange(finishing_, true)) return;
  phase_ = Phase::Closed;
  timer_->stop();
  facts_.ended = worker_.clock().monotonic();
  TSContDestroy(std::exchange(continuation_, nullptr));
  chain_.finish();
}

void TcpConnection::on_plugins_finished() {
  finished_ = true;
  if (working_) return;
  // Not from inside of the plugin's own call.
  worker_.post([alive = alive()] {
    if (auto* connection = static_cast<TcpConnection*>(*alive)) delete connection;
  });
}

void TcpConnection::enter(Phase phase) {
  phase_ = phase;
  last_activity_ = worker_.clock().monotonic();
  if (const Milliseconds patience = this->patience(); patience.count() > 0) {
    timer_->start(patience);
  } else {
    timer_->stop();
  }
  wake();
}

Milliseconds TcpConnection::patience() const {
  switch (phase_) {
    case Phase::Connecting:
      return listener_.port().connect_timeout;
    case Phase::Ending:
      return lingers_ ? kLinger : kLastWords;
    default:
      return is_before_gate() ? kHeaderPatience : listener_.port().idle_timeout;
  }
}

void TcpConnection::on_timer() {
  const auto idle = worker_.clock().monotonic() - last_activity_;
  const Milliseconds patience = this->patience();
  if (patience.count() == 0 || phase_ == Phase::Closed) return;
  if (idle < patience) {
    const auto left = std::chrono::duration_cast<Milliseconds>(patience - idle);
    return timer_->start(left + Milliseconds(1));
  }
  if (phase_ == Phase::Connecting) {
    upstream_.connection.close();
    upstream_.existed = false;
    return on_dial_failed("connect to " + listener_.upstream() + ": timed out");
  }
  if (phase_ == Phase::Ending) {
    client_.aborted = upstream_.aborted = true;
    again_ = true;
    return;
  }
  listener_.stats().idle_timeouts.add(1);
  end("idle timeout", ResponseFlag::StreamIdleTimeout, true);
}

runtime::PropertyValue TcpConnection::connection_attribute(runtime::Attribute attribute) const {
  return tcp_attribute(facts_, attribute);
}

}  // namespace weir::ats_plane
