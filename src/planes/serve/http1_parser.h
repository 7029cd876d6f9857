#pragma once
// Reads one HTTP/1 message: Beast's grammar, held to the stricter rules that keep two servers from
// reading the same bytes differently (RFC 9112, section 11.2), and turned into the proxy's form:
// pseudo-headers, lower case, no hop-by-hop fields, trailers apart from headers.

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "planes/serve/body.h"
#include "planes/serve/message.h"
#include "planes/serve/read_buffer.h"

namespace weir::serve {

struct Http1Limits {
  size_t max_header_bytes = 64 * 1024;  // also of trailers, and of a chunk's first line
  size_t max_header_count = 128;
  // What a request may ask to switch to, see ListenerOptions; others are not heard. Outlives the
  // parser.
  std::span<const std::string> upgrades = {};
  std::string_view scheme = "http";  // of requests that do not say
  bool refuses_https = false;        // of those who do
};

enum class Http1Message : bool { Response, Request };

// Thread: its connection's.
template <Http1Message kKind>
class Http1Parser final : private boost::beast::http::basic_parser<kKind == Http1Message::Request> {
  using Base = boost::beast::http::basic_parser<kKind == Http1Message::Request>;

 public:
  // Why a message is not taken, and the status that tells a client so.
  struct Failure {
    int status = 400;
    std::string_view reason;
  };

  enum class State : uint8_t { Head, Body, Complete, Failed };

  explicit Http1Parser(const Http1Limits& limits);

  // The message has no body whatever its headers say: the response to a HEAD request.
  void expect_no_body() { Base::skip(true); }

  // What follows the head is of another protocol, until the connection ends: all of it is body.
  // Only where the head has just become complete; a request that may switch does so by itself.
  void become_tunnel();
  bool is_tunnel() const { return is_tunnel_; }
  bool is_connect() const { return is_connect_; }

  // Consumes input up to the end of the message. Returns early when the head becomes complete.
  State advance(ReadBuffer& input);
  // The peer has closed in order: the end of a body without a length.
  State end_of_input();

  State state() const { return state_; }
  const Failure& failure() const { return failure_; }
  bool started() const { return Base::got_some(); }

  // From the end of the head on.
  HeaderList take_headers() { return std::move(headers_); }
  int status() const { return status_; }  // responses
  bool keep_alive() const { return Base::keep_alive(); }
  bool is_http10() const { return version_ == 10; }
  bool implies_scheme() const { return !absolute_target_; }
  bool is_head_request() const { return is_head_request_; }
  bool expects_continue() const { return expects_continue_; }

  // How many bytes of the body are still to be parsed, where its head has told.
  std::optional<uint64_t> body_left() const;

  // The body bytes seen since the last call.
  Body take_body() { return body_.take_all(); }
  HeaderList take_trailers() { return std::move(trailers_); }

 private:
  using ErrorCode = boost::beast::error_code;
  using Text = boost::beast::string_view;
  using Field = boost::beast::http::field;

  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version,
                       ErrorCode&) override;
  void on_response_impl(int status, Text reason, int version, ErrorCode&) override;
  void on_field_impl(Field, Text name, Text value, ErrorCode&) override;
  void on_header_impl(ErrorCode&) override;
  void on_body_init_impl(const boost::optional<uint64_t>&, ErrorCode&) override {}
  size_t on_body_impl(Text, ErrorCode&) override;
  void on_chunk_header_impl(uint64_t size, Text extensions, ErrorCode&) override;
  size_t on_chunk_body_impl(uint64_t, Text, ErrorCode&) override;
  void on_finish_impl(ErrorCode&) override {}

  size_t put(std::string_view unread, ErrorCode&);
  void take_connect(std::string_view target, ErrorCode&);
  void take_target(std::string_view target, ErrorCode&);
  void take_host(std::string_view value, ErrorCode&);
  void take_field(std::string_view name, std::string_view value, ErrorCode&);
  void remove_nominated(ErrorCode& error);
  void take_upgrade(ErrorCode&);
  bool allows(std::string_view protocol) const;
  void refuse(int status, std::string_view reason, ErrorCode&);
  State fail(int status, std::string_view reason);
  State fail(const ErrorCode&);

  const Http1Limits limits_;
  State state_ = State::Head;
  Failure failure_;
  ReadBuffer* input_ = nullptr;  // inside advance()
  std::string_view parsed_;      // inside put(): what Beast is looking at
  HeaderList headers_;
  HeaderList trailers_;
  Body body_;
  std::string nominated_;        // what Connection names, comma-separated
  std::string upgrade_;          // what Upgrade says, comma-separated
  bool takes_trailers_ = false;  // TE says so
  bool has_body_ = false;        // or may have one
  bool is_connect_ = false;
  bool is_tunnel_ = false;
  int version_ = 11;
  int status_ = 0;
  bool head_done_ = false;
  bool absolute_target_ = false;
  bool has_host_ = false;
  bool has_length_ = false;
  bool is_head_request_ = false;
  bool expects_continue_ = false;
};

using Http1RequestParser = Http1Parser<Http1Message::Request>;
using Http1ResponseParser = Http1Parser<Http1Message::Response>;

}  // namespace weir::serve
