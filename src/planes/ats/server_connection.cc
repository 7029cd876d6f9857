#include "planes/ats/server_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "planes/ats/io_buffer.h"

namespace weir::ats_plane {
namespace {

// The server tells of a reset as it tells of an end (TSVConnRead); the socket knows better. False
// where it does not know any more.
bool was_reset(TSVConn connection) {
  tcp_info info{};
  socklen_t size = sizeof info;
  const int socket = TSVConnFdGet(connection);
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_state == TCP_CLOSE;
}

}  // namespace

ServerConnection::~ServerConnection() { close(); }

void ServerConnection::open(TSVConn connection, TSCont continuation, Kind kind) {
  connection_ = connection;
  kind_ = kind;
  input_ = TSIOBufferCreate();
  input_reader_ = TSIOBufferReaderAlloc(input_);
  output_ = TSIOBufferCreate();
  output_reader_ = TSIOBufferReaderAlloc(output_);
  read_ = TSVConnRead(connection, continuation, input_, INT64_MAX);
  write_ = TSVConnWrite(connection, continuation, output_reader_, INT64_MAX);
}

bool ServerConnection::note(TSEvent event, void* data) {
  if (connection_ == nullptr || data == nullptr || (data != read_ && data != write_)) return false;
  switch (event) {
    case TS_EVENT_VCONN_READ_READY:
      break;
    case TS_EVENT_VCONN_READ_COMPLETE:
    case TS_EVENT_VCONN_EOS:
      last_input_ = true;
      // Where we have ended before, both have, and the socket is closed either way.
      if (kind_ != Kind::Http && !output_ended_ && was_reset(connection_)) broken_ = true;
      break;
    case TS_EVENT_VCONN_WRITE_READY:
    case TS_EVENT_VCONN_WRITE_COMPLETE:
      writable_ = true;
      break;
    default:  // errors, and time-outs of the server's own
      broken_ = true;
      break;
  }
  return true;
}

serve::Body ServerConnection::take_input() {
  serve::Body body;
  if (connection_ == nullptr || input_ended_) return body;
  const int64_t taken = take_bytes(
      input_reader_, INT64_MAX, [&](std::string_view bytes) { body.append_copy(as_bytes(bytes)); });
  if (last_input_) {
    input_ended_ = true;
  } else if (taken > 0) {
    TSVIOReenable(read_);
  }
  return body;
}

void ServerConnection::send(serve::Body data, abi::EndOfStream end) {
  unsent_.append(std::move(data));
  if (end == abi::EndOfStream::Yes) end_wanted_ = true;
}

uint64_t ServerConnection::backlog() const {
  uint64_t waiting = unsent_.size();
  if (write_ != nullptr) waiting += static_cast<uint64_t>(TSIOBufferReaderAvail(output_reader_));
  return waiting;
}

void ServerConnection::flush() {
  if (write_ == nullptr || broken_) return;
  bool changed = false;
  while (!unsent_.empty()) {
    const serve::Slice piece = unsent_.take_front(SIZE_MAX);
    const std::string_view bytes = as_text(piece.bytes());
    TSIOBufferWrite(output_, bytes.data(), static_cast<int64_t>(bytes.size()));
    written_ += static_cast<int64_t>(bytes.size());
    changed = true;
  }
  if (end_wanted_) {
    if (TSVIONDoneGet(write_) >= written_) return end_output();
    if (!std::exchange(end_told_, true)) TSVIONBytesSet(write_, written_);
  }
  if (changed) TSVIOReenable(write_);
}

void ServerConnection::end_output() {
  output_ended_ = true;
  write_ = nullptr;
  // TLS ends both ways at once, when the connection is closed: the server sends no close_notify
  // before.
  if (kind_ != Kind::Tls) TSVConnShutdown(connection_, 0, 1);
}

void ServerConnection::close() {
  if (connection_ == nullptr) return;
  // From outside of the connection's own events the server closes the socket at its next round,
  // which the shutdown brings about.
  if (kind_ == Kind::Socket) TSVConnShutdown(connection_, 1, 1);
  TSVConnClose(std::exchange(connection_, nullptr));
  read_ = write_ = nullptr;
  TSIOBufferReaderFree(input_reader_);
  TSIOBufferDestroy(input_);
  TSIOBufferReaderFree(output_reader_);
  TSIOBufferDestroy(output_);
  static_cast<void>(unsent_.take_all());
}

}  // namespace weir::ats_plane
