#include "planes/serve/admin_server.h"

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "planes/serve/acceptor.h"
#include "planes/serve/listening_socket.h"
#include "planes/serve/net.h"

namespace weir::serve {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr Milliseconds kTimeout{30'000};
constexpr size_t kMaxRequestBytes = 64 * 1024;

using Stream = beast::basic_stream<asio::ip::tcp, Executor>;
using Request = http::request<http::empty_body>;

http::response<http::string_body> make_response(const Request& request, AdminReply reply) {
  http::response<http::string_body> response(static_cast<http::status>(reply.status),
                                             request.version());
  response.set(http::field::content_type, reply.content_type);
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(request.keep_alive());
  response.content_length(reply.body.size());
  if (request.method() != http::verb::head) response.body() = std::move(reply.body);
  return response;
}

// One connection, kept alive by the operations under way on it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(TcpSocket socket, Admin& admin) : stream_(std::move(socket)), admin_(admin) {}

  void read() {
    request_ = {};
    stream_.expires_after(kTimeout);
    http::async_read(stream_, buffer_, request_,
                     [self = shared_from_this()](const error_code& error, size_t) {
                       if (!error) self->answer();
                     });
  }

 private:
  void answer() {
    const auto method = request_.method();
    if (method != http::verb::get && method != http::verb::head) {
      return write({.status = 405, .body = "only GET is served here\n"});
    }
    const std::string target(request_.target());
    admin_.answer(target,
                  [self = shared_from_this()](AdminReply reply) { self->write(std::move(reply)); });
  }

  void write(AdminReply reply) {
    response_ = make_response(request_, std::move(reply));
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const error_code& error, size_t) {
                        if (!error && self->response_.keep_alive()) self->read();
                      });
  }

  Stream stream_;
  Admin& admin_;
  beast::flat_buffer buffer_{kMaxRequestBytes};
  Request request_;
  http::response<http::string_body> response_;
};

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::make(asio::io_context& io,
                                                       const config::SocketAddress& address,
                                                       Descriptor socket, Admin& admin) {
  const auto failed = [&](Error error) {
    return std::move(error).in("admin " + to_string(address));
  };
  if (!socket.is_open()) {
    auto bound = bind_socket(address.host, address.port, false);
    if (!bound.ok()) return failed(std::move(bound).error());
    socket = std::move(bound).value();
  }
  auto acceptor = Acceptor::make(io, std::move(socket), [&admin](TcpSocket accepted) {
    std::make_shared<Session>(std::move(accepted), admin)->read();
  });
  if (!acceptor.ok()) return failed(std::move(acceptor).error());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(acceptor).value()));
}

AdminServer::AdminServer(std::unique_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {}

AdminServer::~AdminServer() = default;

Done AdminServer::start() { return acceptor_->start(); }

uint16_t AdminServer::port() const { return acceptor_->port(); }

Descriptor AdminServer::socket() const { return acceptor_->duplicate(); }

}  // namespace weir::serve
