#include "planes/serve/admin_server.h"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

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

// Kept alive by the operation under way.
class AdminServer::Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(asio::io_context& io, Admin& admin) : acceptor_(io), admin_(admin) {}

  Done open(const config::SocketAddress& address) {
    const auto failed = [&](const error_code& error) {
      return Error{ErrorCode::Io, "admin " + to_string(address) + ": " + error.message()};
    };
    error_code error;
    const auto ip = asio::ip::make_address(address.host, error);
    if (error) return failed(error);
    const asio::ip::tcp::endpoint endpoint(ip, address.port);
    acceptor_.open(endpoint.protocol(), error);
    if (error) return failed(error);
    acceptor_.set_option(TcpAcceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed(error);
    return Unit{};
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](const error_code& error, TcpSocket socket) {
      if (!self->acceptor_.is_open()) return;
      if (!error) std::make_shared<Session>(std::move(socket), self->admin_)->read();
      self->accept();
    });
  }

  void close() {
    error_code ignored;
    acceptor_.close(ignored);
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  TcpAcceptor acceptor_;
  Admin& admin_;
};

Result<std::unique_ptr<AdminServer>> AdminServer::make(asio::io_context& io,
                                                       const config::SocketAddress& address,
                                                       Admin& admin) {
  auto acceptor = std::make_shared<Acceptor>(io, admin);
  WEIR_TRY(acceptor->open(address));
  acceptor->accept();
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(acceptor)));
}

AdminServer::AdminServer(std::shared_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {}

AdminServer::~AdminServer() { acceptor_->close(); }

uint16_t AdminServer::port() const { return acceptor_->port(); }

}  // namespace weir::serve
