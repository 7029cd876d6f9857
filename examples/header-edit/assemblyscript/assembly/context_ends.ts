// The end of contexts. The SDK's own functions look for the root context among those of streams, do not find it,
// and abort: "Key does not exist".

import {
  BaseContext,
  deleteContext,
  getBaseContext,
  getRootContext,
} from "@gcoredev/proxy-wasm-sdk-as/assembly/runtime";

function context_of(id: u32): BaseContext {
  const root = getRootContext(id);
  return root.context_id == id ? root : getBaseContext(id);
}

export function proxy_on_done(context_id: u32): u32 {
  return context_of(context_id).onDone() ? 1 : 0;
}

export function proxy_on_delete(context_id: u32): void {
  context_of(context_id).onDelete();
  deleteContext(context_id);
}
