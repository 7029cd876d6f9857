// Asks an authorisation service before a request goes on; see ../../README.md.

export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
export { proxy_on_delete, proxy_on_done } from "./context_ends";
import {
  BaseContext,
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  Headers,
  LogLevelValues,
  RootContext,
  WasmResultValues,
  continue_request,
  log,
  makeHeaderPair,
  registerRootContext,
  send_local_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

const TIMEOUT_MILLISECONDS: u32 = 500;

class Plugin extends RootContext {
  upstream: string = "auth";

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    if (size > 0) this.upstream = this.getConfiguration();
    return true;
  }

  createContext(context_id: u32): Context {
    return new Stream(context_id, this);
  }
}

class Stream extends Context {
  upstream: string;

  constructor(context_id: u32, plugin: Plugin) {
    super(context_id, plugin);
    this.upstream = plugin.upstream;
  }

  onRequestHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    // What a client claims to have been told does not count.
    request.remove("x-auth-user");
    const headers: Headers = [
      makeHeaderPair(":method", "GET"),
      makeHeaderPair(":path", "/check"),
      makeHeaderPair(":authority", this.upstream),
      makeHeaderPair("authorization", request.get("authorization")),
      makeHeaderPair("x-original-path", request.get(":path")),
    ];
    const called = this.root_context.httpCall(
      this.upstream, headers, new ArrayBuffer(0), [], TIMEOUT_MILLISECONDS, this, onAnswer);
    if (called != WasmResultValues.Ok) {
      log(LogLevelValues.error, "cannot call '" + this.upstream + "'");
      reply(503, "no authorisation service\n");
    }
    // Until the answer is there, or its time is over.
    return FilterHeadersStatusValues.StopAllIterationAndWatermark;
  }
}

function onAnswer(origin: BaseContext, headers: u32, body_size: usize, trailers: u32): void {
  if (headers == 0) {
    reply(503, "no authorisation service\n");
    return;
  }
  const answer = stream_context.headers.http_callback;
  if (!answer.get(":status").startsWith("2")) {
    reply(403, "denied\n");
    return;
  }
  const user = answer.get("x-auth-user");
  if (user != "") stream_context.headers.request.replace("x-auth-user", user);
  continue_request();
}

function reply(status: u32, text: string): void {
  send_local_response(status, "", String.UTF8.encode(text), [], NO_GRPC_STATUS);
}

// Not a gRPC response: -1, which the SDK has no name for.
const NO_GRPC_STATUS = changetype<GrpcStatusValues>(-1);

registerRootContext((context_id: u32) => new Plugin(context_id), "");
