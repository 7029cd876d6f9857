#include "planes/serve/acceptor.h"

#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/error.hpp>

namespace weir::serve {
namespace {

using asio::ip::tcp;

// How long to wait when the process has no file descriptor left.
constexpr Milliseconds kPause{100};

// More than a backlog holds.
constexpr int kMostWaiting = 8192;

Error failed(const char* doing, const error_code& error) {
  return Error{ErrorCode::Io, std::string(doing) + ": " + error.message()};
}

}  // namespace

Acceptor::Acceptor(asio::io_context& io, OnAccept on_accept)
    : acceptor_(io), pause_(io), on_accept_(std::move(on_accept)) {}

Result<std::unique_ptr<Acceptor>> Acceptor::make(asio::io_context& io, Descriptor socket,
                                                 OnAccept on_accept) {
  auto acceptor = std::make_unique<Acceptor>(io, std::move(on_accept));
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failed("getsockname", error_code(errno, boost::system::system_category()));
  }
  error_code error;
  acceptor->acceptor_.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket.number(),
                             error);
  if (error) return failed("use", error);
  static_cast<void>(socket.take());
  return acceptor;
}

Done Acceptor::start() {
  error_code error;
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen", error);
  acceptor_.non_blocking(true, error);
  if (error) return failed("listen", error);
  started_ = true;
  accept();
  return Unit{};
}

void Acceptor::accept() {
  acceptor_.async_accept([self = std::weak_ptr(self_)](const error_code& error, TcpSocket socket) {
    if (const auto alive = self.lock()) (*alive)->on_accepted(error, std::move(socket));
  });
}

void Acceptor::on_accepted(const error_code& error, TcpSocket socket) {
  if (!error) on_accept_(std::move(socket));
  if (!acceptor_.is_open()) return;
  if (error != asio::error::no_descriptors && error != asio::error::no_memory) return accept();
  pause_.expires_after(kPause);
  pause_.async_wait([self = std::weak_ptr(self_)](const error_code&) {
    const auto alive = self.lock();
    if (alive && (*alive)->acceptor_.is_open()) (*alive)->accept();
  });
}

void Acceptor::leave_out_newcomers() {
  if (!started_ || !acceptor_.is_open()) return;
  // What a packet starts with is the header of TCP, whose flags are its fourteenth byte.
  constexpr uint32_t kFlagsAt = 13;
  constexpr uint32_t kWholePacket = UINT32_MAX;
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsAt),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_SYN, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, kWholePacket),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  // Where the system does not have it, whoever is about to connect may be lost, as ever.
  leaves_out_ = ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &filter,
                             sizeof filter) == 0;
}

void Acceptor::take_waiting() {
  if (!started_) return;
  for (int i = 0; i < kMostWaiting && acceptor_.is_open(); ++i) {
    TcpSocket socket(acceptor_.get_executor());
    error_code error;
    acceptor_.accept(socket, error);
    // One that has given up while it waited is no reason to leave the others.
    if (error == asio::error::connection_aborted) continue;
    if (error) return;
    on_accept_(std::move(socket));
  }
}

void Acceptor::close() {
  if (!acceptor_.is_open()) return;
  if (leaves_out_) {
    // Others that have the socket are to have newcomers.
    const int ignored = 0;
    ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored);
  }
  // Where others have the socket, closing it does not take it out of this loop's epoll; release()
  // does.
  error_code error;
  const int descriptor = acceptor_.release(error);
  if (!error) ::close(descriptor);
}

}  // namespace weir::serve
