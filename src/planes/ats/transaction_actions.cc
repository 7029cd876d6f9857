// What a Transaction tells the server, and when.

#include <cstring>

#include "planes/ats/transaction.h"

namespace weir::ats_plane {

using runtime::Direction;

namespace {

// Text that the server frees.
char* server_text(std::string_view text) {
  auto* copy = static_cast<char*>(TSmalloc(text.size() + 1));
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

}  // namespace

void Transaction::act() {
  if (transaction_ == nullptr || entries_ > 0) return;
  request_body_.flush();
  response_body_.flush();
  switch (hook_) {
    case Hook::None:
      return act_without_hook();
    case Hook::RequestHeaders:
    case Hook::ServerRequest:
      return act_on_request();
    case Hook::CacheLookup:
    case Hook::ServerResponse:
      return act_on_response();
    case Hook::ClientResponse:
      return act_on_client_response();
  }
}

void Transaction::act_without_hook() {
  if (reset_) {
    over_ = true;
    const bool breaks_request = request_body_.fail();
    if (response_body_.fail() || breaks_request) return;
    // Where the server has all of a body, it waits for the plugins' or an origin's: it is led to a
    // hook, which makes an end.
    if (request_body_.input_ended() && !request_body_.output_begun()) {
      request_body_.skip_output();
    } else if (response_made_) {
      end_client();
    } else if (response_body_.input_ended()) {
      response_body_.skip_output();
    } else {
      stop_waiting();
    }
    return;
  }
  // The server waits for the transformed body, and comes to a hook when it knows its length; there
  // it takes the reply.
  if (is_replying() && !reply_is_sent_ && request_body_.input_ended()) request_body_.skip_output();
  if (is_replying() && !reply_is_sent_ && !response_came_) stop_waiting();
}

// The server's own error, of an origin that has been idle for too long, comes to a hook, where the
// reply takes its place. It would try the origin again.
void Transaction::stop_waiting() {
  const TSVConn origin = TSHttpTxnServerVConnGet(transaction_);
  if (origin == nullptr) return;
  try_once(transaction_);
  TSVConnInactivityTimeoutSet(origin, 1);
}

void Transaction::act_on_request() {
  if (reset_) return shut_down();
  if (is_replying()) return go_on_with_reply();
  if (is_reply_) return;
  if (const abi::HeaderList* headers = request_out_.header_list()) {
    if (refuses_request(*headers)) return;
    const bool is_to_server = hook_ == Hook::ServerRequest;
    {
      const MessageHeader request(transaction_,
                                  is_to_server ? &TSHttpTxnServerReqGet : &TSHttpTxnClientReqGet);
      request.change_request(request_shown_, *headers);
      // The server knows the body's length now, and sends it without waiting for a word.
      if (is_to_server) {
        request.remove("transfer-encoding");
        request.remove("expect");
      }
    }
    return pass_request_on(*headers);
  }
  if (!request_body_.is_added() || is_held(Direction::Request)) return;
  if (refuses_request(request_.header_list())) return;
  // The plugins want to see the body first, which comes when the server has gone on.
  MessageHeader(transaction_, &TSHttpTxnClientReqGet)
      .change_request(request_shown_, request_.header_list());
  pass_request_on(request_.header_list());
}

void Transaction::pass_request_on(const abi::HeaderList& headers) {
  request_shown_ = headers;
  // The server itself knows that much of POST (HttpSM::is_post_transform_request).
  if (headers.find(":method") != "POST" && is_request_transformed()) try_once(transaction_);
  go_on(TS_EVENT_HTTP_CONTINUE);
}

bool Transaction::is_request_transformed() const {
  for (const Transaction* set = this; set != nullptr; set = set->before_) {
    if (set->request_body_.was_added()) return true;
  }
  return false;
}

void Transaction::act_on_response() {
  if (reset_) return shut_down();
  if (is_replying()) return go_on_with_reply();
  if (is_reply_) return;
  const bool have_passed = !response_.has_headers() || response_out_.header_list() != nullptr;
  const bool want_body = response_body_.is_added() && !is_held(Direction::Response);
  if (!have_passed && !want_body) return;
  drop_body_if_unwanted();
  go_on(TS_EVENT_HTTP_CONTINUE);
}

void Transaction::act_on_client_response() {
  if (reset_) return shut_down();
  const bool carries_reply = reply_is_sent_ || response_body_.output_begun();
  if (is_replying() && !carries_reply) {
    if (!is_own_) return go_on_with_reply();
    replace_own_response();
  }
  if (is_reply_ && !is_replying()) return;
  if (response_out_.header_list() == nullptr) return;
  if (sends_unwanted_body()) return go_on_without_body();
  change_client_response(*response_out_.header_list());
  go_on(TS_EVENT_HTTP_CONTINUE);
}

void Transaction::change_client_response(const abi::HeaderList& headers) {
  const MessageHeader client(transaction_, &TSHttpTxnClientRespGet);
  if (!client.exists()) return;
  client.change_response(response_shown_, headers);
  // What the server has made for another response is no part of this one.
  if (is_reply_) client.set_response(headers);
  frame(client);
  // The server may answer by another status than that which it was given: 304 in place of 200.
  static_cast<void>(response_.header_list().replace(":status", std::to_string(client.status())));
}

void Transaction::set_reply_body() {
  const abi::HeaderList& headers = *response_out_.header_list();
  serve::Body& body = response_out_.body();
  std::string text(body.size(), '\0');
  body.copy_to(0, std::as_writable_bytes(std::span(text)));
  if (text.empty()) {
    TSHttpTxnErrorBodySet(transaction_, nullptr, 0, nullptr);
  } else {
    TSHttpTxnErrorBodySet(transaction_, server_text(text), text.size(),
                          server_text(headers.find("content-type").value_or("text/plain")));
  }
  reply_is_sent_ = true;
}

void Transaction::go_on_with_reply() {
  TSHttpTxnStatusSet(transaction_,
                     static_cast<TSHttpStatus>(status_to_send(*response_out_.header_list())));
  set_reply_body();
  go_on(TS_EVENT_HTTP_ERROR);
}

// What the server has made itself it sends as it is after this hook: it is made over here.
void Transaction::replace_own_response() {
  set_reply_body();
  const MessageHeader client(transaction_, &TSHttpTxnClientRespGet);
  response_shown_ = client.read_response();
  for (const std::string_view kept : {"date", "server", "via"}) response_shown_.remove(kept);
}

void Transaction::shut_down() {
  over_ = true;
  TSHttpTxnShutDown(transaction_, TS_EVENT_HTTP_ERROR);
  go_on(TS_EVENT_HTTP_ERROR);
}

void Transaction::go_on(TSEvent event) {
  hook_ = Hook::None;
  TSHttpTxnReenable(transaction_, event);
}

}  // namespace weir::ats_plane
