// Rewrites the bodies of responses; see ../../README.md.

export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
export { proxy_on_delete, proxy_on_done } from "./context_ends";
import {
  BufferTypeValues,
  Context,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  LogLevelValues,
  RootContext,
  get_buffer_bytes,
  log,
  registerRootContext,
  set_buffer_bytes,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

const BODY = BufferTypeValues.HttpResponseBody;

class Plugin extends RootContext {
  streamed: bool = false;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const mode = this.getConfiguration();
    this.streamed = mode == "streamed";
    if (this.streamed || mode == "" || mode == "buffered") return true;
    log(LogLevelValues.error, "the configuration is `buffered` or `streamed`, not '" + mode + "'");
    return false;
  }

  createContext(context_id: u32): Context {
    return new Stream(context_id, this);
  }
}

class Stream extends Context {
  streamed: bool;

  constructor(context_id: u32, plugin: Plugin) {
    super(context_id, plugin);
    this.streamed = plugin.streamed;
  }

  onResponseHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    // The length that the upstream told does not fit any more.
    stream_context.headers.response.remove("content-length");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseBody(size: usize, end_of_stream: bool): FilterDataStatusValues {
    if (this.streamed) {
      capitalize(u32(size));
      return FilterDataStatusValues.Continue;
    }
    // Until the end, the host keeps what has come and calls again with more.
    if (!end_of_stream) return FilterDataStatusValues.StopIterationAndBuffer;
    set_buffer_bytes(BODY, 0, 0, String.UTF8.encode(size.toString() + " bytes\n"));
    return FilterDataStatusValues.Continue;
  }
}

// Rewrites one piece of a body as it passes. Bytes, not text: a piece may end within a character.
function capitalize(size: u32): void {
  if (size == 0) return;
  const piece = Uint8Array.wrap(get_buffer_bytes(BODY, 0, size));
  for (let i = 0; i < piece.length; i++) {
    if (piece[i] >= 0x61 && piece[i] <= 0x7a) piece[i] -= 0x20;
  }
  set_buffer_bytes(BODY, 0, size, piece.buffer);
}

registerRootContext((context_id: u32) => new Plugin(context_id), "");
