// grpc_all for the C++ SDK: the scenarios of rust/grpc_all, by the same paths and with the same
// effects
// (../README.md). A message is any class with the two functions of a Protobuf message that the SDK
// uses.

#include "proxy_wasm_intrinsics.h"

namespace {

// message Text { string text = 1; }, of fewer than 128 bytes.
struct Text {
  std::string text;

  bool SerializeToString(std::string* out) const {
    if (text.size() > 127) return false;
    *out = std::string("\x0a") + static_cast<char>(text.size()) + text;
    return true;
  }
  bool ParseFromArray(const void* data, int size) {
    const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size));
    text = bytes.size() < 2 ? "" : bytes.substr(2);
    return true;
  }
};

std::string header(std::string_view name, const char* absent) {
  const auto value = getRequestHeader(name);
  return value->size() == 0 ? absent : value->toString();
}

std::string received(size_t size) {
  return getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, size)->proto<Text>().text;
}

std::string number(GrpcStatus status) { return std::to_string(static_cast<int>(status)); }

// Answers the stream `id`, if it is still there.
void answer(uint32_t id, const HeaderStringPairs& headers, std::string_view body) {
  Context* stream = getContext(id);
  if (stream == nullptr) return;
  stream->setEffectiveContext();
  sendLocalResponse(200, "", body, headers);
}

// Hears of a cancelled call, if the host is wrong.
class NeverAnswered final : public GrpcCallHandler<Text> {
 public:
  void onSuccess(size_t) override { logAbort("a cancelled call was answered"); }
  void onFailure(GrpcStatus) override { logAbort("a cancelled call was answered"); }
};

class SendOn final : public GrpcCallHandler<Text> {
 public:
  explicit SendOn(uint32_t stream) : stream_(stream) {}
  void onSuccess(size_t size) override { send_on(received(size)); }
  void onFailure(GrpcStatus) override { send_on(""); }

 private:
  void send_on(const std::string& text) {
    getContext(stream_)->setEffectiveContext();
    replaceRequestHeader("x-answer", text);
    continueRequest();
  }
  uint32_t stream_;
};

class Chat final : public GrpcStreamHandler<Text, Text> {
 public:
  Chat(uint32_t stream, bool cancels) : stream_(stream), cancels_(cancels) {}

  void onReceiveInitialMetadata(uint32_t) override {
    initial_ = metadata(WasmHeaderMapType::GrpcReceiveInitialMetadata, "x-initial");
  }
  void onReceiveTrailingMetadata(uint32_t) override {
    trailing_ = metadata(WasmHeaderMapType::GrpcReceiveTrailingMetadata, "x-trailing");
  }
  void onReceive(size_t size) override {
    if (!texts_.empty()) texts_ += "\n";
    texts_ += received(size);
    if (!cancels_) return;
    const uint32_t stream = stream_;
    reset();  // This object lasts until the callback returns.
    answer(stream, {}, "cancelled");
  }
  void onRemoteClose(GrpcStatus status) override {
    answer(stream_,
           {{"x-grpc-status", number(status)}, {"x-initial", initial_}, {"x-trailing", trailing_}},
           texts_);
  }

 private:
  static std::string metadata(WasmHeaderMapType map, std::string_view name) {
    return getHeaderMapValue(map, name)->toString();
  }
  uint32_t stream_;
  bool cancels_;
  std::string initial_, trailing_, texts_;
};

class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root) : Context(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const std::string path = header(":path", "");
    WasmResult started = WasmResult::Ok;
    if (path == "/unary") {
      started = call_and_answer();
    } else if (path == "/continue") {
      started = call_handler(std::make_unique<SendOn>(id()));
    } else if (path == "/cancel") {
      auto handler = std::make_unique<NeverAnswered>();
      GrpcCallHandlerBase& call = *handler;
      started = call_handler(std::move(handler));
      if (started == WasmResult::Ok) {
        call.cancel();
        return FilterHeadersStatus::Continue;
      }
    } else if (path == "/stream" || path == "/stream/cancel") {
      started = open(path == "/stream/cancel");
    } else {
      return FilterHeadersStatus::Continue;
    }
    if (started != WasmResult::Ok) {
      sendLocalResponse(503, "", "refused: " + toString(started), {});
    }
    return FilterHeadersStatus::StopIteration;
  }

 private:
  const HeaderStringPairs metadata_ = {{"x-guest", "grpc_all"}};

  static uint32_t timeout() {
    return static_cast<uint32_t>(std::stoul(header("x-timeout-ms", "1000")));
  }

  WasmResult call_and_answer() {
    return root()->grpcSimpleCall(
        header("x-cluster", ""), header("x-service", "weir.test.Echo"), header("x-method", "Unary"),
        metadata_, Text{header("x-message", "")}, timeout(),
        [id = id()](size_t size) {
          answer(id, {{"x-grpc-status", "0"}}, received(size));
        },
        [id = id()](GrpcStatus status) {
          answer(id,
                 {{"x-grpc-status", number(status)},
                  {"x-grpc-message", getStatus().second->toString()}},
                 "");
        });
  }

  WasmResult call_handler(std::unique_ptr<GrpcCallHandlerBase> handler) {
    return root()->grpcCallHandler(header("x-cluster", ""), header("x-service", "weir.test.Echo"),
                                   header("x-method", "Unary"), metadata_,
                                   Text{header("x-message", "")}, timeout(), std::move(handler));
  }

  WasmResult open(bool cancels) {
    auto handler = std::make_unique<Chat>(id(), cancels);
    Chat& chat = *handler;
    const WasmResult opened =
        root()->grpcStreamHandler(header("x-cluster", ""), header("x-service", "weir.test.Echo"),
                                  header("x-method", "Chat"), metadata_, std::move(handler));
    if (opened != WasmResult::Ok) return opened;
    for (int i = 1; i <= 3; ++i) {
      CHECK_RESULT(chat.send(Text{header("x-message", "") + " " + std::to_string(i)}, false));
    }
    chat.close();
    return opened;
  }
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Stream));
