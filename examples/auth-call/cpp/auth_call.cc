// Asks an authorisation service before a request goes on; see ../README.md.

#include "proxy_wasm_intrinsics.h"

namespace {

constexpr uint32_t kTimeoutMilliseconds = 500;

class Plugin : public RootContext {
 public:
  explicit Plugin(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t size) override {
    const auto name = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size);
    if (name->size() > 0) upstream_ = name->toString();
    return true;
  }

  const std::string& upstream() const { return upstream_; }

 private:
  std::string upstream_ = "auth";
};

void on_answer(uint32_t headers) {
  if (headers == 0) {
    sendLocalResponse(503, "", "no authorisation service\n", {});
    return;
  }
  constexpr auto kAnswer = WasmHeaderMapType::HttpCallResponseHeaders;
  const auto status = getHeaderMapValue(kAnswer, ":status");
  if (status->view().substr(0, 1) != "2") {
    sendLocalResponse(403, "", "denied\n", {});
    return;
  }
  const auto user = getHeaderMapValue(kAnswer, "x-auth-user");
  if (user->size() > 0) replaceRequestHeader("x-auth-user", user->view());
  continueRequest();
}

class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root) : Context(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    // What a client claims to have been told does not count.
    removeRequestHeader("x-auth-user");
    const std::string& upstream = static_cast<Plugin*>(root())->upstream();
    const HeaderStringPairs headers = {
        {":method", "GET"},
        {":path", "/check"},
        {":authority", upstream},
        {"authorization", getRequestHeader("authorization")->toString()},
        {"x-original-path", getRequestHeader(":path")->toString()}};
    // The answer comes to the root context; the stream may be gone by then.
    const WasmResult called = root()->httpCall(upstream, headers, "", {}, kTimeoutMilliseconds,
                                               [stream = id()](uint32_t count, size_t, uint32_t) {
                                                 if (Context* waiting = getContext(stream)) {
                                                   waiting->setEffectiveContext();
                                                   on_answer(count);
                                                 }
                                               });
    if (called != WasmResult::Ok) {
      LOG_ERROR("cannot call '" + upstream + "': " + toString(called));
      sendLocalResponse(503, "", "no authorisation service\n", {});
    }
    return FilterHeadersStatus::StopAllIterationAndWatermark;
  }
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Plugin));
