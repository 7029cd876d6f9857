#include "scenario/http_exchange.h"

#include <charconv>

#include "abi/call_text.h"

namespace weir::scenario {

using abi::MapType;
using runtime::Attribute;

// A call into the exchange, from outside or from the plugin.
class HttpExchange::Turn {
 public:
  explicit Turn(HttpExchange& exchange) : exchange_(exchange) { ++exchange_.depth_; }
  ~Turn() {
    if (exchange_.depth_ == 1) exchange_.settle();
    --exchange_.depth_;
  }

 private:
  HttpExchange& exchange_;
};

HttpExchange::HttpExchange(const Parts& parts)
    : parts_(parts),
      attributes_(parts.world, parts.step.properties),
      begin_(parts.clock.wall()),
      traits_(serve::RequestTraits::of(to_list(parts.step.request.headers))) {
  const Turn turn(*this);
  context_ = parts_.plugin.make_http_context(*this);
}

HttpExchange::~HttpExchange() {
  // The context may look at the exchange while it ends, and ask for what will not happen.
  ++depth_;
  context_.reset();
}

void HttpExchange::headers(Direction direction, const std::vector<Field>& fields,
                           abi::EndOfStream end) {
  const Turn turn(*this);
  flow(direction).headers(in_service(), to_list(fields), end);
}

void HttpExchange::data(Direction direction, std::string_view bytes, abi::EndOfStream end) {
  const Turn turn(*this);
  flow(direction).data(in_service(), bytes, end);
}

void HttpExchange::trailers(Direction direction, const std::vector<Field>& fields) {
  const Turn turn(*this);
  flow(direction).trailers(in_service(), to_list(fields));
}

void HttpExchange::finish() {
  const Turn turn(*this);
  end_ = parts_.clock.wall();
  request_.close();
  if (!response_.ended()) response_.close();
  finishing_ = true;
  if (!context_->finish()) parts_.journal.add_line("the plugin finishes the stream later");
}

bool HttpExchange::is_over(Direction direction) const {
  const HttpFlow& here = flow(direction);
  return reset_ || here.ended() || here.closed() ||
         (direction == Direction::Request && reply_.has_value());
}

runtime::PropertyValue HttpExchange::attribute(Attribute attribute) const {
  auto told = attributes_.find(attribute);
  if (!std::holds_alternative<std::monostate>(told)) return told;
  switch (attribute) {
    case Attribute::RequestTime:
      return runtime::Timestamp{begin_.count()};
    case Attribute::RequestDuration:
      if (!end_) return {};
      return runtime::Duration{(*end_ - begin_).count()};
    case Attribute::RequestProtocol:
      return std::string("HTTP/1.1");
    case Attribute::RequestSize:
      return static_cast<int64_t>(request_.bytes_in());
    case Attribute::RequestHeadersBytes:
      return static_cast<int64_t>(to_list(parts_.step.request.headers).byte_size());
    case Attribute::ResponseCode: {
      uint32_t status = 0;
      const std::string_view text = response_.header_list().find(":status").value_or("");
      const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), status);
      if (failed != std::errc() || end != text.data() + text.size()) return {};
      return int64_t{status};
    }
    case Attribute::ResponseCodeDetails:
      return details_;
    case Attribute::ResponseSize:
      return static_cast<int64_t>(response_.seen() ? response_.seen()->body().size() : 0);
    case Attribute::ConnectionMtls:
      return false;
    default:
      return {};
  }
}

abi::HeaderMap* HttpExchange::header_map(MapType type) {
  switch (type) {
    case MapType::RequestHeaders:
      return request_.header_map();
    case MapType::RequestTrailers:
      return request_.trailer_map();
    case MapType::ResponseHeaders:
      return response_.header_map();
    case MapType::ResponseTrailers:
      return response_.trailer_map();
    default:
      return nullptr;
  }
}

void HttpExchange::resume(Direction direction) {
  const Turn turn(*this);
  resumes_[static_cast<size_t>(direction)] = true;
}

bool HttpExchange::send_local_response(const runtime::LocalResponse& response) {
  const Turn turn(*this);
  if (!reply(serve::LocalReply(response))) return false;
  reply_ = SeenReply{response.status_code, std::string(response.details),
                     std::string(response.body), response.headers, response.grpc_status};
  parts_.journal.add_line("local reply " + std::to_string(response.status_code) + " " +
                          abi::quoted_bytes(as_bytes(response.body)) + " {" +
                          fields_text(response.headers) + "}");
  return true;
}

void HttpExchange::reset() {
  const Turn turn(*this);
  if (reset_ || finishing_) return;
  parts_.journal.add_line("reset");
  reset_ = true;
  pending_reply_.reset();
  request_.close();
  response_.close();
}

void HttpExchange::fail(std::string_view reason) {
  const Turn turn(*this);
  in_service_ = false;
  parts_.journal.add_line("the plugin has failed, and its policy is to fail closed");
  if (finishing_) return;
  if (response_.started()) return reset();
  static_cast<void>(reply(serve::LocalReply(503, "", std::string(reason))));
}

void HttpExchange::clear_route_cache() {
  parts_.journal.add_line("route cleared");
  route_cleared_ = true;
}

bool HttpExchange::reply(serve::LocalReply reply) {
  if (reset_ || finishing_ || pending_reply_ || response_.started()) return false;
  request_.close();
  if (response_.has_headers()) response_.close();
  pending_reply_ = std::move(reply);
  return true;
}

// As any response it passes the plugin, unless one was on its way already.
void HttpExchange::send_reply(serve::LocalReply reply) {
  details_ = reply.details;
  serve::LocalMessage message = serve::make_local_message(std::move(reply), traits_);
  if (response_.has_headers()) {
    return response_.bypass(std::move(message.headers), std::move(message.body));
  }
  const auto end = message.body.empty() ? abi::EndOfStream::Yes : abi::EndOfStream::No;
  response_.headers(in_service(), std::move(message.headers), end);
  if (!message.body.empty()) response_.data(in_service(), message.body, abi::EndOfStream::Yes);
}

void HttpExchange::settle() {
  while (settle_one()) {
  }
}

bool HttpExchange::settle_one() {
  if (reset_ || finishing_) return false;
  if (pending_reply_) {
    serve::LocalReply reply = std::move(*pending_reply_);
    pending_reply_.reset();
    send_reply(std::move(reply));
    return true;
  }
  if (request_.too_large()) return reply({413, "Payload Too Large", "request_payload_too_large"});
  if (response_.too_large()) {
    if (response_.started()) return reset(), true;
    return reply({500, "Internal Server Error", "response_payload_too_large"});
  }
  for (const Direction direction : {Direction::Request, Direction::Response}) {
    if (!std::exchange(resumes_[static_cast<size_t>(direction)], false)) continue;
    flow(direction).resume(in_service());
    return true;
  }
  return false;
}

}  // namespace weir::scenario
