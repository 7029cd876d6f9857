#include "planes/serve/http1_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>

#include "base/lower_case.h"
#include "planes/common/authority.h"
#include "planes/common/field_rules.h"

namespace weir::serve {
namespace {

namespace http = boost::beast::http;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Pseudo-headers do not count against the number of headers.
constexpr size_t kPseudoHeaders = 4;

// More names in Connection are no mistake. Each is a walk over all fields.
constexpr size_t kMaxNominated = 10;

// These frame the message: it would mean something else without them.
bool is_framing(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding";
}

// Says what becomes of the connection, and is no field's name.
bool is_connection_option(std::string_view name) {
  return name == "close" || name == "keep-alive" || name == "upgrade";
}

// Without these a request would seem to be for another host, or to come from somebody else.
bool must_not_be_nominated(std::string_view name) {
  return name.starts_with(':') || name == "host" || name == "x-forwarded-for" ||
         name == "x-forwarded-host" || name == "x-forwarded-proto";
}

bool is_forbidden_in_trailers(http::field field) {
  constexpr http::field kForbidden[] = {
      http::field::connection, http::field::content_length, http::field::expect,
      http::field::host,       http::field::keep_alive,     http::field::proxy_connection,
      http::field::te,         http::field::trailer,        http::field::transfer_encoding,
      http::field::upgrade};
  return std::ranges::find(kForbidden, field) != std::end(kForbidden);
}

// Whether a request line that was not understood ends as one of another version does.
bool tells_other_version(std::string_view line) {
  line = line.substr(0, line.find("\r\n"));
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  const auto is_digit = [&](size_t at) { return version[at] >= '0' && version[at] <= '9'; };
  return version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' && is_digit(5) &&
         is_digit(7) && version != "HTTP/1.0" && version != "HTTP/1.1";
}

// Whether the first line of a chunk ends within quotes. Beast would read on, up to other quotes,
// where others see the end of the line.
bool ends_in_quotes(std::string_view input) {
  if (input.starts_with("\r\n")) input.remove_prefix(2);  // of the chunk before
  bool quoted = false;
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] == '\r' || input[i] == '\n') return quoted;
    if (quoted && input[i] == '\\') {
      ++i;
    } else if (input[i] == '"') {
      quoted = !quoted;
    }
  }
  return false;
}

// Where a status line has no blank behind its status, the blank that is to be there (RFC 9112,
// section 4): servers that give no reason leave it out, too.
constexpr size_t kAfterStatus = std::string_view("HTTP/1.1 200").size();

bool lacks_blank(std::string_view head) {
  return head.size() > kAfterStatus && head[kAfterStatus] == '\r' && head.starts_with("HTTP/");
}

// Its whole head, if it is there, with that blank.
std::string mended_head(std::string_view head) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const size_t end = head.find(kEnd);
  if (end == std::string_view::npos) return {};
  std::string mended(head.substr(0, end + kEnd.size()));
  return mended.insert(kAfterStatus, 1, ' ');
}

void trim(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
}

// The next of a comma-separated list, which gets shorter by it.
std::string_view next_token(std::string_view& list) {
  std::string_view token = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), token.size() + 1));
  trim(token);
  return token;
}

// Whether TE says that trailers are welcome: all that a proxy passes on of it.
bool lists_trailers(std::string_view list) {
  while (!list.empty()) {
    if (abi::same_name(next_token(list), "trailers")) return true;
  }
  return false;
}

}  // namespace

template <Http1Message kKind>
Http1Parser<kKind>::Http1Parser(const Http1Limits& limits)
    : limits_(limits),
      headers_({.max_bytes = limits.max_header_bytes,
                .max_count = limits.max_header_count + kPseudoHeaders}),
      trailers_({.max_bytes = limits.max_header_bytes, .max_count = limits.max_header_count}) {
  Base::body_limit(boost::none);
  Base::header_limit(static_cast<uint32_t>(limits.max_header_bytes));
}

template <Http1Message kKind>
auto Http1Parser<kKind>::advance(ReadBuffer& input) -> State {
  input_ = &input;
  if (is_tunnel_ && state_ == State::Body) {
    if (!input.empty()) body_.append(input.slice_of(input.unread()));
    input.consume(input.unread().size());
    return state_;
  }
  while ((state_ == State::Head || state_ == State::Body) && !input.empty()) {
    const Bytes unread = input.unread();
    ErrorCode error;
    const size_t n = put(as_text(unread), error);
    input.consume(n);
    if (error == http::error::need_more) {
      if (unread.size() - n >= limits_.max_header_bytes) return fail(http::error::header_limit);
      // Of a body nothing but a chunk's first line, and trailers, are taken as a whole.
      if (state_ == State::Body && ends_in_quotes(as_text(input.unread()))) {
        return fail(http::error::bad_chunk_extension);
      }
      break;
    }
    if (error == http::error::bad_version && !tells_other_version(as_text(unread))) {
      return fail(400, "bad request line");
    }
    if (error) return fail(error);
    const bool was_head = state_ == State::Head;
    state_ = Base::is_done() ? State::Complete : head_done_ ? State::Body : State::Head;
    if (was_head && is_tunnel_) state_ = State::Body;
    if (was_head && state_ != State::Head) break;
  }
  return state_;
}

// How many of the bytes it has taken.
template <Http1Message kKind>
size_t Http1Parser<kKind>::put(std::string_view unread, ErrorCode& error) {
  const auto parse = [&](std::string_view text) {
    parsed_ = text;
    return Base::put(boost::asio::const_buffer(text.data(), text.size()), error);
  };
  if (kKind == Http1Message::Response && state_ == State::Head && lacks_blank(unread)) {
    const std::string mended = mended_head(unread);
    if (!mended.empty()) {
      const size_t n = parse(mended);
      return n > kAfterStatus ? n - 1 : n;
    }
  }
  return parse(unread);
}

template <Http1Message kKind>
auto Http1Parser<kKind>::end_of_input() -> State {
  if (state_ == State::Complete || state_ == State::Failed) return state_;
  if (is_tunnel_) return state_ = State::Complete;
  ErrorCode error = http::error::partial_message;
  if (state_ == State::Body) Base::put_eof(error);
  if (error) return fail(error);
  return state_ = State::Complete;
}

template <Http1Message kKind>
std::optional<uint64_t> Http1Parser<kKind>::body_left() const {
  if (state_ == State::Complete) return 0;
  if (state_ != State::Body || is_tunnel_) return std::nullopt;
  const auto left = Base::content_length_remaining();
  if (!left) return std::nullopt;
  return *left;
}

template <Http1Message kKind>
void Http1Parser<kKind>::on_request_impl(http::verb, Text method, Text target, int version,
                                         ErrorCode& error) {
  headers_.reserve(kUsualHeaderBytes, kUsualHeaderCount);
  version_ = version;
  is_head_request_ = method == "HEAD";
  if (method == "CONNECT") return take_connect(view(target), error);
  if (!headers_.add(":method", view(method))) return refuse(431, "method too long", error);
  take_target(view(target), error);
}

template <Http1Message kKind>
void Http1Parser<kKind>::on_response_impl(int status, Text, int version, ErrorCode& error) {
  headers_.reserve(kUsualHeaderBytes, kUsualHeaderCount);
  version_ = version;
  status_ = status;
  if (status < 100) return refuse(502, "bad status", error);
  const char digits[] = {static_cast<char>('0' + status / 100),
                         static_cast<char>('0' + status / 10 % 10),
                         static_cast<char>('0' + status % 10)};
  if (!headers_.add(":status", {digits, sizeof digits})) refuse(502, "no room", error);
}

// RFC 9110, section 9.3.6: there is an authority, and no path.
template <Http1Message kKind>
void Http1Parser<kKind>::take_connect(std::string_view target, ErrorCode& error) {
  if (version_ == 10 || !allows("connect")) {
    return refuse(501, "CONNECT is not supported", error);
  }
  const auto authority = planes::parse_authority(target);
  if (!authority || authority->port.empty()) return refuse(400, "bad request target", error);
  is_connect_ = true;
  absolute_target_ = true;  // Host has nothing to add
  if (!headers_.add(":method", "CONNECT") || !headers_.add(":authority", target)) {
    refuse(431, "request target too long", error);
  }
}

// RFC 9112, section 3.2.
template <Http1Message kKind>
void Http1Parser<kKind>::take_target(std::string_view target, ErrorCode& error) {
  std::string_view path = target;
  std::string_view authority;
  if (target.find('#') != std::string_view::npos) {
    return refuse(400, "fragment in request target", error);
  }
  if (!planes::is_strict_target(target)) return refuse(400, "bad request target", error);
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  std::string_view scheme = limits_.scheme;
  // RFC 9112, section 3.2.4: it is the server as a whole, of which there is nothing but options.
  if (target == "*" && headers_.find(":method") != "OPTIONS") {
    return refuse(400, "bad request target", error);
  }
  if (target != "*" && !target.starts_with('/')) {
    const auto is = [&](std::string_view prefix) {
      return abi::same_name(target.substr(0, prefix.size()), prefix);
    };
    scheme = is(kHttps) ? "https" : "http";
    if (!is(kHttp) && !is(kHttps)) return refuse(400, "bad request target", error);
    if (limits_.refuses_https && scheme == "https") {
      return refuse(403, "https in the clear", error);
    }
    path.remove_prefix(scheme.size() + 3);
    authority = path.substr(0, path.find_first_of("/?"));
    path.remove_prefix(authority.size());
    if (!planes::parse_authority(authority)) return refuse(400, "bad authority", error);
    absolute_target_ = true;
  }
  std::string with_root;
  if (path.empty() || path.front() == '?') path = with_root = "/" + std::string(path);
  const bool fits = headers_.add(":path", path) && headers_.add(":scheme", scheme) &&
                    headers_.add(":authority", authority);
  if (!fits) refuse(431, "request target too long", error);
}

template <Http1Message kKind>
void Http1Parser<kKind>::on_field_impl(Field field, Text name, Text value, ErrorCode& error) {
  // Only blanks may lie between the colon and the value, which lies in the input: otherwise the
  // line was folded (RFC 9112, section 5.2).
  const char* const start = name.data() + name.size() + 1;
  const bool in_input =
      value.data() >= start && value.data() + value.size() <= parsed_.data() + parsed_.size();
  if (!in_input || std::find(start, value.data(), '\r') != value.data()) {
    return refuse(400, "folded header line", error);
  }
  if (head_done_) {
    if (!is_forbidden_in_trailers(field)) take_field(view(name), view(value), error);
    return;
  }

  switch (field) {
    case Field::host:
      if constexpr (kKind == Http1Message::Request) return take_host(view(value), error);
      break;
    case Field::content_length:
      // Beast allows a list of equal lengths; not everyone reads that the same way.
      if (has_length_ || !planes::parse_length(view(value))) {
        return refuse(400, "bad content-length", error);
      }
      has_length_ = has_body_ = true;
      break;
    case Field::transfer_encoding:
      if (version_ == 10) return refuse(400, "transfer-encoding in HTTP/1.0", error);
      if (!abi::same_name(view(value), "chunked")) {
        return refuse(501, "transfer-encoding other than chunked", error);
      }
      has_body_ = true;
      return;
    case Field::connection:
      if (!nominated_.empty()) nominated_ += ',';
      nominated_ += view(value);
      return;
    case Field::te:
      takes_trailers_ |= lists_trailers(view(value));
      return;
    case Field::keep_alive:
    case Field::proxy_connection:
      return;
    case Field::upgrade:
      if (!upgrade_.empty()) upgrade_ += ',';
      upgrade_ += view(value);
      return;
    case Field::expect:
      if (abi::same_name(view(value), "100-continue")) expects_continue_ = version_ == 11;
      break;
    default:
      break;
  }
  take_field(view(name), view(value), error);
}

template <Http1Message kKind>
void Http1Parser<kKind>::take_field(std::string_view name, std::string_view value,
                                    ErrorCode& error) {
  HeaderList& list = head_done_ ? trailers_ : headers_;
  if (!list.add(name, value)) return refuse(431, "headers too large", error);
}

template <Http1Message kKind>
void Http1Parser<kKind>::take_host(std::string_view value, ErrorCode& error) {
  if (has_host_) return refuse(400, "more than one host", error);
  has_host_ = true;
  if (!planes::parse_authority(value)) return refuse(400, "bad host", error);
  // An absolute target says it better (RFC 9112, section 3.2.2).
  if (absolute_target_) return;
  if (!headers_.replace(":authority", value)) refuse(431, "headers too large", error);
}

template <Http1Message kKind>
void Http1Parser<kKind>::on_header_impl(ErrorCode& error) {
  head_done_ = true;
  if (!nominated_.empty()) remove_nominated(error);
  if (error) return;
  if (takes_trailers_ && !headers_.add("te", "trailers")) {
    return refuse(431, "headers too large", error);
  }
  if (is_connect_ && has_body_) return refuse(400, "CONNECT with a body", error);
  if (is_connect_) is_tunnel_ = true;
  if (!upgrade_.empty()) take_upgrade(error);
  if (error) return;
  if constexpr (kKind == Http1Message::Request) {
    if (has_host_) return;
    if (version_ == 11) return refuse(400, "no host", error);
    if (!absolute_target_) headers_.remove(":authority");
  }
}

template <Http1Message kKind>
bool Http1Parser<kKind>::allows(std::string_view protocol) const {
  return std::ranges::any_of(limits_.upgrades, [&](const std::string& allowed) {
    return abi::same_name(allowed, protocol);
  });
}

// Of a request that may switch, and of the response that does, the two fields stay: they say what
// is spoken from there on. A request with a body of its own is answered as any other, and so is one
// that leaves a choice.
template <Http1Message kKind>
void Http1Parser<kKind>::take_upgrade(ErrorCode& error) {
  bool nominated = false;
  for (std::string_view rest = nominated_; !rest.empty();) {
    nominated |= abi::same_name(next_token(rest), "upgrade");
  }
  if (!nominated || version_ == 10) return;
  if constexpr (kKind == Http1Message::Request) {
    if (has_body_ || is_connect_ || !allows(upgrade_)) return;
    is_tunnel_ = true;
  } else if (status_ != 101) {
    return;
  }
  if (!headers_.add("connection", "upgrade") || !headers_.add("upgrade", upgrade_)) {
    refuse(431, "headers too large", error);
  }
}

// Data that would not fit into 63 bits cannot be meant, and others count in signed numbers.
template <Http1Message kKind>
void Http1Parser<kKind>::on_chunk_header_impl(uint64_t size, Text extensions, ErrorCode& error) {
  if (size >> 63 != 0) return refuse(400, "bad chunk", error);
  // Beast takes anything in quotes.
  if (!planes::is_valid_value(view(extensions))) refuse(400, "bad chunk", error);
}

template <Http1Message kKind>
void Http1Parser<kKind>::become_tunnel() {
  is_tunnel_ = true;
  state_ = State::Body;
}

template <Http1Message kKind>
size_t Http1Parser<kKind>::on_body_impl(Text text, ErrorCode&) {
  body_.append(input_->slice_of(as_bytes(view(text))));
  return text.size();
}

template <Http1Message kKind>
size_t Http1Parser<kKind>::on_chunk_body_impl(uint64_t, Text text, ErrorCode& error) {
  return on_body_impl(text, error);
}

// RFC 9110, section 7.6.1: what is named there is for this hop alone. What a proxy before this one
// has said of the client, a client must not be able to have removed.
template <Http1Message kKind>
void Http1Parser<kKind>::remove_nominated(ErrorCode& error) {
  std::string_view rest = nominated_;
  size_t count = 0;
  while (!rest.empty()) {
    const std::string_view token = next_token(rest);
    if (token.empty()) continue;
    if (++count > kMaxNominated) return refuse(400, "connection names too many fields", error);
    const std::string lower = lower_case(token);
    if constexpr (kKind == Http1Message::Request) {
      if (must_not_be_nominated(lower)) {
        return refuse(400, "connection names what is for all", error);
      }
    }
    if (!is_framing(lower) && !is_connection_option(lower)) headers_.remove(lower);
  }
}

template <Http1Message kKind>
void Http1Parser<kKind>::refuse(int status, std::string_view reason, ErrorCode& error) {
  failure_ = {.status = status, .reason = reason};
  error = http::error::bad_field;
}

template <Http1Message kKind>
auto Http1Parser<kKind>::fail(int status, std::string_view reason) -> State {
  failure_ = {.status = status, .reason = reason};
  return state_ = State::Failed;
}

template <Http1Message kKind>
auto Http1Parser<kKind>::fail(const ErrorCode& error) -> State {
  if (!failure_.reason.empty()) return state_ = State::Failed;
  switch (static_cast<http::error>(error.value())) {
    case http::error::header_limit:
      return fail(431, "headers too large");
    case http::error::bad_version:
      return fail(505, "bad HTTP version");
    case http::error::bad_method:
      return fail(400, "bad method");
    case http::error::bad_target:
      return fail(400, "bad request target");
    case http::error::bad_field:
      return fail(400, "bad header name");
    case http::error::bad_value:
    case http::error::bad_line_ending:
      return fail(400, "bad header value");
    case http::error::bad_content_length:
    case http::error::multiple_content_length:
      return fail(400, "bad content-length");
    case http::error::bad_transfer_encoding:
      return fail(400, "conflicting message lengths");
    case http::error::bad_chunk:
    case http::error::bad_chunk_extension:
      return fail(400, "bad chunk");
    case http::error::partial_message:
      return fail(400, "message ended early");
    default:
      return fail(400, "bad message");
  }
}

template class Http1Parser<Http1Message::Request>;
template class Http1Parser<Http1Message::Response>;

}  // namespace weir::serve
