#include "planes/ats/transaction.h"

#include <algorithm>

#include "planes/ats/transaction_entry.h"
#include "planes/common/buffer_limit.h"

namespace weir::ats_plane {

using planes::kBufferLimit;
using runtime::Direction;
using serve::Body;

namespace {

// Where a transaction of the server's keeps the last set of plugins that has begun with it.
// Negative: it has no place for it.
int last_set_place() {
  static const int place = [] {
    int made = -1;
    const TSReturnCode done = TSUserArgIndexReserve(
        TS_USER_ARGS_TXN, "weir", "the last set of plugins of the transaction", &made);
    return done == TS_SUCCESS ? made : -1;
  }();
  return place;
}

}  // namespace

Transaction* Transaction::last_set(TSHttpTxn transaction) {
  const int place = last_set_place();
  return place < 0 ? nullptr : static_cast<Transaction*>(TSUserArgGet(transaction, place));
}

void Transaction::begin(const std::shared_ptr<PluginSet>& set, TSHttpTxn transaction, Begin when) {
  Worker& worker = Worker::here();
  // The server's lock of the transaction is the continuation's, too: events that are scheduled for
  // it come with the lock.
  TSCont continuation =
      TSContCreate(&Transaction::on_event, TSContMutexGet(reinterpret_cast<TSCont>(transaction)));
  auto* made = new Transaction(worker.set_of(set), transaction, continuation);
  TSContDataSet(continuation, made);
  if (const int place = last_set_place(); place >= 0) TSUserArgSet(transaction, place, made);
  for (const TSHttpHookID hook :
       {TS_HTTP_CACHE_LOOKUP_COMPLETE_HOOK, TS_HTTP_READ_RESPONSE_HDR_HOOK,
        TS_HTTP_SEND_RESPONSE_HDR_HOOK, TS_HTTP_TXN_CLOSE_HOOK}) {
    TSHttpTxnHookAdd(transaction, hook, continuation);
  }
  if (when == Begin::AfterRemap) {
    // Whether plugins see the body is not known before they have begun.
    const MessageHeader request(transaction, &TSHttpTxnClientReqGet);
    if (request.has("content-length") || request.has("transfer-encoding")) {
      follow_no_redirects(transaction);
    }
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
      before_(last_set(transaction)),
      plugins_(std::make_unique<serve::PluginStream[]>(set_->count())),
      request_(Direction::Request, plugins(), request_out_, kBufferLimit),
      response_(Direction::Response, plugins(), response_out_, kBufferLimit),
      maps_(request_, response_),
      client_(transaction) {}

Transaction::~Transaction() {
  let_calls_go();
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
  // A rule's transaction that the server answers itself before it has come behind the rule: plugins
  // have not begun, and it passes them by.
  const bool passes_by = started_.count() == 0 && event != TS_EVENT_HTTP_POST_REMAP &&
                         event != TS_EVENT_HTTP_TXN_CLOSE;
  if (passes_by) return go_on(TS_EVENT_HTTP_CONTINUE);
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
  worker_.post([alive = alive()] {
    if (auto* self = static_cast<Transaction*>(*alive)) const Handler handler(*self);
  });
}

void Transaction::on_resumes() {
  resumes_wait_ = true;
  wake();
}

}  // namespace weir::ats_plane
