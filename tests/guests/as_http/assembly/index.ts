// A plugin of the AssemblyScript SDK, ABI 0.2.1; it logs through WASI's fd_write. Its root id is
// `as_http`.
//
// - every request and response: adds `x-guest: as`
// - path /local-response: answers 403 with header `x-guest: as` and body `denied by as`

export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
export { proxy_on_delete, proxy_on_done } from "./context_ends";
import {
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  Headers,
  LogLevelValues,
  RootContext,
  log,
  makeHeaderPair,
  registerRootContext,
  send_local_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Plugin extends RootContext {
  createContext(context_id: u32): Context {
    return new Stream(context_id, this);
  }
}

class Stream extends Context {
  constructor(context_id: u32, plugin: Plugin) {
    super(context_id, plugin);
  }

  onRequestHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    const path = stream_context.headers.request.get(":path");
    log(LogLevelValues.info, "as: " + path);
    if (path == "/local-response") {
      const headers: Headers = [makeHeaderPair("x-guest", "as")];
      const body = String.UTF8.encode("denied by as");
      send_local_response(403, "", body, headers, GrpcStatusValues.Ok);
      return FilterHeadersStatusValues.StopIteration;
    }
    stream_context.headers.request.add("x-guest", "as");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.add("x-guest", "as");
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((context_id: u32) => new Plugin(context_id), "as_http");
