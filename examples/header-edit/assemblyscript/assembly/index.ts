// Marks every request and response that passes, and logs the request line; see ../../README.md.

export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
export { proxy_on_delete, proxy_on_done } from "./context_ends";
import {
  Context,
  FilterHeadersStatusValues,
  LogLevelValues,
  RootContext,
  log,
  registerRootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

const HEADER = "x-weir-plugin";

class Plugin extends RootContext {
  value: string = "header-edit";

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    if (size > 0) this.value = this.getConfiguration();
    return true;
  }

  createContext(context_id: u32): Context {
    return new Stream(context_id, this);
  }
}

class Stream extends Context {
  value: string;

  constructor(context_id: u32, plugin: Plugin) {
    super(context_id, plugin);
    this.value = plugin.value;
  }

  onRequestHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    log(LogLevelValues.info, request.get(":method") + " " + request.get(":path"));
    request.replace(HEADER, this.value);
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.replace(HEADER, this.value);
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((context_id: u32) => new Plugin(context_id), "");
