// Rewrites the bodies of responses; see ../README.md.

#include <algorithm>
#include <cctype>

#include "proxy_wasm_intrinsics.h"

namespace {

constexpr auto kBody = WasmBufferType::HttpResponseBody;

class Plugin : public RootContext {
 public:
  explicit Plugin(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t size) override {
    const auto mode = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size);
    streamed_ = mode->view() == "streamed";
    if (streamed_ || mode->size() == 0 || mode->view() == "buffered") return true;
    LOG_ERROR("the configuration is `buffered` or `streamed`, not '" + mode->toString() + "'");
    return false;
  }

  bool streamed() const { return streamed_; }

 private:
  bool streamed_ = false;
};

class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root)
      : Context(id, root), streamed_(static_cast<Plugin*>(root)->streamed()) {}

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    // The length that the upstream told does not fit any more.
    removeResponseHeader("content-length");
    return FilterHeadersStatus::Continue;
  }

  FilterDataStatus onResponseBody(size_t size, bool end_of_stream) override {
    if (streamed_) {
      capitalize(size);
      return FilterDataStatus::Continue;
    }
    // Until the end, the host keeps what has come and calls again with more.
    if (!end_of_stream) return FilterDataStatus::StopIterationAndBuffer;
    setBuffer(kBody, 0, 0, std::to_string(size) + " bytes\n");
    return FilterDataStatus::Continue;
  }

 private:
  // One piece of a body, as it passes.
  static void capitalize(size_t size) {
    std::string piece = getBufferBytes(kBody, 0, size)->toString();
    std::transform(piece.begin(), piece.end(), piece.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    setBuffer(kBody, 0, size, piece);
  }

  const bool streamed_;
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Plugin));
