// A program as authors for the usual C++ SDK write them: a gate before an upstream, with contexts
// whose functions are defined outside of their classes, the ABI's own functions here and there, and
// functions of ABI 0.1.0. The VM's configuration is the realm, the plugin's has a line
// `METHOD PATH SECRET` for each pair that is guarded; everything else is open.
//
// The request brings `x-secret`; who is refused gets a 401, and the count of a client's refusals is
// shared. `/moved/...` goes on as `/...`, by a route that is chosen anew. Responses are text with a
// stamp in the place of their first bytes.

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "proxy_wasm_intrinsics.h"

class GateRootContext : public RootContext {
 public:
  explicit GateRootContext(uint32_t id, StringView root_id) : RootContext(id, root_id) {}
  ~GateRootContext() override = default;

  bool validateConfiguration(size_t) override { return true; }
  bool onConfigure(size_t) override;
  bool onStart(size_t) override;
  void onTick() override;
  bool onDone() override;

  Optional<std::string> secret(const std::string& method, const std::string& path);
  uint64_t refused(const std::string& client, const std::string& method, const std::string& path);

  std::string realm_;

 private:
  std::unordered_map<std::pair<std::string, std::string>, std::string, PairHash> secrets_;
  std::unordered_set<std::tuple<std::string, std::string, std::string>, Tuple3Hash> seen_;
};

class GateContext : public Context {
 public:
  explicit GateContext(uint32_t id, RootContext* root) : Context(id, root) {}

  void onCreate() override;
  FilterHeadersStatus onRequestHeaders(uint32_t headers, bool end_of_stream) override;
  FilterDataStatus onRequestBody(size_t body_buffer_length, bool end_of_stream) override;
  FilterTrailersStatus onRequestTrailers(uint32_t trailers) override;
  FilterHeadersStatus onResponseHeaders(uint32_t headers, bool end_of_stream) override;
  FilterDataStatus onResponseBody(size_t body_buffer_length, bool end_of_stream) override;
  FilterTrailersStatus onResponseTrailers(uint32_t trailers) override;
  void onDone() override;
  void onLog() override;
  void onDelete() override;

 private:
  GateRootContext* rootContext() { return dynamic_cast<GateRootContext*>(root()); }

  bool stamped_ = false;
};

static RegisterContextFactory register_GateContext(CONTEXT_FACTORY(GateContext),
                                                   ROOT_FACTORY(GateRootContext), "gate");

namespace {

// The configuration as programs for ABI 0.1.0 ask for it: which one it is depends on when.
std::string configuration() {
  const char* bytes = nullptr;
  size_t size = 0;
  CHECK_RESULT(proxy_get_configuration(&bytes, &size));
  return WasmData(bytes, size).toString();
}

}  // namespace

bool GateRootContext::onStart(size_t) {
  LOG_TRACE("onStart");
  realm_ = configuration();
  return !realm_.empty();
}

bool GateRootContext::onConfigure(size_t) {
  const std::string text = configuration();
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t path = line.find(' ');
    const size_t secret = line.rfind(' ');
    if (path == std::string::npos || path == secret) {
      LOG_WARN("a line is METHOD PATH SECRET, not '" + line + "'");
      return false;
    }
    secrets_[{line.substr(0, path), line.substr(path + 1, secret - path - 1)}] =
        line.substr(secret + 1);
  }
  proxy_set_tick_period_milliseconds(1000);
  return true;
}

void GateRootContext::onTick() { LOG_DEBUG(toString(seen_.size()) + " refused"); }

bool GateRootContext::onDone() {
  proxy_done();
  return true;
}

Optional<std::string> GateRootContext::secret(const std::string& method, const std::string& path) {
  const auto found = secrets_.find(std::make_pair(method, path));
  if (found == secrets_.end()) return {};
  return found->second;
}

uint64_t GateRootContext::refused(const std::string& client, const std::string& method,
                                  const std::string& path) {
  seen_.emplace(client, method, path);
  WasmResult result = WasmResult::CasMismatch;
  uint64_t count = 0;
  while (result == WasmResult::CasMismatch) {
    WasmDataPtr stored;
    uint32_t cas = 0;
    count = 1;
    if (getSharedData("refused/" + client, &stored, &cas) == WasmResult::Ok) {
      count += std::stoul(stored->toString());
    }
    result = setSharedData("refused/" + client, std::to_string(count), cas);
  }
  return count;
}

void GateContext::onCreate() { LOG_WARN(std::string("onCreate " + std::to_string(id()))); }

FilterHeadersStatus GateContext::onRequestHeaders(uint32_t, bool) {
  auto result = getRequestHeaderPairs();
  for (auto& p : result->pairs()) {
    LOG_INFO(std::string(p.first) + std::string(" -> ") + std::string(p.second));
  }
  const std::string method = getRequestHeader(":method")->toString();
  const std::string path = getRequestHeader(":path")->toString();
  const auto wanted = rootContext()->secret(method, path);
  if (wanted.has_value() && getRequestHeader("x-secret")->view() != *wanted) {
    std::string client;
    getValue({"source", "address"}, &client);
    const uint64_t count = rootContext()->refused(client, method, path);
    sendLocalResponse(401, "gate_refused", "",
                      {{"www-authenticate", "Gate realm=" + rootContext()->realm_},
                       {"x-refused", toString(count)}});
    return FilterHeadersStatus::StopIteration;
  }
  removeRequestHeader("x-secret");
  constexpr StringView kMoved = "/moved";
  if (path.rfind(std::string(kMoved) + "/", 0) == 0) {
    replaceRequestHeader(":path", path.substr(kMoved.size()));
    CHECK_RESULT(proxy_clear_route_cache());
  }
  return FilterHeadersStatus::Continue;
}

FilterDataStatus GateContext::onRequestBody(size_t body_buffer_length, bool end_of_stream) {
  if (!end_of_stream) return FilterDataStatus::StopIterationAndBuffer;
  auto body = getBufferBytes(WasmBufferType::HttpRequestBody, 0, body_buffer_length);
  LOG_ERROR(std::string("onRequestBody ") + std::string(body->view()));
  return FilterDataStatus::Continue;
}

FilterTrailersStatus GateContext::onRequestTrailers(uint32_t) {
  addRequestTrailer("x-gate", "passed");
  return FilterTrailersStatus::Continue;
}

FilterHeadersStatus GateContext::onResponseHeaders(uint32_t, bool) {
  addResponseHeader("X-Wasm-Custom", "gate");
  replaceResponseHeader("content-type", "text/plain; charset=utf-8");
  removeResponseHeader("content-length");
  return FilterHeadersStatus::Continue;
}

FilterDataStatus GateContext::onResponseBody(size_t body_buffer_length, bool /* end_of_stream */) {
  if (!stamped_ && body_buffer_length >= 4) {
    size_t size = body_buffer_length;
    setBuffer(WasmBufferType::HttpResponseBody, 0, 4, "gate: ", &size);
    if (size != body_buffer_length + 2) logCritical("the body has another size");
    stamped_ = true;
  }
  return FilterDataStatus::Continue;
}

FilterTrailersStatus GateContext::onResponseTrailers(uint32_t) {
  replaceResponseTrailer("x-gate", getResponseTrailer("x-gate")->toString() + "+");
  return FilterTrailersStatus::Continue;
}

void GateContext::onDone() { LOG_WARN(std::string("onDone " + std::to_string(id()))); }

void GateContext::onLog() { LOG_WARN(std::string("onLog " + std::to_string(id()))); }

void GateContext::onDelete() { LOG_WARN(std::string("onDelete " + std::to_string(id()))); }
