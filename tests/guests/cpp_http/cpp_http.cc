// A plugin in C++ against the raw ABI 0.2.1. It keeps its own table of streams, answers with
// Envoy's action codes, and writes header names in mixed case, as plugins of this kind do. Each
// request path is a scenario:
//
// - /headers         request and response alike: sets `X-Guest: cpp`, and `x-pairs`, the number of
// fields
// - /body            holds the bodies and replaces them by `cpp(BODY)`, request and response alike
// - /end-stream      sends the request's headers on and drops its body (action 2)
// - /local-response  answers 403, details `cpp_denied`, header `x-guest: cpp`, body `denied by cpp`
// - /http-call       holds the request (action 4), POSTs `ping` with the trailer `x-ping: 1` to
// /call of
//                    the upstream in `x-cluster`, and sends it on with `x-call-status`,
//                    `x-call-body` and `x-call-trailer` (trailer `x-pong` of the answer); if the
//                    call failed or was refused, answers 504 with body `failed` or 503 with body
//                    `refused STATUS`

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define IMPORT(name) extern "C" __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

IMPORT(proxy_get_buffer_bytes)
uint32_t proxy_get_buffer_bytes(uint32_t buffer, uint32_t start, uint32_t max_size, char** bytes,
                                size_t* size);
IMPORT(proxy_set_buffer_bytes)
uint32_t proxy_set_buffer_bytes(uint32_t buffer, uint32_t start, uint32_t size, const char* bytes,
                                size_t bytes_size);
IMPORT(proxy_get_header_map_pairs)
uint32_t proxy_get_header_map_pairs(uint32_t map, char** pairs, size_t* size);
IMPORT(proxy_get_header_map_value)
uint32_t proxy_get_header_map_value(uint32_t map, const char* name, size_t name_size, char** value,
                                    size_t* size);
IMPORT(proxy_replace_header_map_value)
uint32_t proxy_replace_header_map_value(uint32_t map, const char* name, size_t name_size,
                                        const char* value, size_t value_size);
IMPORT(proxy_remove_header_map_value)
uint32_t proxy_remove_header_map_value(uint32_t map, const char* name, size_t name_size);
IMPORT(proxy_send_local_response)
uint32_t proxy_send_local_response(uint32_t status, const char* details, size_t details_size,
                                   const char* body, size_t body_size, const char* headers,
                                   size_t headers_size, int32_t grpc_status);
IMPORT(proxy_http_call)
uint32_t proxy_http_call(const char* upstream, size_t upstream_size, const char* headers,
                         size_t headers_size, const char* body, size_t body_size,
                         const char* trailers, size_t trailers_size, uint32_t timeout_ms,
                         uint32_t* call);
IMPORT(proxy_set_effective_context) uint32_t proxy_set_effective_context(uint32_t context);
IMPORT(proxy_continue_stream) uint32_t proxy_continue_stream(uint32_t stream_type);

namespace {

constexpr uint32_t kOk = 0;

enum HeadersAction : uint32_t {
  kContinue = 0,
  kContinueAndEndStream = 2,
  kStopAllAndWatermark = 4
};
enum DataAction : uint32_t { kPassData = 0, kStopAndBuffer = 1 };
enum Buffer : uint32_t { kRequestBody = 0, kResponseBody = 1, kCallBody = 4 };
enum Map : uint32_t {
  kRequestHeaders = 0,
  kResponseHeaders = 2,
  kCallHeaders = 6,
  kCallTrailers = 7,
};

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

// What the plugin keeps of each stream, and which stream waits for which call.
std::map<uint32_t, std::string> paths;
std::map<uint32_t, uint32_t> waiting;

// Takes over what the host allocated in this module's memory.
std::string take(char* bytes, size_t size) {
  std::string text(bytes, size);
  free(bytes);
  return text;
}

std::string get(Map map, std::string_view name) {
  char* value = nullptr;
  size_t size = 0;
  if (proxy_get_header_map_value(map, name.data(), name.size(), &value, &size) != kOk) return {};
  return take(value, size);
}

void set(Map map, std::string_view name, std::string_view value) {
  proxy_replace_header_map_value(map, name.data(), name.size(), value.data(), value.size());
}

void remove(Map map, std::string_view name) {
  proxy_remove_header_map_value(map, name.data(), name.size());
}

std::string body(Buffer buffer, uint32_t size) {
  char* bytes = nullptr;
  size_t taken = 0;
  if (proxy_get_buffer_bytes(buffer, 0, size, &bytes, &taken) != kOk) return {};
  return take(bytes, taken);
}

uint32_t count(Map map) {
  char* bytes = nullptr;
  size_t size = 0;
  if (proxy_get_header_map_pairs(map, &bytes, &size) != kOk) return 0;
  const std::string pairs = take(bytes, size);
  uint32_t number = 0;
  if (pairs.size() >= sizeof number) memcpy(&number, pairs.data(), sizeof number);
  return number;
}

void append_number(std::string& out, size_t number) {
  const auto narrow = static_cast<uint32_t>(number);
  out.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
}

// The ABI's form of a header map: the count, all sizes, all names and values with a zero each.
std::string serialize(const Pairs& pairs) {
  std::string out;
  append_number(out, pairs.size());
  for (const auto& [name, value] : pairs) {
    append_number(out, name.size());
    append_number(out, value.size());
  }
  for (const auto& [name, value] : pairs) {
    out.append(name).push_back('\0');
    out.append(value).push_back('\0');
  }
  return out;
}

void reply(uint32_t status, std::string_view text) {
  constexpr std::string_view kDetails = "cpp_denied";
  const std::string headers = serialize({{"x-guest", "cpp"}});
  proxy_send_local_response(status, kDetails.data(), kDetails.size(), text.data(), text.size(),
                            headers.data(), headers.size(), -1);
}

void call(uint32_t context) {
  constexpr std::string_view kBody = "ping";
  const std::string upstream = get(kRequestHeaders, "x-cluster");
  const std::string headers =
      serialize({{":method", "POST"}, {":path", "/call"}, {":authority", upstream}});
  const std::string trailers = serialize({{"x-ping", "1"}});
  uint32_t id = 0;
  const uint32_t status =
      proxy_http_call(upstream.data(), upstream.size(), headers.data(), headers.size(),
                      kBody.data(), kBody.size(), trailers.data(), trailers.size(), 1000, &id);
  if (status == kOk) {
    waiting[id] = context;
  } else {
    reply(503, "refused " + std::to_string(status));
  }
}

void edit_headers(Map map) {
  set(map, "x-pairs", std::to_string(count(map)));
  set(map, "X-Guest", "cpp");
}

DataAction wrap_body(Buffer buffer, uint32_t size, bool end_of_stream) {
  if (!end_of_stream) return kStopAndBuffer;
  const std::string wrapped = "cpp(" + body(buffer, size) + ")";
  proxy_set_buffer_bytes(buffer, 0, size, wrapped.data(), wrapped.size());
  return kPassData;
}

}  // namespace

EXPORT(proxy_abi_version_0_2_1) void abi_version() {}

EXPORT(proxy_on_request_headers) uint32_t on_request_headers(uint32_t context, uint32_t, uint32_t) {
  const std::string& path = paths[context] = get(kRequestHeaders, ":path");
  if (path == "/headers") edit_headers(kRequestHeaders);
  if (path == "/body") remove(kRequestHeaders, "Content-Length");
  if (path == "/end-stream") return kContinueAndEndStream;
  if (path == "/local-response") reply(403, "denied by cpp");
  if (path == "/http-call") {
    call(context);
    return kStopAllAndWatermark;
  }
  return kContinue;
}

EXPORT(proxy_on_request_body)
uint32_t on_request_body(uint32_t context, uint32_t size, uint32_t end_of_stream) {
  return paths[context] == "/body" ? wrap_body(kRequestBody, size, end_of_stream) : kPassData;
}

EXPORT(proxy_on_response_headers)
uint32_t on_response_headers(uint32_t context, uint32_t, uint32_t) {
  if (paths[context] == "/headers") edit_headers(kResponseHeaders);
  if (paths[context] == "/body") remove(kResponseHeaders, "Content-Length");
  return kContinue;
}

EXPORT(proxy_on_response_body)
uint32_t on_response_body(uint32_t context, uint32_t size, uint32_t end_of_stream) {
  return paths[context] == "/body" ? wrap_body(kResponseBody, size, end_of_stream) : kPassData;
}

EXPORT(proxy_on_http_call_response)
void on_http_call_response(uint32_t, uint32_t id, uint32_t headers, uint32_t size, uint32_t) {
  const auto found = waiting.find(id);
  if (found == waiting.end()) return;  // its stream is gone
  proxy_set_effective_context(found->second);
  waiting.erase(found);
  if (headers == 0) {
    reply(504, "failed");
    return;
  }
  set(kRequestHeaders, "x-call-status", get(kCallHeaders, ":status"));
  set(kRequestHeaders, "x-call-body", body(kCallBody, size));
  set(kRequestHeaders, "x-call-trailer", get(kCallTrailers, "x-pong"));
  proxy_continue_stream(0);
}

EXPORT(proxy_on_delete) void on_delete(uint32_t context) {
  paths.erase(context);
  for (auto call = waiting.begin(); call != waiting.end();) {
    call = call->second == context ? waiting.erase(call) : std::next(call);
  }
}
