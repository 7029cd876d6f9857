// A remap plugin of Traffic Server without any of Weir: adds one header to each request and each
// response, for bench/ats_plane.py to compare with.

#include <ts/ts.h>
// After ts.h, which declares what it uses.
#include <ts/remap.h>

namespace {

using Get = TSReturnCode (*)(TSHttpTxn, TSMBuffer*, TSMLoc*);

void add_header(TSHttpTxn transaction, Get get) {
  TSMBuffer buffer = nullptr;
  TSMLoc header = TS_NULL_MLOC;
  if (get(transaction, &buffer, &header) != TS_SUCCESS) return;
  TSMLoc field = TS_NULL_MLOC;
  if (TSMimeHdrFieldCreateNamed(buffer, header, "x-weir-bench", 12, &field) == TS_SUCCESS) {
    TSMimeHdrFieldValueStringSet(buffer, header, field, -1, "added", 5);
    TSMimeHdrFieldAppend(buffer, header, field);
    TSHandleMLocRelease(buffer, header, field);
  }
  TSHandleMLocRelease(buffer, TS_NULL_MLOC, header);
}

int on_event(TSCont, TSEvent event, void* data) {
  auto* transaction = static_cast<TSHttpTxn>(data);
  add_header(transaction,
             event == TS_EVENT_HTTP_POST_REMAP ? &TSHttpTxnClientReqGet : &TSHttpTxnClientRespGet);
  TSHttpTxnReenable(transaction, TS_EVENT_HTTP_CONTINUE);
  return 0;
}

}  // namespace

TSReturnCode TSRemapInit(TSRemapInterface*, char*, int) { return TS_SUCCESS; }

TSReturnCode TSRemapNewInstance(int, char**, void** instance, char*, int) {
  *instance = TSContCreate(&on_event, nullptr);
  return TS_SUCCESS;
}

void TSRemapDeleteInstance(void* instance) { TSContDestroy(static_cast<TSCont>(instance)); }

TSRemapStatus TSRemapDoRemap(void* instance, TSHttpTxn transaction, TSRemapRequestInfo*) {
  auto* continuation = static_cast<TSCont>(instance);
  TSHttpTxnHookAdd(transaction, TS_HTTP_POST_REMAP_HOOK, continuation);
  TSHttpTxnHookAdd(transaction, TS_HTTP_SEND_RESPONSE_HDR_HOOK, continuation);
  return TSREMAP_NO_REMAP;
}
