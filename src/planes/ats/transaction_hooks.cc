// What a Transaction does at the server's hooks.

#include <algorithm>
#include <iterator>

#include "planes/ats/attributes.h"
#include "planes/ats/transaction_entry.h"
#include "planes/common/field_rules.h"

namespace weir::ats_plane {

using abi::EndOfStream;
using abi::HeaderList;
using runtime::Direction;
using serve::Body;

namespace {

constexpr int kContinue = 100;
constexpr int kSwitchingProtocols = 101;
constexpr int kEarlyHints = 103;
constexpr int kOk = 200;
constexpr int kPartialContent = 206;
constexpr int kNotModified = 304;

// As Envoy's filter for caches says it.
constexpr std::string_view kFromCache = "cache.response_from_cache_filter";

EndOfStream end_if(bool ended) { return ended ? EndOfStream::Yes : EndOfStream::No; }

}  // namespace

bool Transaction::sees_body(Direction direction) const {
  return std::ranges::any_of(plugins(), [&](serve::PluginStream& plugin) {
    return plugin.context().sees_body(direction);
  });
}

bool Transaction::is_held(Direction direction) const {
  return std::ranges::any_of(plugins(), [&](serve::PluginStream& plugin) {
    return plugin.stage(direction).flow == serve::Stage::Flow::StoppedAll;
  });
}

void Transaction::follow_no_redirects(TSHttpTxn transaction) {
  TSHttpTxnConfigIntSet(transaction, TS_CONFIG_HTTP_NUMBER_OF_REDIRECTIONS, 0);
}

void Transaction::try_once(TSHttpTxn transaction) {
  TSHttpTxnConfigIntSet(transaction, TS_CONFIG_HTTP_CONNECT_ATTEMPTS_MAX_RETRIES, 0);
  // The server takes one off, without a sign.
  TSHttpTxnConfigIntSet(transaction, TS_CONFIG_HTTP_CONNECT_ATTEMPTS_MAX_RETRIES_DEAD_SERVER, 1);
  TSHttpTxnConfigIntSet(transaction, TS_CONFIG_HTTP_PARENT_PROXY_TOTAL_CONNECT_ATTEMPTS, 0);
}

void Transaction::suspend_origin_timeout() {
  TSMgmtInt seconds = 0;
  constexpr auto kKey = TS_CONFIG_HTTP_TRANSACTION_NO_ACTIVITY_TIMEOUT_OUT;
  if (TSHttpTxnConfigIntGet(transaction_, kKey, &seconds) != TS_SUCCESS) return;
  origin_timeout_ = seconds;
  TSHttpTxnConfigIntSet(transaction_, kKey, 0);
}

void Transaction::resume_origin_timeout() {
  if (!origin_timeout_) return;
  TSHttpTxnConfigIntSet(transaction_, TS_CONFIG_HTTP_TRANSACTION_NO_ACTIVITY_TIMEOUT_OUT,
                        *std::exchange(origin_timeout_, std::nullopt));
}

void Transaction::on_request() {
  hook_ = Hook::RequestHeaders;
  started_wall_ = worker_.clock().wall();
  started_ = worker_.clock().monotonic();
  {
    const Entry entry(*this);
    for (size_t i = 0; i < set_->count(); ++i) {
      plugins_[i].init(*this, i);
      plugins_[i].set_context(set_->make_context(i, plugins_[i]));
    }
    const bool is_tls = TSHttpTxnClientProtocolStackContains(transaction_, "tls") != nullptr;
    const MessageHeader request(transaction_, &TSHttpTxnClientReqGet);
    HeaderList headers = request.read_request(is_tls ? "https" : "http");
    request_shown_ = headers;
    request_headers_bytes_ = headers.byte_size();
    traits_ = serve::RequestTraits::of(headers);
    // What the client has sent, whatever a set before has made of it.
    if (before_ != nullptr && before_->started_.count() > 0) {
      traits_.is_head = before_->traits_.is_head;
    }
    const auto length = planes::parse_length(headers.find("content-length").value_or(""));
    const bool is_chunked = request.has("transfer-encoding");
    // The server transforms no other body: those of HTTP/2 without a length pass by.
    has_request_body_ = is_chunked || length.value_or(0) > 0;
    if (has_request_body_ && sees_body(Direction::Request)) {
      follow_no_redirects(transaction_);
      if (!is_request_transformed()) suspend_origin_timeout();
      // A set before takes the body out of chunked coding.
      request_body_.add_to(transaction_, is_chunked && !is_request_transformed());
      TSHttpTxnHookAdd(transaction_, TS_HTTP_SEND_REQUEST_HDR_HOOK, continuation_);
    }
    request_.headers(std::move(headers), end_if(!has_request_body_));
  }
  act();
}

void Transaction::on_server_request() {
  hook_ = Hook::ServerRequest;
  resume_origin_timeout();
  // Whatever a rule has said meanwhile.
  follow_no_redirects(transaction_);
  try_once(transaction_);
  act();
}

void Transaction::add_response_transform(int status) {
  if (response_body_.is_added() || is_reply_) return;
  response_body_.add_to(transaction_, false);
  // The server cuts ranges out of a whole response by a transformation of its own, which it leaves
  // out where there is another one, but for the length it tells: the client gets the whole one.
  if (status != kPartialContent) {
    MessageHeader(transaction_, &TSHttpTxnClientReqGet).remove("range");
  }
  // What is kept passes the plugins each time that it is served. Where an interim response has gone
  // to the client, nothing is kept: the server would leave out as many bytes of the body as that
  // one's headers have (HttpSM::perform_cache_write_action), and ends where there are fewer.
  TSHttpTxnUntransformedRespCache(transaction_, TSHttpTxnClientRespHdrBytesGet(transaction_) == 0);
  TSHttpTxnTransformedRespCache(transaction_, 0);
}

HeaderList Transaction::as_passed_on(HeaderList read) const {
  for (const Transaction* set = before_; set != nullptr; set = set->before_) {
    if (set->home_ != home_ || set->is_reply_ || !set->response_.has_headers()) continue;
    const HeaderList* passed = set->response_out_.header_list();
    return passed != nullptr ? *passed : set->response_.header_list();
  }
  return read;
}

void Transaction::start_response(HeaderList headers, bool may_have_body) {
  response_shown_ = headers;
  const bool ended =
      !may_have_body || (sees_body(Direction::Response) && !response_body_.is_added());
  response_.headers(std::move(headers), end_if(ended));
}

// Handles of headers are let go of before the server goes on: it may be done with the headers then.
void Transaction::on_cache_lookup() {
  hook_ = Hook::CacheLookup;
  int found = TS_CACHE_LOOKUP_MISS;
  TSHttpTxnCacheLookupStatusGet(transaction_, &found);
  if (found == TS_CACHE_LOOKUP_HIT_FRESH && !response_.has_headers()) {
    const Entry entry(*this);
    const MessageHeader cached(transaction_, &TSHttpTxnCachedRespGet);
    if (cached.exists()) {
      details_ = kFromCache;
      has_response_body_ = has_response_body(cached.status());
      if (has_response_body_ && transforms_response()) add_response_transform(cached.status());
      start_response(as_passed_on(cached.read_response()), has_response_body_);
    }
  }
  act();
}

void Transaction::on_server_response() {
  hook_ = Hook::ServerResponse;
  response_came_ = true;
  {
    const Entry entry(*this);
    const MessageHeader server(transaction_, &TSHttpTxnServerRespGet);
    const int status = server.exists() ? server.status() : 0;
    if ((status == kContinue || status == kEarlyHints) && is_request_transformed()) {
      drop_interim_response();
    } else {
      restore_version();
    }
    int found = TS_CACHE_LOOKUP_MISS;
    TSHttpTxnCacheLookupStatusGet(transaction_, &found);
    if (status < kOk || response_.has_headers()) {
      // An interim one, or none of the client's.
    } else if (is_to_be_followed(status)) {
      // The server fetches another one. Where there is a transformation, it does so too late.
      is_own_ = false;
    } else if (found == TS_CACHE_LOOKUP_HIT_STALE && may_serve_stale(status)) {
      // The client gets what was kept, whose headers are not made up yet.
      is_own_ = false;
      details_ = kFromCache;
      if (has_response_body(kOk) && transforms_response()) add_response_transform(status);
    } else {
      has_response_body_ = has_response_body(status);
      if (has_response_body_ && transforms_response()) add_response_transform(status);
      start_response(as_passed_on(server.read_response()), has_response_body_);
    }
  }
  act();
}

// The server passes them on to HTTP/1.1 alone, and then reads the request's body anew.
void Transaction::drop_interim_response() {
  const MessageHeader request(transaction_, &TSHttpTxnClientReqGet);
  request.remove("expect");
  if (request.version() != TS_HTTP_VERSION(1, 1)) return;
  request.set_version(TS_HTTP_VERSION(1, 0));
  version_is_lowered_ = true;
}

void Transaction::restore_version() {
  if (!std::exchange(version_is_lowered_, false)) return;
  MessageHeader(transaction_, &TSHttpTxnClientReqGet).set_version(TS_HTTP_VERSION(1, 1));
}

bool Transaction::may_serve_stale(int status) const {
  constexpr int kErrors[] = {500, 502, 503, 504};
  if (status == kNotModified) return true;
  if (std::ranges::find(kErrors, status) == std::end(kErrors)) return false;
  TSMgmtInt enabled = 0;
  TSHttpTxnConfigIntGet(transaction_, TS_CONFIG_HTTP_NEGATIVE_REVALIDATING_ENABLED, &enabled);
  return enabled != 0;
}

bool Transaction::is_to_be_followed(int status) const {
  constexpr int kRedirects[] = {300, 301, 302, 303, 305, 307, 308};
  if (std::ranges::find(kRedirects, status) == std::end(kRedirects)) return false;
  TSMgmtInt most = 0;
  TSHttpTxnConfigIntGet(transaction_, TS_CONFIG_HTTP_NUMBER_OF_REDIRECTIONS, &most);
  return TSHttpTxnRedirectRetries(transaction_) < most;
}

void Transaction::on_client_response() {
  if (const int status = MessageHeader(transaction_, &TSHttpTxnClientRespGet).status();
      status < kOk) {
    // The connection goes over to another protocol: what follows is no response.
    if (status == kSwitchingProtocols && !response_.has_headers() && started_.count() > 0) {
      response_.refuse(HeaderList{{":status", "101"}});
    }
    return go_on(TS_EVENT_HTTP_CONTINUE);
  }
  hook_ = Hook::ClientResponse;
  response_made_ = true;
  restore_version();
  {
    const Entry entry(*this);
    const MessageHeader client(transaction_, &TSHttpTxnClientRespGet);
    const bool is_first = before_ == nullptr || before_->made_status_ == 0;
    made_status_ = is_first ? client.status() : before_->made_status_;
    made_length_ = is_first ? client.find("content-length") : before_->made_length_;
    if (is_own_ && serves_stale()) {
      details_ = kFromCache;
      is_own_ = false;
    }
    is_own_ = is_own_ && !response_.has_headers();
    if (is_own_ && !is_reply_) note_why_own();
    if (!response_.has_headers() && !over_) {
      start_response(client.read_response(),
                     has_response_body(client.status()) && !sees_body(Direction::Response));
    } else if (response_out_.header_list() == nullptr && !is_reply_ &&
               !response_body_.has_begun() && sees_body(Direction::Response)) {
      // The server has not come to the transformation: nothing of a body is to be waited for.
      response_.data({}, EndOfStream::Yes);
    }
  }
  act();
}

// As Envoy would say it of its own.
void Transaction::note_why_own() {
  using serve::ResponseFlag;
  const auto note = [this](std::string_view details, ResponseFlag flag) {
    details_ = details;
    flags_ |= static_cast<uint32_t>(flag);
  };
  switch (TSHttpTxnServerStateGet(transaction_)) {
    case TS_SRVSTATE_CONNECTION_ERROR:
    case TS_SRVSTATE_OPEN_RAW_ERROR:
      return note("upstream_reset_before_response_started{connection_failure}",
                  ResponseFlag::UpstreamConnectionFailure);
    case TS_SRVSTATE_CONNECTION_CLOSED:
      return note("upstream_reset_before_response_started{connection_termination}",
                  ResponseFlag::UpstreamConnectionTermination);
    case TS_SRVSTATE_INACTIVE_TIMEOUT:
    case TS_SRVSTATE_ACTIVE_TIMEOUT:
      return note("response_timeout", ResponseFlag::UpstreamRequestTimeout);
    default:
      return note("direct_response", ResponseFlag::None);
  }
}

void Transaction::on_body_begins(Direction direction) {
  if (direction == Direction::Request || response_.has_headers()) return;
  const Entry entry(*this);
  const MessageHeader transformed(transaction_, &TSHttpTxnTransformRespGet);
  HeaderList headers =
      transformed.exists() ? transformed.read_response() : HeaderList{{":status", "200"}};
  start_response(as_passed_on(std::move(headers)), true);
}

void Transaction::on_body(Direction direction, Body data, bool ended) {
  {
    const Entry entry(*this);
    lane(direction).data(std::move(data), end_if(ended));
  }
  act();
}

int64_t Transaction::client_backlog() const {
  if (transaction_ == nullptr || client_.is_http2()) return 0;
  const TSVConn client = client_connection(transaction_);
  const TSVIO output = client == nullptr ? nullptr : TSVConnWriteVIOGet(client);
  if (output == nullptr || TSVIOBufferGet(output) == nullptr) return 0;
  const TSIOBufferReader reader = TSVIOReaderGet(output);
  return reader == nullptr ? 0 : TSIOBufferReaderAvail(reader);
}

// Where the last transformation, which may be another plugin's, has not begun its output, the
// server would wait for that until the client has been idle for too long, and make no response then
// either.
void Transaction::on_response_truncated() {
  if (transaction_ != nullptr && !response_made_) end_client();
}

void Transaction::end_client() {
  if (client_.is_http2()) return;
  const TSVConn client = client_connection(transaction_);
  if (client != nullptr) TSVConnInactivityTimeoutSet(client, 1);
}

void Transaction::on_close() {
  ended_ = worker_.clock().monotonic();
  {
    const Entry entry(*this);
    over_ = true;
    request_.close();
    response_.close();
    for (serve::PluginStream& plugin : plugins()) {
      if (started_.count() > 0) plugin.finish();
    }
  }
  finish();
}

}  // namespace weir::ats_plane
