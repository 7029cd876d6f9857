#include "scenario.h"

namespace {

constexpr auto kRequest = WasmBufferType::HttpRequestBody;
constexpr auto kResponse = WasmBufferType::HttpResponseBody;

// A body that changes has no length that is known before.
class Changing : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    removeRequestHeader("content-length");
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus on_response_headers() override {
    removeResponseHeader("content-length");
    return FilterHeadersStatus::Continue;
  }
};

class Rewrite final : public Changing {
  static FilterDataStatus wrap(WasmBufferType buffer, const char* what, size_t size, bool end) {
    if (!end) return FilterDataStatus::StopIterationAndBuffer;
    const std::string body = getBufferBytes(buffer, 0, size)->toString();
    setBuffer(buffer, 0, size, what + ("(" + body) + ")");
    return FilterDataStatus::Continue;
  }
  FilterDataStatus on_request_body(size_t size, bool end) override {
    return wrap(kRequest, "request", size, end);
  }
  FilterDataStatus on_response_body(size_t size, bool end) override {
    return wrap(kResponse, "response", size, end);
  }
};

class Append final : public Changing {
  static FilterDataStatus append(WasmBufferType buffer, size_t size, bool end) {
    size_t new_size = 0;
    if (end) CHECK_RESULT(setBuffer(buffer, size, 0, "[end]", &new_size));
    if (end && new_size != size + 5) logAbort("the buffer did not grow");
    return FilterDataStatus::Continue;
  }
  FilterDataStatus on_request_body(size_t size, bool end) override {
    return append(kRequest, size, end);
  }
  FilterDataStatus on_response_body(size_t size, bool end) override {
    return append(kResponse, size, end);
  }
};

class Prepend final : public Changing {
  FilterDataStatus on_request_body(size_t, bool) override {
    if (!std::exchange(request_begun_, true)) setBuffer(kRequest, 0, 0, "[begin]");
    return FilterDataStatus::Continue;
  }
  FilterDataStatus on_response_body(size_t, bool) override {
    if (!std::exchange(response_begun_, true)) setBuffer(kResponse, 0, 0, "[begin]");
    return FilterDataStatus::Continue;
  }
  bool request_begun_ = false;
  bool response_begun_ = false;
};

class Pause final : public Scenario {
  FilterDataStatus on_request_body(size_t size, bool end) override {
    if (!sizes_.empty()) sizes_ += ",";
    sizes_ += std::to_string(size);
    return end ? FilterDataStatus::Continue : FilterDataStatus::StopIterationAndBuffer;
  }
  FilterHeadersStatus on_response_headers() override {
    replaceResponseHeader("x-body-sizes", sizes_);
    return FilterHeadersStatus::Continue;
  }
  std::string sizes_;
};

class ReplaceEachChunk final : public Changing {
  FilterDataStatus on_response_body(size_t size, bool) override {
    if (size > 0) setBuffer(kResponse, 0, static_cast<size_t>(-1), "*");
    return FilterDataStatus::Continue;
  }
};

}  // namespace

ScenarioPtr make_body_scenario(std::string_view path) {
  if (path == "/body/rewrite") return std::make_unique<Rewrite>();
  if (path == "/body/append") return std::make_unique<Append>();
  if (path == "/body/prepend") return std::make_unique<Prepend>();
  if (path == "/body/pause") return std::make_unique<Pause>();
  if (path == "/body/replace-all") return std::make_unique<ReplaceEachChunk>();
  return nullptr;
}
