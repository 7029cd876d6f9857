// What a Transaction does where plugins change whether a message has a body: by a method, HEAD in
// place of GET, or by a status, 204 in place of 200. The server has decided by then what it sends,
// by the method and status that it knows; what goes out has to be what the client expects by those
// that it knows. A body that nobody expects would be the next response on the connection.

#include <algorithm>

#include "planes/ats/transaction.h"
#include "planes/common/field_rules.h"

namespace weir::ats_plane {

using abi::HeaderList;
using serve::LocalReply;

namespace {

// RFC 9110, section 6.4.1.
bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

int Transaction::status_to_send(const HeaderList& response) {
  return planes::status_of(response).value_or(TS_HTTP_STATUS_INTERNAL_SERVER_ERROR);
}

bool Transaction::has_response_body(int status) const {
  return may_have_body(status) &&
         MessageHeader(transaction_, &TSHttpTxnClientReqGet).method() != "HEAD";
}

bool Transaction::client_takes_body(const HeaderList& response) const {
  return !traits_.is_head && may_have_body(status_to_send(response));
}

void Transaction::expect_no_body() {
  TSHttpTxnConfigIntSet(transaction_, TS_CONFIG_HTTP_CHUNKING_ENABLED, 0);
}

void Transaction::drop_body_if_unwanted() {
  const HeaderList* headers = response_out_.header_list();
  if (headers == nullptr || !has_response_body_ || client_takes_body(*headers)) return;
  add_response_transform(status_to_send(response_shown_));
}

bool Transaction::is_without_body() const {
  const Transaction* set = last_set(transaction_);
  for (set = set == nullptr ? this : set; set != nullptr; set = set->before_) {
    if (set->is_reply_ || set->response_body_.drops()) return true;
  }
  // A response of the server's own: its text is taken away.
  return is_own_;
}

bool Transaction::serves_stale() const {
  int found = TS_CACHE_LOOKUP_MISS;
  TSHttpTxnCacheLookupStatusGet(transaction_, &found);
  if (found != TS_CACHE_LOOKUP_HIT_STALE) return false;
  const MessageHeader cached(transaction_, &TSHttpTxnCachedRespGet);
  return cached.exists() && cached.status() == made_status_;
}

bool Transaction::sends_unwanted_body() const {
  return !is_reply_ && has_response_body(made_status_) &&
         !client_takes_body(*response_out_.header_list()) && !is_without_body();
}

// The server has begun to send what it has kept, without a transformation: an answer of our own
// takes its place, with its status if that is one of an error, and else with 500
// (HandleApiErrorJump).
void Transaction::go_on_without_body() {
  worker_.plane().host().logger().log(LogLevel::Error,
                                      "plugins have made a response of a kind that has no body, "
                                      "and the one that is kept goes out already: "
                                      "answered with an error");
  HeaderList headers = *response_out_.header_list();
  response_out_.clear();
  response_out_.headers(std::move(headers), abi::EndOfStream::Yes);
  is_reply_ = true;
  go_on_with_reply();
}

void Transaction::frame(const MessageHeader& client) const {
  const int status = client.status();
  const bool is_sent = has_response_body(made_status_);
  const bool is_taken = !traits_.is_head && may_have_body(status);
  if (is_sent != is_taken) {
    // Of a response that the server makes itself: it tells that text's length after this hook.
    TSHttpTxnErrorBodySet(transaction_, nullptr, 0, nullptr);
    client.remove("transfer-encoding");
  }
  if (is_taken && !is_sent) {
    client.set("content-length", "0");
  } else if (is_taken) {
    if (made_length_ && !client.has("content-length")) client.set("content-length", *made_length_);
  } else if (is_sent || status == 204) {
    // RFC 9110, section 8.6: what a response to GET would have had, where that is known; a 204 has
    // none.
    const auto length = response_out_.header_list()->find("content-length");
    if (length && may_have_body(status) && planes::parse_length(*length)) {
      client.set("content-length", *length);
    } else {
      client.remove("content-length");
    }
  }
}

std::optional<LocalReply> Transaction::fault_of_request(const HeaderList& before,
                                                        const HeaderList& after) const {
  const auto method = after.find(":method");
  const auto authority = after.find(":authority");
  const auto path = after.find(":path");
  const auto method_before = before.find(":method");
  if (!method || !authority || (!path && before.find(":path"))) {
    return LocalReply(503, "missing required header", "filter_removed_required_request_headers");
  }
  const auto is_fit = [&](std::string_view name, std::string_view value) {
    return value == before.find(name) || planes::is_valid_target(value);
  };
  if (!planes::is_valid_name(*method) || !is_fit(":authority", *authority) ||
      (path && !is_fit(":path", *path))) {
    return LocalReply(503, "", "a plugin made a request that cannot be sent");
  }
  if (method == method_before) return std::nullopt;
  // What follows the headers of CONNECT is no HTTP, and a client that did not ask for it would
  // speak HTTP all the same.
  if (method == "CONNECT" || method_before == "CONNECT") {
    return LocalReply(501, "", "connect_not_supported");
  }
  // The server has taken over the request: it goes by the method that was there then.
  if (hook_ == Hook::ServerRequest && (method == "HEAD") != (method_before == "HEAD")) {
    return LocalReply(500, "", "a plugin changed the method to or from HEAD behind the headers");
  }
  return std::nullopt;
}

bool Transaction::refuses_request(const HeaderList& after) {
  auto fault = fault_of_request(request_shown_, after);
  if (!fault) return false;
  const std::string details = fault->details;
  if (reply(std::move(*fault))) {
    worker_.plane().host().logger().log(LogLevel::Error,
                                        "a request is refused as plugins have left it: " + details);
  }
  return true;
}

}  // namespace weir::ats_plane
