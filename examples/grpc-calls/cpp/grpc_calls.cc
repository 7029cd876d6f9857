// Asks a gRPC service about each request, and tells another method of it what passes; see
// ../README.md.

#include "proxy_wasm_intrinsics.h"

namespace {

constexpr const char* kService = "weir.test.Echo";
constexpr uint32_t kTimeoutMilliseconds = 1000;

// message Text { string text = 1; }
// Any Protobuf library's class would do: the SDK calls these two functions of it.
struct Text {
  std::string text;

  bool SerializeToString(std::string* out) const {
    out->assign(1, '\x0a');
    size_t size = text.size();
    for (; size >= 0x80; size >>= 7) out->push_back(static_cast<char>(size | 0x80));
    out->push_back(static_cast<char>(size));
    out->append(text);
    return true;
  }
  bool ParseFromArray(const void* data, int size) {
    const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size));
    size_t at = 1;
    while (at < bytes.size() && (bytes[at] & 0x80) != 0) ++at;
    text = bytes.size() > at ? bytes.substr(at + 1) : "";
    return true;
  }
};

std::string received(size_t size) {
  return getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, size)->proto<Text>().text;
}

class Plugin;

// The stream that hears of all requests. The plugin opens another when it ends.
class Journal final : public GrpcStreamHandler<Text, Text> {
 public:
  explicit Journal(Plugin& plugin) : plugin_(plugin) {}
  void onReceive(size_t size) override { logInfo("journal: " + received(size)); }
  void onRemoteClose(GrpcStatus status) override;

 private:
  Plugin& plugin_;
};

class Plugin : public RootContext {
 public:
  explicit Plugin(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t size) override {
    if (size > 0) {
      upstream_ = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString();
    }
    return true;
  }

  const std::string& upstream() const { return upstream_; }

  void note(const std::string& line) {
    if (journal_ == nullptr) open();
    if (journal_ != nullptr) journal_->send(Text{line}, false);
  }

  void on_journal_closed() { journal_ = nullptr; }

 private:
  void open() {
    auto handler = std::make_unique<Journal>(*this);
    Journal* journal = handler.get();
    const WasmResult opened =
        grpcStreamHandler(upstream_, kService, "Chat", {}, std::move(handler));
    if (opened == WasmResult::Ok) {
      journal_ = journal;
    } else {
      LOG_ERROR("cannot open the journal: " + toString(opened));
    }
  }

  std::string upstream_ = "grpc";
  Journal* journal_ = nullptr;  // of the SDK, until it is closed
};

void Journal::onRemoteClose(GrpcStatus status) {
  logWarn("the journal ended: " + std::to_string(static_cast<int>(status)));
  plugin_.on_journal_closed();
}

class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root)
      : Context(id, root), plugin_(*static_cast<Plugin*>(root)) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const std::string path = getRequestHeader(":path")->toString();
    plugin_.note(path);
    // The answer comes to the root context; the stream may be gone by then.
    const WasmResult called = plugin_.grpcSimpleCall(
        plugin_.upstream(), kService, "Unary", {}, Text{path}, kTimeoutMilliseconds,
        [stream = id()](GrpcStatus status, size_t size) {
          Context* waiting = getContext(stream);
          if (waiting == nullptr) return;
          const std::string answer = status == GrpcStatus::Ok ? received(size) : "";
          waiting->setEffectiveContext();
          on_answer(status, answer);
        });
    if (called != WasmResult::Ok) {
      sendLocalResponse(503, "", "no gRPC service: " + toString(called) + "\n", {});
    }
    return FilterHeadersStatus::StopAllIterationAndWatermark;
  }

 private:
  static void on_answer(GrpcStatus status, const std::string& answer) {
    if (status != GrpcStatus::Ok) {
      const std::string code = std::to_string(static_cast<int>(status));
      sendLocalResponse(502, "", "the gRPC service failed\n", {{"x-grpc-status", code}});
      return;
    }
    replaceRequestHeader("x-grpc-answer", answer);
    continueRequest();
  }

  Plugin& plugin_;
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Plugin));
