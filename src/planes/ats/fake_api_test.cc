// The functions of the API, over the FakeServer.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "planes/ats/fake_server.h"

using weir::Milliseconds;
using weir::ats_plane::FakeServer;
using Field = tsapi_mbuffer::Field;

namespace {

std::string text_of(const char* text, int length) {
  return {text, length < 0 ? std::strlen(text) : static_cast<size_t>(length)};
}

const char* give(const std::string& text, int* length) {
  *length = static_cast<int>(text.size());
  return text.data();
}

TSReturnCode give(tsapi_mbuffer& message, TSMBuffer* buffer, TSMLoc* header) {
  *buffer = &message;
  *header = reinterpret_cast<TSMLoc>(&message);
  return TS_SUCCESS;
}

Field* field_of(TSMLoc field) { return reinterpret_cast<Field*>(field); }
TSMLoc loc_of(const Field& field) { return reinterpret_cast<TSMLoc>(const_cast<Field*>(&field)); }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ::tolower, ::tolower);
}

}  // namespace

// Continuations and events.

TSMutex TSMutexCreate() { return new tsapi_mutex; }
TSReturnCode TSMutexLockTry(TSMutex mutex) {
  return mutex->mutex.try_lock() ? TS_SUCCESS : TS_ERROR;
}
void TSMutexUnlock(TSMutex mutex) { mutex->mutex.unlock(); }

TSCont TSContCreate(TSEventFunc function, TSMutex mutex) {
  auto* made = new tsapi_cont;
  made->function = function;
  if (mutex != nullptr) {
    made->lock = mutex->weak_from_this().lock();
    if (made->lock == nullptr) made->lock.reset(mutex);
  }
  return made;
}
void TSContDestroy(TSCont cont) { FakeServer::get().destroy(cont); }
void TSContDataSet(TSCont cont, void* data) { cont->data = data; }
void* TSContDataGet(TSCont cont) { return cont->data; }
TSMutex TSContMutexGet(TSCont cont) { return cont->lock.get(); }
int TSContCall(TSCont cont, TSEvent event, void* data) { return cont->function(cont, event, data); }
TSAction TSContScheduleOnThread(TSCont cont, TSHRTime delay, TSEventThread thread) {
  // The server takes the continuation's lock in the name of the present thread, or not at all.
  WEIR_CHECK(TSThreadSelf() != nullptr);
  const TSEvent event = delay == 0 ? TS_EVENT_IMMEDIATE : TS_EVENT_TIMEOUT;
  return FakeServer::get().schedule(cont, event, Milliseconds(delay), thread);
}
TSAction TSContScheduleOnPool(TSCont cont, TSHRTime delay, TSThreadPool) {
  return TSContScheduleOnThread(cont, delay, FakeServer::get().any_thread());
}
void TSActionCancel(TSAction action) { FakeServer::get().cancel(action); }

// Transactions.

void TSHttpTxnHookAdd(TSHttpTxn txn, TSHttpHookID id, TSCont cont) {
  if (id == TS_HTTP_RESPONSE_TRANSFORM_HOOK) {
    txn->transform = cont;
  } else {
    txn->hooks.emplace(id, cont);
  }
}
void TSHttpTxnReenable(TSHttpTxn txn, TSEvent event) {
  if (event == TS_EVENT_HTTP_ERROR) txn->errs = true;
  txn->waits = false;
  txn->advance();
}
TSReturnCode TSHttpTxnShutDown(TSHttpTxn txn, TSEvent) {
  txn->shut = true;
  return TS_SUCCESS;
}
int TSHttpTxnRedirectRetries(TSHttpTxn) { return 0; }
int TSHttpTxnIsInternal(TSHttpTxn) { return 0; }
TSReturnCode TSUserArgIndexReserve(TSUserArgType, const char*, const char*, int* place) {
  *place = 0;
  return TS_SUCCESS;
}
void TSUserArgSet(void* txn, int, void* argument) {
  static_cast<TSHttpTxn>(txn)->argument = argument;
}
void* TSUserArgGet(void* txn, int) { return static_cast<TSHttpTxn>(txn)->argument; }
const char* TSHttpTxnPluginTagGet(TSHttpTxn) { return nullptr; }
const sockaddr* TSHttpTxnClientAddrGet(TSHttpTxn) { return nullptr; }
const sockaddr* TSHttpTxnIncomingAddrGet(TSHttpTxn) { return nullptr; }
TSServerState TSHttpTxnServerStateGet(TSHttpTxn) { return TS_SRVSTATE_STATE_UNDEFINED; }
TSVConn TSHttpTxnServerVConnGet(TSHttpTxn) { return nullptr; }
TSHttpSsn TSHttpTxnSsnGet(TSHttpTxn) { return nullptr; }
const char* TSHttpTxnClientProtocolStackContains(TSHttpTxn, const char*) { return nullptr; }
TSReturnCode TSHttpTxnCacheLookupStatusGet(TSHttpTxn, int* status) {
  *status = TS_CACHE_LOOKUP_MISS;
  return TS_SUCCESS;
}
TSReturnCode TSHttpTxnConfigIntSet(TSHttpTxn, TSOverridableConfigKey, TSMgmtInt) {
  return TS_SUCCESS;
}
TSReturnCode TSHttpTxnConfigIntGet(TSHttpTxn, TSOverridableConfigKey, TSMgmtInt* value) {
  *value = 0;
  return TS_SUCCESS;
}
void TSHttpTxnUntransformedRespCache(TSHttpTxn, int) {}
void TSHttpTxnTransformedRespCache(TSHttpTxn, int) {}
void TSHttpTxnStatusSet(TSHttpTxn txn, TSHttpStatus status) { txn->error_status = status; }
void TSHttpTxnErrorBodySet(TSHttpTxn txn, char* text, size_t size, char* type) {
  txn->error_body = text == nullptr ? "" : std::string(text, size);
  std::free(text);
  std::free(type);
}
int64_t TSHttpTxnClientRespBodyBytesGet(TSHttpTxn) { return 0; }
int TSHttpTxnClientRespHdrBytesGet(TSHttpTxn) { return 0; }
TSReturnCode TSHttpTxnClientReqGet(TSHttpTxn txn, TSMBuffer* buffer, TSMLoc* header) {
  return give(txn->request, buffer, header);
}
TSReturnCode TSHttpTxnServerReqGet(TSHttpTxn txn, TSMBuffer* buffer, TSMLoc* header) {
  return give(txn->request, buffer, header);
}
TSReturnCode TSHttpTxnServerRespGet(TSHttpTxn txn, TSMBuffer* buffer, TSMLoc* header) {
  return txn->has_server_response ? give(txn->server_response, buffer, header) : TS_ERROR;
}
TSReturnCode TSHttpTxnTransformRespGet(TSHttpTxn txn, TSMBuffer* buffer, TSMLoc* header) {
  return TSHttpTxnServerRespGet(txn, buffer, header);
}
TSReturnCode TSHttpTxnCachedRespGet(TSHttpTxn, TSMBuffer*, TSMLoc*) { return TS_ERROR; }
TSReturnCode TSHttpTxnClientRespGet(TSHttpTxn txn, TSMBuffer* buffer, TSMLoc* header) {
  return give(txn->client_response, buffer, header);
}
void* _TSmalloc(size_t size, const char*) { return std::malloc(size); }

// Headers.

TSReturnCode TSHandleMLocRelease(TSMBuffer, TSMLoc, TSMLoc) { return TS_SUCCESS; }
TSReturnCode TSHttpHdrUrlGet(TSMBuffer buffer, TSMLoc, TSMLoc* url) {
  *url = reinterpret_cast<TSMLoc>(buffer);
  return TS_SUCCESS;
}
const char* TSUrlSchemeGet(TSMBuffer buffer, TSMLoc, int* length) {
  return give(buffer->scheme, length);
}
const char* TSUrlHostGet(TSMBuffer buffer, TSMLoc, int* length) {
  return give(buffer->host, length);
}
const char* TSUrlPathGet(TSMBuffer buffer, TSMLoc, int* length) {
  return give(buffer->path, length);
}
const char* TSUrlHttpParamsGet(TSMBuffer buffer, TSMLoc, int* length) {
  return give(buffer->params, length);
}
const char* TSUrlHttpQueryGet(TSMBuffer buffer, TSMLoc, int* length) {
  return give(buffer->query, length);
}
const char* TSHttpHdrMethodGet(TSMBuffer buffer, TSMLoc, int* length) {
  return give(buffer->method, length);
}
TSHttpStatus TSHttpHdrStatusGet(TSMBuffer buffer, TSMLoc) {
  return static_cast<TSHttpStatus>(buffer->status);
}
TSReturnCode TSHttpHdrStatusSet(TSMBuffer buffer, TSMLoc, TSHttpStatus status) {
  buffer->status = status;
  return TS_SUCCESS;
}
TSReturnCode TSHttpHdrReasonSet(TSMBuffer, TSMLoc, const char*, int) { return TS_SUCCESS; }
const char* TSHttpHdrReasonLookup(TSHttpStatus) { return "because"; }

int TSMimeHdrFieldsCount(TSMBuffer buffer, TSMLoc) {
  return static_cast<int>(buffer->fields.size());
}
int TSHttpHdrVersionGet(TSMBuffer, TSMLoc) { return TS_HTTP_VERSION(1, 1); }
TSReturnCode TSHttpHdrVersionSet(TSMBuffer, TSMLoc, int) { return TS_SUCCESS; }
int TSHttpHdrLengthGet(TSMBuffer, TSMLoc) { return 1024; }
TSMLoc TSMimeHdrFieldGet(TSMBuffer buffer, TSMLoc, int) {
  return buffer->fields.empty() ? TS_NULL_MLOC : loc_of(*buffer->fields.front());
}
TSMLoc TSMimeHdrFieldNext(TSMBuffer buffer, TSMLoc, TSMLoc field) {
  auto found = std::ranges::find(buffer->fields, field_of(field), &std::unique_ptr<Field>::get);
  return ++found == buffer->fields.end() ? TS_NULL_MLOC : loc_of(**found);
}
TSMLoc TSMimeHdrFieldFind(TSMBuffer buffer, TSMLoc, const char* name, int length) {
  const std::string wanted = text_of(name, length);
  for (const auto& field : buffer->fields) {
    if (same_name(field->name, wanted)) return loc_of(*field);
  }
  return TS_NULL_MLOC;
}
const char* TSMimeHdrFieldNameGet(TSMBuffer, TSMLoc, TSMLoc field, int* length) {
  return give(field_of(field)->name, length);
}
const char* TSMimeHdrFieldValueStringGet(TSMBuffer, TSMLoc, TSMLoc field, int, int* length) {
  return give(field_of(field)->value, length);
}
TSReturnCode TSMimeHdrFieldCreateNamed(TSMBuffer buffer, TSMLoc, const char* name, int length,
                                       TSMLoc* field) {
  buffer->fields.push_back(std::make_unique<Field>(Field{text_of(name, length), ""}));
  *field = loc_of(*buffer->fields.back());
  return TS_SUCCESS;
}
TSReturnCode TSMimeHdrFieldValueStringSet(TSMBuffer, TSMLoc, TSMLoc field, int, const char* value,
                                          int length) {
  field_of(field)->value = text_of(value, length);
  return TS_SUCCESS;
}
TSReturnCode TSMimeHdrFieldAppend(TSMBuffer, TSMLoc, TSMLoc) { return TS_SUCCESS; }
TSReturnCode TSMimeHdrFieldDestroy(TSMBuffer buffer, TSMLoc, TSMLoc field) {
  std::erase_if(buffer->fields, [&](const auto& one) { return one.get() == field_of(field); });
  return TS_SUCCESS;
}

// Buffers: one is its only reader and its only block.

TSIOBuffer TSIOBufferCreate() { return new tsapi_iobuffer; }
void TSIOBufferDestroy(TSIOBuffer buffer) { delete buffer; }
TSIOBufferReader TSIOBufferReaderAlloc(TSIOBuffer buffer) {
  return reinterpret_cast<TSIOBufferReader>(buffer);
}
int64_t TSIOBufferReaderAvail(TSIOBufferReader reader) {
  return static_cast<int64_t>(reinterpret_cast<TSIOBuffer>(reader)->bytes.size());
}
TSIOBufferBlock TSIOBufferReaderStart(TSIOBufferReader reader) {
  return reinterpret_cast<TSIOBufferBlock>(reader);
}
TSIOBufferBlock TSIOBufferBlockNext(TSIOBufferBlock) { return nullptr; }
const char* TSIOBufferBlockReadStart(TSIOBufferBlock block, TSIOBufferReader, int64_t* available) {
  const auto& bytes = reinterpret_cast<TSIOBuffer>(block)->bytes;
  *available = static_cast<int64_t>(bytes.size());
  return bytes.data();
}
void TSIOBufferReaderConsume(TSIOBufferReader reader, int64_t size) {
  reinterpret_cast<TSIOBuffer>(reader)->bytes.erase(0, static_cast<size_t>(size));
}
int64_t TSIOBufferWrite(TSIOBuffer buffer, const void* bytes, int64_t size) {
  buffer->bytes.append(static_cast<const char*>(bytes), static_cast<size_t>(size));
  return size;
}

// Transformations.

TSVConn TSTransformCreate(TSEventFunc function, TSHttpTxn txn) {
  auto* made = new tsapi_cont;
  made->function = function;
  made->lock = txn->lock;
  made->owner = txn;
  return made;
}
TSVConn TSTransformOutputVConnGet(TSVConn transform) { return transform->owner; }
void TSVConnInactivityTimeoutSet(TSVConn, TSHRTime) {}
int TSVConnClosedGet(TSVConn transform) { return transform->closed ? 1 : 0; }
TSVIO TSVConnWriteVIOGet(TSVConn transform) { return transform->input; }
void TSVConnShutdown(TSVConn, int, int) {}
TSVIO TSVConnWrite(TSVConn to, TSCont from, TSIOBufferReader reader, int64_t size) {
  auto* txn = static_cast<tsapi_httptxn*>(to);
  txn->output = {from, reinterpret_cast<TSIOBuffer>(reader), size, 0};
  txn->output_begun = true;
  FakeServer::get().schedule(txn, TS_EVENT_IMMEDIATE, Milliseconds(0), TSEventThreadSelf());
  return &txn->output;
}
TSIOBuffer TSVIOBufferGet(TSVIO vio) { return vio->buffer; }
TSIOBufferReader TSVIOReaderGet(TSVIO vio) {
  return reinterpret_cast<TSIOBufferReader>(vio->buffer);
}
TSCont TSVIOContGet(TSVIO vio) { return vio->cont; }
int64_t TSVIONTodoGet(TSVIO vio) { return vio->todo_bytes - vio->done; }
int64_t TSVIONDoneGet(TSVIO vio) { return vio->done; }
void TSVIONDoneSet(TSVIO vio, int64_t done) { vio->done = done; }
void TSVIONBytesSet(TSVIO vio, int64_t bytes) { vio->todo_bytes = bytes; }
void TSVIOReenable(TSVIO vio) {
  FakeServer::get().schedule(vio->cont->owner, TS_EVENT_IMMEDIATE, Milliseconds(0),
                             TSEventThreadSelf());
}
