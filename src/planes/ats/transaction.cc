#include "planes/ats/transaction.h"

#include <algorithm>

#include "planes/common/field_rules.h"

namespace weir::ats_plane {

using abi::EndOfStream;
using abi::HeaderList;
using runtime::Direction;
using serve::Body;
using serve::LocalReply;

namespace {

// Of body bytes that a plugin may hold in one direction, as in `weir serve`.
constexpr uint64_t kBufferLimit = 1 << 20;

// Of a request's body whose length is known at its end alone.
constexpr uint64_t kCollectedBytes = 16 << 20;

constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kNotModified = 304;

EndOfStream end_if(bool ended) { return ended ? EndOfStream::Yes : EndOfStream::No; }

}  // namespace

// An event of the transaction's, whose lock the server has taken.
class Transaction::Entry {
 public:
  explicit Entry(Transaction& transaction)
      : transaction_(transaction), current_(transaction.worker_, transaction) {
    ++transaction_.entries_;
  }
  ~Entry() {
    if (transaction_.entries_ == 1) transaction_.settle();
    --transaction_.entries_;
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  Transaction& transaction_;
  const Worker::CurrentTransaction current_;
};

void Transaction::begin(const std::shared_ptr<PluginSet>& set, TSHttpTxn transaction, Begin when) {
  Worker& worker = Worker::here();
  // The server's lock of the transaction is the continuation's, too: events that are scheduled for
  // it come with the lock.
  TSCont continuation =
      TSContCreate(&Transaction::on_event, TSContMutexGet(reinterpret_cast<TSCont>(transaction)));
  auto* made = new Transaction(worker.set_of(set), transaction, continuation);
  TSContDataSet(continuation, made);
  for (const TSHttpHookID hook :
       {TS_HTTP_CACHE_LOOKUP_COMPLETE_HOOK, TS_HTTP_READ_RESPONSE_HDR_HOOK,
        TS_HTTP_SEND_RESPONSE_HDR_HOOK, TS_HTTP_TXN_CLOSE_HOOK}) {
    TSHttpTxnHookAdd(transaction, hook, continuation);
  }
  if (when == Begin::AfterRemap) {
    TSHttpTxnHookAdd(transaction, TS_HTTP_POST_REMAP_HOOK, continuation);
    return;
  }
  const Handler handler(*made);
  made->on_request();
}

Transaction::Transaction(std::shared_ptr<WorkerSet> set, TSHttpTxn transaction, TSCont continuation)
    : set_(std::move(set)),
      worker_(Worker::here()),
      transaction_(transaction),
      continuation_(continuation),
      home_(TSEventThreadSelf()),
      plugins_(std::make_unique<serve::PluginStream[]>(set_->count())),
      request_(Direction::Request, plugins(), request_out_, kBufferLimit),
      response_(Direction::Response, plugins(), response_out_, kBufferLimit),
      maps_(request_, response_) {}

Transaction::~Transaction() {
  *alive_ = nullptr;
  // Contexts may look at the transaction while they end, and ask for what will not happen.
  over_ = true;
  for (serve::PluginStream& plugin : plugins()) plugin.set_context(nullptr);
}

int Transaction::on_event(TSCont continuation, TSEvent event, void*) {
  auto& transaction = *static_cast<Transaction*>(TSContDataGet(continuation));
  if (!transaction.is_at_home()) {
    transaction.deferred_ = event;
    TSContScheduleOnThread(continuation, 0, transaction.home_);
    return 0;
  }
  const Handler handler(transaction);
  if (event == TS_EVENT_IMMEDIATE || event == TS_EVENT_TIMEOUT) {
    transaction.woken_ = false;
    {
      const Entry entry(transaction);
      for (auto& task : std::exchange(transaction.tasks_, {})) task();
    }
    if (!transaction.deferred_) {
      transaction.act();
      return 0;
    }
    event = *std::exchange(transaction.deferred_, std::nullopt);
  }
  transaction.handle(event);
  return 0;
}

void Transaction::end_handler() {
  if (--handlers_ > 0 || !done_) return;
  // One that the server closed before its requests' hook has no contexts.
  const bool finished =
      started_.count() == 0 || std::ranges::all_of(plugins(), &serve::PluginStream::has_finished);
  if (finished) delete this;
}

void Transaction::handle(TSEvent event) {
  switch (event) {
    case TS_EVENT_HTTP_POST_REMAP:
      // The server comes here again where it follows a redirect.
      return started_.count() == 0 ? on_request() : go_on(TS_EVENT_HTTP_CONTINUE);
    case TS_EVENT_HTTP_SEND_REQUEST_HDR:
      return on_server_request();
    case TS_EVENT_HTTP_CACHE_LOOKUP_COMPLETE:
      return on_cache_lookup();
    case TS_EVENT_HTTP_READ_RESPONSE_HDR:
      return on_server_response();
    case TS_EVENT_HTTP_SEND_RESPONSE_HDR:
      return on_client_response();
    case TS_EVENT_HTTP_TXN_CLOSE:
      return on_close();
    default:
      return act();
  }
}

void Transaction::run(std::function<void()> event) {
  if (transaction_ == nullptr) return event();
  tasks_.push_back(std::move(event));
  wake();
}

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
    const auto length = planes::parse_length(headers.find("content-length").value_or(""));
    const bool is_chunked = request.has("transfer-encoding");
    // The server transforms no other body: those of HTTP/2 without a length pass by.
    has_request_body_ = is_chunked || length.value_or(0) > 0;
    if (has_request_body_ && sees_body(Direction::Request)) {
      request_body_.add_to(transaction_, is_chunked);
      TSHttpTxnHookAdd(transaction_, TS_HTTP_SEND_REQUEST_HDR_HOOK, continuation_);
    }
    request_.headers(std::move(headers), end_if(!has_request_body_));
  }
  act();
}

void Transaction::on_server_request() {
  hook_ = Hook::ServerRequest;
  act();
}

bool Transaction::has_response_body(int status) const {
  return !traits_.is_head && status >= kOk && status != kNoContent && status != kNotModified;
}

void Transaction::add_response_transform() {
  if (response_body_.is_added() || is_reply_ || !sees_body(Direction::Response)) return;
  response_body_.add_to(transaction_, false);
  // What is kept passes the plugins each time that it is served.
  TSHttpTxnUntransformedRespCache(transaction_, 1);
  TSHttpTxnTransformedRespCache(transaction_, 0);
}

void Transaction::start_response(HeaderList headers, bool may_have_body) {
  response_shown_ = headers;
  const bool ended =
      !may_have_body || (sees_body(Direction::Response) && !response_body_.is_added());
  response_.headers(std::move(headers), end_if(ended));
}

void Transaction::on_cache_lookup() {
  hook_ = Hook::CacheLookup;
  int found = TS_CACHE_LOOKUP_MISS;
  TSHttpTxnCacheLookupStatusGet(transaction_, &found);
  const MessageHeader cached(transaction_, &TSHttpTxnCachedRespGet);
  if (found == TS_CACHE_LOOKUP_HIT_FRESH && cached.exists() && !response_.has_headers()) {
    const Entry entry(*this);
    const bool has_body = has_response_body(cached.status());
    if (has_body) add_response_transform();
    start_response(cached.read_response(), has_body);
  }
  act();
}

void Transaction::on_server_response() {
  hook_ = Hook::ServerResponse;
  const MessageHeader server(transaction_, &TSHttpTxnServerRespGet);
  int found = TS_CACHE_LOOKUP_MISS;
  TSHttpTxnCacheLookupStatusGet(transaction_, &found);
  const int status = server.exists() ? server.status() : 0;
  TSMgmtInt redirects = 0;
  TSHttpTxnConfigIntGet(transaction_, TS_CONFIG_HTTP_NUMBER_OF_REDIRECTIONS, &redirects);
  // The client gets another response than this one: what was kept, or what the server is going to
  // fetch elsewhere.
  const bool is_other = (found == TS_CACHE_LOOKUP_HIT_STALE && status == kNotModified) ||
                        (redirects > 0 && status / 100 == 3);
  if (status >= kOk && !response_.has_headers()) {
    const Entry entry(*this);
    if (is_other) {
      if (!traits_.is_head) add_response_transform();
    } else {
      const bool has_body = has_response_body(status);
      if (has_body) add_response_transform();
      start_response(server.read_response(), has_body);
    }
  }
  act();
}

void Transaction::on_client_response() {
  const MessageHeader client(transaction_, &TSHttpTxnClientRespGet);
  // The connection goes over to another protocol: what follows is no response.
  if (client.status() < kOk) return go_on(TS_EVENT_HTTP_CONTINUE);
  hook_ = Hook::ClientResponse;
  {
    const Entry entry(*this);
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

void Transaction::on_body_begins(Direction direction) {
  if (direction == Direction::Request || response_.has_headers()) return;
  const Entry entry(*this);
  const MessageHeader transformed(transaction_, &TSHttpTxnTransformRespGet);
  start_response(
      transformed.exists() ? transformed.read_response() : HeaderList{{":status", "200"}}, true);
}

void Transaction::on_body(Direction direction, Body data, bool ended) {
  {
    const Entry entry(*this);
    lane(direction).data(std::move(data), end_if(ended));
  }
  act();
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

void Transaction::finish() {
  // A plugin that finishes later may still wait for an answer.
  for (auto& task : std::exchange(tasks_, {})) worker_.post(std::move(task));
  const TSHttpTxn transaction = std::exchange(transaction_, nullptr);
  TSContDestroy(std::exchange(continuation_, nullptr));
  hook_ = Hook::None;
  done_ = true;
  TSHttpTxnReenable(transaction, TS_EVENT_HTTP_CONTINUE);
}

abi::HeaderMap* Transaction::header_map(size_t plugin, abi::MapType type) {
  return maps_.offered(plugin, type);
}

Body* Transaction::body(size_t plugin, Direction direction) { return lane(direction).body(plugin); }

void Transaction::wake() {
  // An event that is on the stack settles at its end.
  if (entries_ > 0 || continuation_ == nullptr || std::exchange(woken_, true)) return;
  TSContScheduleOnThread(continuation_, 0, home_);
}

void Transaction::on_plugin_finished() {
  if (!done_) return;
  // Not from inside of the plugin's own call.
  worker_.post([alive = alive_] {
    if (*alive != nullptr) const Handler handler(**alive);
  });
}

void Transaction::on_resumes() {
  resumes_wait_ = true;
  wake();
}

bool Transaction::reply(LocalReply reply) {
  if (over_ || reply_ || reset_ || response_.started()) return false;
  request_.close();
  if (response_.has_headers()) response_.close();
  reply_ = std::move(reply);
  wake();
  return true;
}

void Transaction::reset(std::string_view reason, serve::ResponseFlag flag) {
  if (over_ || reset_) return;
  request_.close();
  response_.close();
  reply_.reset();
  reset_ = true;
  details_ = reason;
  flags_ |= static_cast<uint32_t>(flag);
  wake();
}

void Transaction::fail(LocalReply reply) {
  if (response_.started()) {
    reset(reply.details, reply.flag);
  } else {
    this->reply(std::move(reply));
  }
}

void Transaction::settle() {
  while (settle_one()) {
  }
}

bool Transaction::settle_one() {
  if (over_) return false;
  if (reply_) {
    LocalReply reply = std::move(*reply_);
    reply_.reset();
    send_reply(std::move(reply));
    return true;
  }
  if (reset_) return false;  // waits for act()
  if (request_.too_large()) {
    fail({413, "Payload Too Large", "request_payload_too_large"});
    return true;
  }
  if (!request_.closed() && !request_body_.output_begun() &&
      request_out_.body().size() > kCollectedBytes) {
    fail({413, "Payload Too Large", "request_payload_too_large"});
    return true;
  }
  if (response_.too_large()) {
    fail({500, "Internal Server Error", "response_payload_too_large"});
    return true;
  }
  if (response_.lacks_status()) {
    fail({502, "missing required header", "filter_removed_required_response_headers"});
    return true;
  }
  if (request_.is_broken() || response_.is_broken()) {
    fail({500, "Internal Server Error",
          "a plugin changed a body whose content-length had gone out"});
    return true;
  }
  if (!std::exchange(resumes_wait_, false)) return false;
  for (size_t i = 0; i < set_->count(); ++i) {
    for (const Direction direction : {Direction::Request, Direction::Response}) {
      if (plugins_[i].take_resume(direction)) lane(direction).resume(i);
    }
  }
  return true;
}

void Transaction::send_reply(LocalReply reply) {
  details_ = reply.details;
  flags_ |= static_cast<uint32_t>(reply.flag);
  serve::LocalMessage message = serve::make_local_message(std::move(reply), traits_);
  Body body;
  body.append_copy(as_bytes(message.body));
  is_reply_ = true;
  response_out_.clear();
  if (response_.has_headers()) {
    response_.bypass(std::move(message.headers), std::move(body));
  } else {
    response_.whole(std::move(message.headers), std::move(body));
  }
}

}  // namespace weir::ats_plane
