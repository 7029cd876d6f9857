// Lets each client make so many requests in a time; see ../../README.md.

export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
export { proxy_on_delete, proxy_on_done } from "./context_ends";
import {
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  Headers,
  LogLevelValues,
  RootContext,
  WasmResultValues,
  get_current_time_nanoseconds,
  get_shared_data,
  log,
  makeHeaderPair,
  registerRootContext,
  send_local_response,
  set_shared_data,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Plugin extends RootContext {
  requests: u64 = 10;
  seconds: u64 = 1;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    if (size == 0) return true;
    // 5/60: five requests a minute.
    const parts = this.getConfiguration().split("/");
    if (parts.length == 2) {
      this.requests = U64.parseInt(parts[0]);
      this.seconds = U64.parseInt(parts[1]);
      if (this.seconds > 0) return true;
    }
    log(LogLevelValues.error, "the configuration is REQUESTS/SECONDS, as 5/60");
    return false;
  }

  createContext(context_id: u32): Context {
    return new Stream(context_id, this);
  }
}

// Counts this request; the number of the client's requests in this window. Shared data is the same on
// all worker threads. Its value is `WINDOW COUNT`.
function count(client: string, window: u64): u64 {
  const key = "rate-limit." + client;
  while (true) {
    const stored = get_shared_data(key);
    let before: u64 = 0;
    if (stored.result == WasmResultValues.Ok) {
      const parts = String.UTF8.decode(stored.value!).split(" ");
      if (parts.length == 2 && parts[0] == window.toString()) before = U64.parseInt(parts[1]);
    }
    const now = window.toString() + " " + (before + 1).toString();
    const set = set_shared_data(key, String.UTF8.encode(now), stored.cas);
    if (set == WasmResultValues.Ok) return before + 1;
    // Where another thread was quicker, look again.
    if (set != WasmResultValues.CasMismatch) {
      log(LogLevelValues.error, "cannot count");
      return 0;
    }
  }
}

class Stream extends Context {
  requests: u64;
  seconds: u64;

  constructor(context_id: u32, plugin: Plugin) {
    super(context_id, plugin);
    this.requests = plugin.requests;
    this.seconds = plugin.seconds;
  }

  onRequestHeaders(headers: u32, end_of_stream: bool): FilterHeadersStatusValues {
    const client = stream_context.headers.request.get("x-api-key");
    if (client == "") {
      reply(401, [], "no x-api-key\n");
      return FilterHeadersStatusValues.StopIteration;
    }
    const now = get_current_time_nanoseconds() / 1_000_000_000;
    if (count(client, now / this.seconds) <= this.requests) {
      return FilterHeadersStatusValues.Continue;
    }
    const wait = this.seconds - (now % this.seconds);
    reply(429, [makeHeaderPair("retry-after", wait.toString())], "too many requests\n");
    return FilterHeadersStatusValues.StopIteration;
  }
}

function reply(status: u32, headers: Headers, text: string): void {
  send_local_response(status, "", String.UTF8.encode(text), headers, NO_GRPC_STATUS);
}

// Not a gRPC response: -1, which the SDK has no name for.
const NO_GRPC_STATUS = changetype<GrpcStatusValues>(-1);

registerRootContext((context_id: u32) => new Plugin(context_id), "");
