#include "scenario.h"

namespace {

class Edit final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    const auto all = getRequestHeaderPairs();
    addRequestHeader("x-multi", "guest");
    replaceRequestHeader("x-set", "guest");
    removeRequestHeader("x-remove");
    replaceRequestHeader("x-count", std::to_string(all->pairs().size()));
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus on_response_headers() override {
    const auto all = getResponseHeaderPairs();
    addResponseHeader("x-multi", "guest");
    replaceResponseHeader("x-set", "guest");
    removeResponseHeader("x-remove");
    replaceResponseHeader("x-count", std::to_string(all->pairs().size()));
    return FilterHeadersStatus::Continue;
  }
};

class SetAll final : public Scenario {
  static HeaderStringPairs kept(WasmDataPtr headers) {
    HeaderStringPairs all;
    for (const auto& [name, value] : headers->pairs()) {
      if (name.substr(0, 2) != "x-") all.emplace_back(name, value);
    }
    all.emplace_back("x-all", "1");
    all.emplace_back("x-all", "2");
    return all;
  }
  FilterHeadersStatus on_request_headers() override {
    setRequestHeaderPairs(kept(getRequestHeaderPairs()));
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus on_response_headers() override {
    setResponseHeaderPairs(kept(getResponseHeaderPairs()));
    return FilterHeadersStatus::Continue;
  }
};

class Binary final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    replaceRequestHeader("x-out", getRequestHeader("x-in")->view());
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus on_response_headers() override {
    replaceResponseHeader("x-binary",
                          "a\xff"
                          "b");
    return FilterHeadersStatus::Continue;
  }
};

class EditTrailers final : public Scenario {
  FilterTrailersStatus on_request_trailers() override {
    addRequestTrailer("x-added", "guest");
    replaceRequestTrailer("x-set", "guest");
    removeRequestTrailer("x-remove");
    return FilterTrailersStatus::Continue;
  }
  FilterTrailersStatus on_response_trailers() override {
    addResponseTrailer("x-added", "guest");
    replaceResponseTrailer("x-set", "guest");
    removeResponseTrailer("x-remove");
    return FilterTrailersStatus::Continue;
  }
};

class CreateTrailers final : public Scenario {
  static FilterDataStatus tell(WasmResult result) {
    logInfo("create trailer: " +
            (result == WasmResult::Ok ? "Ok(())" : "Err(" + toString(result) + ")"));
    return FilterDataStatus::Continue;
  }
  FilterDataStatus on_request_body(size_t, bool end_of_stream) override {
    return end_of_stream ? tell(addRequestTrailer("x-created", "guest"))
                         : FilterDataStatus::Continue;
  }
  FilterDataStatus on_response_body(size_t, bool end_of_stream) override {
    return end_of_stream ? tell(addResponseTrailer("x-created", "guest"))
                         : FilterDataStatus::Continue;
  }
};

}  // namespace

ScenarioPtr make_headers_scenario(std::string_view path) {
  if (path == "/headers") return std::make_unique<Edit>();
  if (path == "/headers/all") return std::make_unique<SetAll>();
  if (path == "/headers/binary") return std::make_unique<Binary>();
  if (path == "/trailers") return std::make_unique<EditTrailers>();
  if (path == "/trailers/create") return std::make_unique<CreateTrailers>();
  return nullptr;
}
