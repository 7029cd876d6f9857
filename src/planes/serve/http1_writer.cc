#include "planes/serve/http1_writer.h"

#include <boost/beast/http/status.hpp>
#include <charconv>

#include "planes/common/field_rules.h"

namespace weir::serve {
namespace {

using Written = Http1Writer::Written;

bool has_no_body(int status) { return status == 204 || status == 304; }

// RFC 9110, section 8.6: a request of these methods says that it has no content.
bool may_have_content(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

void append_number(std::string& text, uint64_t number, int base) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number, base).ptr;
  text.append(digits, end);
}

}  // namespace

std::string_view reason_phrase(int status) {
  if (status == 103) return "Early Hints";  // unknown to Beast
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  if (known == boost::beast::http::status::unknown) return {};
  const auto reason = boost::beast::http::obsolete_reason(known);
  return {reason.data(), reason.size()};
}

bool is_upgrade(const HeaderList& headers) {
  return headers.find("upgrade") && headers.find("connection");
}

Written Http1Writer::request(const HeaderList& headers, EndOfStream end) {
  const auto method = headers.find(":method");
  const bool is_connect = method == "CONNECT";
  const auto path = headers.find(is_connect ? ":authority" : ":path");
  const auto authority = headers.find(":authority");
  if (!method || !planes::is_valid_name(*method) || !path || !planes::is_valid_target(*path)) {
    return Written::Refused;
  }
  if (authority && !planes::is_valid_target(*authority)) return Written::Refused;

  head_.clear();
  head_.append(*method).append(" ").append(*path).append(" HTTP/1.1\r\n");
  write_field("host", authority.value_or(""));

  const auto length = planes::declared_length(headers);
  framing_ = Framing::NoBody;
  if (is_connect || is_upgrade(headers)) {
    framing_ = Framing::Tunnel;
    write_upgrade(headers);
  } else if (end == EndOfStream::Yes) {
    if (may_have_content(*method)) write_field("content-length", "0");
  } else {
    framing_ = length ? Framing::Length : Framing::Chunked;
    remaining_ = length.value_or(0);
    write_framing();
  }
  if (headers.find("te") == "trailers") head_.append("te: trailers\r\nconnection: te\r\n");
  write_fields(headers);
  flush_head();
  return Written::Ok;
}

Written Http1Writer::response(const HeaderList& headers, EndOfStream end, ResponseTo to) {
  const auto status = planes::status_of(headers);
  const bool switches = to.upgrade && status == 101;
  if (!status || (*status < 200 && !switches)) return Written::Refused;

  head_.assign("HTTP/1.1 ");
  append_number(head_, static_cast<uint64_t>(*status), 10);
  head_.append(" ").append(reason_phrase(*status)).append("\r\n");

  const auto length = planes::declared_length(headers);
  remaining_ = 0;
  const bool opens = to.connect && *status < 300;
  if (switches || opens) {
    framing_ = Framing::Tunnel;
    write_upgrade(headers);
    write_fields(headers);
    flush_head();
    return Written::Ok;
  }
  if (to.head || has_no_body(*status)) {
    // A length is that of the body which a GET would get.
    framing_ = Framing::NoBody;
    if (length && *status != 204) {
      remaining_ = *length;
      head_.append("content-length: ");
      append_number(head_, remaining_, 10);
      head_.append("\r\n");
    }
  } else if (length || end == EndOfStream::Yes) {
    framing_ = Framing::Length;
    remaining_ = end == EndOfStream::Yes ? 0 : *length;
    write_framing();
  } else {
    framing_ = to.http10 ? Framing::UntilClose : Framing::Chunked;
    write_framing();
  }
  if (!to.keep_alive || until_close()) {
    head_.append("connection: close\r\n");
  } else if (to.http10) {
    head_.append("connection: keep-alive\r\n");
  }
  write_fields(headers);
  flush_head();
  return Written::Ok;
}

void Http1Writer::interim(const HeaderList& headers) {
  const auto status = planes::status_of(headers);
  // 101 would hand the connection over to another protocol.
  if (!status || *status >= 200 || *status == 101) return;
  head_.assign("HTTP/1.1 ");
  append_number(head_, static_cast<uint64_t>(*status), 10);
  head_.append(" ").append(reason_phrase(*status)).append("\r\n");
  write_fields(headers);
  flush_head();
}

Written Http1Writer::data(Body data, EndOfStream end_of_stream) {
  switch (framing_) {
    case Framing::NoBody:
      break;
    case Framing::Length:
      if (data.size() > remaining_) return Written::Refused;
      remaining_ -= data.size();
      out_.append(std::move(data));
      break;
    case Framing::Chunked:
      if (data.empty()) break;
      head_.clear();
      append_number(head_, data.size(), 16);
      head_.append("\r\n");
      out_.append_copy(as_bytes(head_));
      out_.append(std::move(data));
      out_.append_copy(as_bytes("\r\n"));
      break;
    case Framing::UntilClose:
    case Framing::Tunnel:
      out_.append(std::move(data));
      break;
  }
  if (end_of_stream == EndOfStream::No) return Written::Ok;
  if (framing_ == Framing::Chunked) out_.append_copy(as_bytes("0\r\n\r\n"));
  return end();
}

Written Http1Writer::trailers(const HeaderList& trailers) {
  if (framing_ != Framing::Chunked) return end();
  head_.assign("0\r\n");
  for (size_t i = 0; i < trailers.count(); ++i) {
    if (planes::is_forbidden_in_trailers(trailers.name(i))) continue;
    write_field(trailers.name(i), trailers.value(i));
  }
  flush_head();
  return end();
}

Written Http1Writer::end() {
  return framing_ == Framing::Length && remaining_ > 0 ? Written::Refused : Written::Ok;
}

void Http1Writer::write_fields(const HeaderList& headers) {
  for (size_t i = 0; i < headers.count(); ++i) {
    const std::string_view name = headers.name(i);
    if (name.starts_with(':') || name == "content-length" || name == "host") continue;
    if (!planes::is_hop_by_hop(name)) write_field(name, headers.value(i));
  }
}

void Http1Writer::write_field(std::string_view name, std::string_view value) {
  if (!planes::is_valid_name(name) || !planes::is_valid_value(value)) {
    dropped_.add();
    return;
  }
  head_.append(name).append(": ").append(value).append("\r\n");
}

void Http1Writer::write_upgrade(const HeaderList& headers) {
  const auto protocol = headers.find("upgrade");
  if (!protocol) return;
  head_.append("connection: upgrade\r\n");
  write_field("upgrade", *protocol);
}

void Http1Writer::write_framing() {
  if (framing_ == Framing::Chunked) head_.append("transfer-encoding: chunked\r\n");
  if (framing_ != Framing::Length) return;
  head_.append("content-length: ");
  append_number(head_, remaining_, 10);
  head_.append("\r\n");
}

void Http1Writer::flush_head() {
  head_.append("\r\n");
  out_.append_copy(as_bytes(head_));
}

}  // namespace weir::serve
