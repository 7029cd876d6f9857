#include "scenario/tcp_connection.h"

#include <utility>

#include "abi/call_text.h"

namespace weir::scenario {
namespace {

using runtime::Direction;

Direction direction_from(Side side) {
  return side == Side::Downstream ? Direction::Request : Direction::Response;
}
Side side_of(Direction direction) {
  return direction == Direction::Request ? Side::Downstream : Side::Upstream;
}
Side other(Side side) { return side == Side::Downstream ? Side::Upstream : Side::Downstream; }

std::string name_of(Side side) { return side == Side::Downstream ? "downstream" : "upstream"; }

}  // namespace

// A call into the connection, from outside or from the plugin.
class TcpConnection::Turn {
 public:
  explicit Turn(TcpConnection& connection) : connection_(connection) { ++connection_.depth_; }
  ~Turn() {
    if (connection_.depth_ == 1) connection_.settle();
    --connection_.depth_;
  }

 private:
  TcpConnection& connection_;
};

TcpConnection::TcpConnection(const Parts& parts)
    : parts_(parts), attributes_(parts.world, parts.properties) {
  const Turn turn(*this);
  context_ = parts_.plugin.make_network_context(*this);
  // As in Envoy a plugin that does not let a connection in still hears of its bytes.
  if (in_service_ && context_->on_new_connection() == abi::NetworkAction::StopIteration) {
    end_of(Side::Downstream).stopped = true;
  }
}

TcpConnection::~TcpConnection() {
  ++depth_;
  context_.reset();
}

void TcpConnection::bytes(Side from, std::string_view bytes) {
  const Turn turn(*this);
  if (!end_of(from).open || finishing_) return;
  end_of(from).held.append(bytes);
  tell(from);
}

void TcpConnection::close_from(Side side) {
  const Turn turn(*this);
  if (!end_of(side).open || finishing_) return;
  end_of(side).ended = true;
  tell(side);
  shut(side, abi::PeerType::Remote);
}

void TcpConnection::finish() {
  const Turn turn(*this);
  if (std::exchange(finishing_, true)) return;
  for (const Side side : {Side::Downstream, Side::Upstream}) shut(side, abi::PeerType::Remote);
  if (!context_->finish()) parts_.journal.add_line("the plugin finishes the connection later");
}

void TcpConnection::tell(Side from) {
  End& end = end_of(from);
  auto action = abi::NetworkAction::Continue;
  if (in_service_) {
    end.in_callback = true;
    action = context_->on_data(direction_from(from),
                               end.ended ? abi::EndOfStream::Yes : abi::EndOfStream::No);
    end.in_callback = false;
  }
  if (action == abi::NetworkAction::Continue) return pass(from);
  end.stopped = true;
}

void TcpConnection::pass(Side from) {
  End& end = end_of(from);
  end.stopped = false;
  const std::string bytes = end.held.take();
  if (!bytes.empty()) {
    parts_.journal.add_line("to " + name_of(other(from)) + " " +
                            abi::quoted_bytes(as_bytes(bytes)));
  }
  if (end_of(other(from)).open) end_of(other(from)).passed += bytes;
}

void TcpConnection::shut(Side side, abi::PeerType by) {
  if (!std::exchange(end_of(side).open, false)) return;
  if (in_service_) context_->on_close(direction_from(side), by);
}

abi::Buffer* TcpConnection::data(Direction direction) {
  End& end = end_of(side_of(direction));
  return end.in_callback || (end.stopped && !end.held.empty()) ? &end.held : nullptr;
}

void TcpConnection::resume(Direction direction) {
  const Turn turn(*this);
  end_of(side_of(direction)).resumed = true;
}

void TcpConnection::close(Direction direction) {
  const Turn turn(*this);
  end_of(side_of(direction)).close_wanted = true;
}

void TcpConnection::fail(std::string_view) {
  const Turn turn(*this);
  in_service_ = false;
  parts_.journal.add_line("the plugin has failed, and its policy is to fail closed");
  for (End& end : ends_) end.close_wanted = true;
}

void TcpConnection::settle() {
  while (settle_one()) {
  }
}

bool TcpConnection::settle_one() {
  if (finishing_) return false;
  for (const Side side : {Side::Downstream, Side::Upstream}) {
    End& end = end_of(side);
    if (std::exchange(end.close_wanted, false) && end.open) {
      parts_.journal.add_line("close " + name_of(side));
      closed_.push_back(side);
      shut(side, abi::PeerType::Local);
      return true;
    }
    if (std::exchange(end.resumed, false) && end.stopped) {
      pass(side);
      return true;
    }
  }
  return false;
}

}  // namespace weir::scenario
