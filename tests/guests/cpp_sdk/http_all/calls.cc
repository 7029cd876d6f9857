// Local replies, and HTTP calls of the root context.

#include "scenario.h"

namespace {

FilterHeadersStatus deny(uint32_t status, std::string details) {
  sendLocalResponse(status, details, "denied by guest", {{"x-details", details}});
  return FilterHeadersStatus::StopIteration;
}

class FromRequestHeaders final : public Scenario {
  FilterHeadersStatus on_request_headers() override { return deny(403, "request"); }
};

class FromRequestBody final : public Scenario {
  FilterDataStatus on_request_body(size_t, bool end) override {
    if (end) deny(413, "body");
    return FilterDataStatus::StopIterationAndBuffer;
  }
};

class FromResponseHeaders final : public Scenario {
  FilterHeadersStatus on_response_headers() override {
    deny(502, "response");
    return FilterHeadersStatus::Continue;
  }
};

class Grpc final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    sendLocalResponse(200, "", "denied", {{"x-details", "grpc"}}, GrpcStatus::PermissionDenied);
    return FilterHeadersStatus::StopIteration;
  }
};

class Reset final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    closeRequest();
    return FilterHeadersStatus::StopIteration;
  }
};

// A scenario that calls the upstream in the request header x-cluster.
class Calling : public Scenario {
 public:
  explicit Calling(Stream& stream) : stream_(stream) {}

 protected:
  // The stream may be gone when the answer comes; its id is not given to another before.
  WasmResult call(std::string_view method, std::string_view body = {}) {
    const std::string cluster = request_header("x-cluster");
    std::string path = request_header("x-call-path");
    if (path.empty()) path = "/auth";
    const std::string timeout = request_header("x-timeout-ms");
    return stream_.root()->httpCall(
        cluster, {{":method", std::string(method)}, {":path", path}, {":authority", cluster}}, body,
        {}, timeout.empty() ? 1000 : static_cast<uint32_t>(std::stoul(timeout)),
        [id = stream_.id()](uint32_t headers, size_t body_size, uint32_t) {
          auto* stream = dynamic_cast<Stream*>(getContext(id));
          if (stream == nullptr) return;
          stream->setEffectiveContext();
          stream->scenario()->on_call_response(headers, body_size);
        });
  }

  // Refused, the request is answered.
  bool call_or_reply(std::string_view method, std::string_view body = {}) {
    const WasmResult result = call(method, body);
    if (result == WasmResult::Ok) return true;
    sendLocalResponse(503, "", "call refused: " + toString(result), {});
    return false;
  }

  static std::string answer_header(std::string_view name) {
    return getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, name)->toString();
  }
  static WasmDataPtr answer_body(size_t size) {
    return getBufferBytes(WasmBufferType::HttpCallResponseBody, 0, size);
  }
  static std::string answer(uint32_t headers) {
    if (headers == 0) return "failed";
    const std::string auth = answer_header("x-auth");
    return auth.empty() ? "none" : auth;
  }

 private:
  Stream& stream_;
};

class OnRequest final : public Calling {
  using Calling::Calling;
  FilterHeadersStatus on_request_headers() override {
    call_or_reply("GET");
    return FilterHeadersStatus::StopIteration;
  }
  void on_call_response(uint32_t headers, size_t body_size) override {
    if (headers == 0) {
      sendLocalResponse(504, "", "call failed", {});
      return;
    }
    replaceRequestHeader("x-auth", answer(headers));
    replaceRequestHeader("x-call-status", answer_header(":status"));
    replaceRequestHeader("x-call-body", answer_body(body_size)->view());
    continueRequest();
  }
};

class OnRequestBody final : public Calling {
  using Calling::Calling;
  FilterHeadersStatus on_request_headers() override {
    removeRequestHeader("content-length");
    return FilterHeadersStatus::Continue;
  }
  FilterDataStatus on_request_body(size_t size, bool end) override {
    if (end) {
      size_ = size;
      call_or_reply("POST", getBufferBytes(WasmBufferType::HttpRequestBody, 0, size)->view());
    }
    return FilterDataStatus::StopIterationAndBuffer;
  }
  void on_call_response(uint32_t, size_t body_size) override {
    setBuffer(WasmBufferType::HttpRequestBody, 0, size_, answer_body(body_size)->view());
    continueRequest();
  }
  size_t size_ = 0;
};

class OnResponse final : public Calling {
  using Calling::Calling;
  FilterHeadersStatus on_response_headers() override {
    return call_or_reply("GET") ? FilterHeadersStatus::StopIteration
                                : FilterHeadersStatus::Continue;
  }
  void on_call_response(uint32_t headers, size_t) override {
    replaceResponseHeader("x-auth", answer(headers));
    continueResponse();
  }
};

class Parallel final : public Calling {
  using Calling::Calling;
  FilterHeadersStatus on_request_headers() override {
    for (int i = 0; i < 3; ++i) CHECK_RESULT(call("GET"));
    return FilterHeadersStatus::StopIteration;
  }
  void on_call_response(uint32_t headers, size_t) override {
    if (++answered_ > 1) answers_ += ",";
    answers_ += answer(headers);
    if (answered_ < 3) return;
    replaceRequestHeader("x-auth", answers_);
    continueRequest();
  }
  int answered_ = 0;
  std::string answers_;
};

class Forget final : public Calling {
  using Calling::Calling;
  FilterHeadersStatus on_request_headers() override {
    CHECK_RESULT(call("GET"));
    return FilterHeadersStatus::Continue;
  }
  void on_call_response(uint32_t headers, size_t) override {
    logInfo("forgotten call: " + answer(headers));
  }
};

}  // namespace

ScenarioPtr make_reply_scenario(std::string_view path) {
  if (path == "/local-response") return std::make_unique<FromRequestHeaders>();
  if (path == "/local-response/body") return std::make_unique<FromRequestBody>();
  if (path == "/local-response/response") return std::make_unique<FromResponseHeaders>();
  if (path == "/local-response/grpc") return std::make_unique<Grpc>();
  if (path == "/reset") return std::make_unique<Reset>();
  return nullptr;
}

ScenarioPtr make_call_scenario(std::string_view path, Stream& stream) {
  if (path == "/http-call") return std::make_unique<OnRequest>(stream);
  if (path == "/http-call/body") return std::make_unique<OnRequestBody>(stream);
  if (path == "/http-call/response") return std::make_unique<OnResponse>(stream);
  if (path == "/http-call/parallel") return std::make_unique<Parallel>(stream);
  if (path == "/http-call/forget") return std::make_unique<Forget>(stream);
  return nullptr;
}
