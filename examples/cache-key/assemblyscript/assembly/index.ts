// Makes requests that mean the same look the same to a cache; see ../../README.md.

export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
export { proxy_on_delete, proxy_on_done } from "./context_ends";
import {
  Context,
  FilterHeadersStatusValues,
  RootContext,
  registerRootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

// Parameters that tell how a reader came here, not what is asked for.
const TRACKING: string[] = ["fbclid", "gclid", "utm_"];

class Plugin extends RootContext {
  createContext(context_id: u32): Context {
    return new Stream(context_id, this);
  }
}

class Stream extends Context {
  key: string = "";

  constructor(context_id: u32, plugin: Plugin) {
    super(context_id, plugin);
  }

  onRequestHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    const path = normalized(request.get(":path"));
    request.replace(":path", path);
    this.key = request.get(":authority").toLowerCase() + path;
    request.replace("x-cache-key", this.key);
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.replace("x-cache-key", this.key);
    return FilterHeadersStatusValues.Continue;
  }
}

function is_tracking(parameter: string): bool {
  for (let i = 0; i < TRACKING.length; i++) {
    if (parameter.startsWith(TRACKING[i])) return true;
  }
  return false;
}

// The path with its parameters in order, without those that do not matter.
function normalized(path: string): string {
  const mark = path.indexOf("?");
  if (mark < 0) return path;
  const parameters = path.slice(mark + 1).split("&");
  const kept: string[] = [];
  for (let i = 0; i < parameters.length; i++) {
    if (parameters[i] != "" && !is_tracking(parameters[i])) kept.push(parameters[i]);
  }
  kept.sort();
  const query = kept.join("&");
  return query == "" ? path.slice(0, mark) : path.slice(0, mark) + "?" + query;
}

registerRootContext((context_id: u32) => new Plugin(context_id), "");
