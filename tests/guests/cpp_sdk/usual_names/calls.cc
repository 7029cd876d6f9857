// What no other guest calls of the usual C++ SDK's interface. Each claim that does not hold is a
// line "not so: ..." in the log; ../usual_names.yaml tells the rest.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proxy_wasm_intrinsics.h"
//
#include "contrib/proxy_expr.h"

namespace {

constexpr WasmResult kOk = WasmResult::Ok;

void claim(bool is_so, std::string_view text) {
  if (!is_so) logError("not so: " + std::string(text));
}
#define CLAIM(...) claim((__VA_ARGS__), #__VA_ARGS__)

// The functions of one header map. The four are alike, and so are those that are told which map.
struct Map {
  WasmHeaderMapType type;
  WasmResult (*add)(std::string_view, std::string_view);
  WasmDataPtr (*get)(std::string_view);
  WasmResult (*replace)(std::string_view, std::string_view);
  WasmResult (*remove)(std::string_view);
  WasmDataPtr (*list)();
  WasmResult (*set_list)(const HeaderStringPairs&);
  WasmResult (*size)(size_t*);
};

#define MAP(name)                                                                  \
  {                                                                                \
    WasmHeaderMapType::name##s, add##name, get##name, replace##name, remove##name, \
        get##name##Pairs, set##name##Pairs, get##name##Size                        \
  }
constexpr Map kRequestHeaders = MAP(RequestHeader);
constexpr Map kRequestTrailers = MAP(RequestTrailer);
constexpr Map kResponseHeaders = MAP(ResponseHeader);
constexpr Map kResponseTrailers = MAP(ResponseTrailer);
#undef MAP

HeaderStringPairs listed(const WasmDataPtr& data) {
  HeaderStringPairs all;
  for (const auto& [name, value] : data->pairs()) all.emplace_back(name, value);
  return all;
}

void check_one_value(const Map& map) {
  CLAIM(map.add("x-one", "1") == kOk);
  CLAIM(getHeaderMapValue(map.type, "x-one")->view() == "1");
  CLAIM(addHeaderMapValue(map.type, "x-two", "2") == kOk);
  CLAIM(map.get("x-two")->view() == "2");
  CLAIM(map.replace("x-two", "3") == kOk);
  CLAIM(getHeaderMapValue(map.type, "x-two")->view() == "3");
  CLAIM(replaceHeaderMapValue(map.type, "x-one", "4") == kOk);
  CLAIM(map.get("x-one")->view() == "4");
  CLAIM(map.get("x-none")->size() == 0);
}

void check_all_values(const Map& map) {
  size_t size = 0;
  HeaderStringPairs all = listed(getHeaderMapPairs(map.type));
  CLAIM(std::count(all.begin(), all.end(), HeaderStringPairs::value_type("x-one", "4")) == 1);
  CLAIM(getHeaderMapSize(map.type, &size) == kOk && size == pairsSize(all));
  all.emplace_back("x-set", "5");
  CLAIM(map.set_list(all) == kOk);
  CLAIM(listed(map.list()) == all);
  CLAIM(map.size(&size) == kOk && size == pairsSize(all));
  CLAIM(map.remove("x-set") == kOk && map.get("x-set")->size() == 0);
  CLAIM(removeHeaderMapValue(map.type, "x-two") == kOk && map.get("x-two")->size() == 0);
  all = listed(map.list());
  all.emplace_back("x-seen", "yes");
  CLAIM(setHeaderMapPairs(map.type, all) == kOk && map.get("x-seen")->view() == "yes");
}

void check_map(const Map& map) {
  check_one_value(map);
  check_all_values(map);
}

// A body of "a" becomes "first a last", and then "a last".
void check_body(WasmBufferType buffer, size_t size) {
  size_t known = 0;
  uint32_t flags = 0;
  CLAIM(getBufferStatus(buffer, &known, &flags) == kOk && known == size);
  const std::string body = getBufferBytes(buffer, 0, size)->toString();
  CLAIM(setBuffer(buffer, 0, 0, "first ", &known) == kOk && known == size + 6);
  CLAIM(setBuffer(buffer, known, 0, " last") == kOk);
  CLAIM(getBufferBytes(buffer, 0, 1000)->view() == "first " + body + " last");
  CLAIM(setBuffer(buffer, 0, 6, "", &known) == kOk && known == size + 5);
  CLAIM(getBufferBytes(buffer, 1, 2)->view() == body.substr(1, 2));
}

void check_pairs() {
  const HeaderStringPairs pairs = {{"a", "1"}, {"", ""}, {"b", std::string("\0c", 2)}};
  const char* bytes = nullptr;
  size_t size = 0;
  exportPairs(pairs, &bytes, &size);
  CLAIM(size == pairsSize(pairs));
  CLAIM(listed(std::make_unique<WasmData>(bytes, size)) == pairs);
  void* buffer = nullptr;
  MakeHeaderStringPairsBuffer(pairs, &buffer, &size);
  CLAIM(listed(std::make_unique<WasmData>(static_cast<char*>(buffer), size)) == pairs);
  std::string marshalled(size, 'x');
  marshalPairs(pairs, marshalled.data());
  CLAIM(marshalled.substr(0, 4) == std::string_view("\3\0\0\0", 4));
  exportPairs(HeaderStringPairs(), &bytes, &size);
  CLAIM(bytes == nullptr && size == 0);
}

void check_texts() {
  CLAIM(toString(WasmResult::CasMismatch) == "CasMismatch" && toString(kOk) == "Ok");
  CLAIM(toString(true) == "true" && toString(-7) == "-7" && toString("x") == "x");
  std::unordered_map<std::pair<int, int>, int, PairHash> two = {{{1, 2}, 3}};
  std::unordered_map<std::tuple<int, int, int>, int, Tuple3Hash> three = {{{1, 2, 3}, 4}};
  CLAIM(two.at({1, 2}) == 3 && three.at({1, 2, 3}) == 4);
  CLAIM(getCurrentTimeNanoseconds() >= 1'000'000'000);
}

void check_shared() {
  WasmDataPtr value;
  uint32_t cas = 0;
  CLAIM(getSharedData("none", &value) == WasmResult::NotFound);
  CLAIM(setSharedData("names", "a") == kOk && getSharedDataValue("names", &cas)->view() == "a");
  CLAIM(setSharedData("names", "b", cas) == kOk);
  CLAIM(setSharedData("names", "c", cas) == WasmResult::CasMismatch);
  uint32_t opened = 0;
  uint32_t found = 0;
  CLAIM(registerSharedQueue("names", &opened) == kOk);
  CLAIM(resolveSharedQueue("", "names", &found) == kOk && found == opened);
  CLAIM(enqueueSharedQueue(found, "item") == kOk);
  CLAIM(dequeueSharedQueue(opened, &value) == kOk && value->view() == "item");
  CLAIM(dequeueSharedQueue(opened, &value) == WasmResult::Empty);
}

void check_metrics() {
  Metric metric(MetricType::Counter, "names",
                {{"a", MetricTag::TagType::String}, {"b", MetricTag::TagType::Int}}, "|", "=");
  metric.increment(2, "x", 1);
  Metric partial = metric.partiallyResolve("x");
  partial.increment(3, 1);
  CLAIM(metric.get("x", 1) == 5 && partial.get(1) == 5);
  CLAIM(metric.nameFromIdSlow(metric.resolve("x", 1)) == "a=x|b=1|names");
  const std::unique_ptr<Counter<std::string>> more(Counter<std::string>::New("more", "a"));
  const std::unique_ptr<Counter<int>> counter(
      more->extendAndResolve("x", MetricTagDescriptor<int>("b")));
  SimpleCounter simple = counter->resolve(1);
  ++simple;
  simple++;
  CLAIM(simple.get() == 2 && counter->get(1) == 2);
  Gauge<bool> level("level", "full");
  level.resolve(true).record(7);
  CLAIM(level.get(true) == 7);
  Histogram<>("sizes").resolve().record(1);
}

class Root : public RootContext {
 public:
  using RootContext::RootContext;

  std::vector<uint32_t> held;           // streams whose requests go on with the next tick
  std::vector<uint32_t> held_answers;   // and those whose responses do
  std::vector<uint32_t> held_upstream;  // and connections whose upstream's bytes do

  bool onConfigure(size_t size) override {
    const char* text = nullptr;
    size_t text_size = 0;
    CLAIM(proxy_get_configuration(&text, &text_size) == kOk && text_size == size);
    CLAIM(WasmData(text, text_size).view() == "names");
    LogLevel level = LogLevel::Max;
    CLAIM(getLogLevel(&level) == kOk && level <= LogLevel::critical);
    CLAIM(getRoot(root_id()) == this && getRoot("other") == nullptr);
    CLAIM(getRootContext(id()) == this && getContextBase(id()) == this);
    CLAIM(getContext(id()) == nullptr && asRoot() == this && asContext() == nullptr);
    check_pairs();
    check_texts();
    check_shared();
    check_metrics();
    return proxy_set_tick_period_milliseconds(1000) == kOk;
  }

  void onTick() override;

  // Calls by their tokens.
  void onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size, uint32_t) override {
    CLAIM(token == http_ && headers > 0);
    CLAIM(getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->view() ==
          "207");
    CLAIM(getHeaderMapValue(WasmHeaderMapType::HttpCallResponseTrailers, "x-end")->view() == "1");
    logInfo("http " +
            getBufferBytes(WasmBufferType::HttpCallResponseBody, 0, body_size)->toString());
  }
  void onGrpcReceiveInitialMetadata(uint32_t token, uint32_t) override {
    CLAIM(token == stream_);
    const auto map = WasmHeaderMapType::GrpcReceiveInitialMetadata;
    logInfo("initial " + getHeaderMapValue(map, "x-begin")->toString());
  }
  void onGrpcReceive(uint32_t token, size_t size) override {
    const auto message = getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, size);
    logInfo((token == call_ ? "call " : "stream ") + message->toString());
    if (token == stream_)
      CLAIM(grpcSend(stream_, "two", false) == kOk && grpcClose(stream_) == kOk);
  }
  void onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t) override {
    CLAIM(token == stream_);
    const auto map = WasmHeaderMapType::GrpcReceiveTrailingMetadata;
    logInfo("trailing " + getHeaderMapValue(map, "x-end")->toString());
  }
  void onGrpcClose(uint32_t token, GrpcStatus status) override {
    CLAIM(token != given_up_);
    const auto [code, message] = getStatus();
    CLAIM(code == static_cast<uint32_t>(status));
    logInfo("closed " + toString(static_cast<int>(code)) + " " + message->toString());
  }

  void call() {
    const HeaderStringPairs headers = {{":method", "PUT"}, {":path", "/x"}, {":authority", "web"}};
    CLAIM(makeHttpCall("web", headers, "body", {{"x-trailer", "1"}}, 1000, &http_) == kOk);
    CLAIM(grpcCall("one", "names.Names", "Get", {{"x-m", "1"}}, "ask", 1000, &call_) == kOk);
    CLAIM(grpcCall("one", "names.Names", "Refuse", {}, "", 1000, &refused_) == kOk);
    CLAIM(grpcStream("many", "names.Names", "Watch", {{"x-m", "2"}}, &stream_) == kOk);
    CLAIM(grpcSend(stream_, "one", false) == kOk);
    CLAIM(grpcCall("many", "names.Names", "Get", {}, "no", 1000, &given_up_) == kOk);
    CLAIM(grpcCancel(given_up_) == kOk);
  }

 private:
  uint32_t http_ = 0;
  uint32_t call_ = 0;
  uint32_t refused_ = 0;
  uint32_t stream_ = 0;
  uint32_t given_up_ = 0;
};

class Stream : public Context {
 public:
  using Context::Context;

  Root* plugin() { return dynamic_cast<Root*>(root()); }

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    path_ = getRequestHeader(":path")->toString();
    CLAIM(getContext(id()) == this && asContext() == this && asRoot() == nullptr);
    check_map(kRequestHeaders);
    check_properties();
    if (path_ == "/routed") CLAIM(proxy_clear_route_cache() == kOk);
    if (path_ == "/calls") plugin()->call();
    if (path_ != "/held") return FilterHeadersStatus::Continue;
    plugin()->held.push_back(id());
    return FilterHeadersStatus::StopIteration;
  }
  FilterDataStatus onRequestBody(size_t size, bool end) override {
    if (!end && size == 0) return FilterDataStatus::Continue;
    check_body(WasmBufferType::HttpRequestBody, size);
    return FilterDataStatus::Continue;
  }
  FilterTrailersStatus onRequestTrailers(uint32_t) override {
    check_map(kRequestTrailers);
    return FilterTrailersStatus::Continue;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    check_map(kResponseHeaders);
    if (path_ == "/closed") CLAIM(closeResponse() == kOk);
    if (path_ != "/held") return FilterHeadersStatus::Continue;
    plugin()->held_answers.push_back(id());
    return FilterHeadersStatus::StopIteration;
  }
  FilterDataStatus onResponseBody(size_t size, bool) override {
    if (size > 0) check_body(WasmBufferType::HttpResponseBody, size);
    return FilterDataStatus::Continue;
  }
  FilterTrailersStatus onResponseTrailers(uint32_t) override {
    check_map(kResponseTrailers);
    return FilterTrailersStatus::Continue;
  }

  FilterStatus onUpstreamData(size_t size, bool) override {
    if (getBufferBytes(WasmBufferType::NetworkUpstreamData, 0, size)->view() != "wait") {
      return FilterStatus::Continue;
    }
    plugin()->held_upstream.push_back(id());
    return FilterStatus::StopIteration;
  }

 private:
  void check_properties() {
    std::string value;
    CLAIM(getValue({"request", "path"}, &value) && value == path_);
    CLAIM(getProperty(std::vector<std::string>{"request", "path"}).value()->view() == path_);
    CLAIM(!getProperty({"no", "such"}).has_value());
    CLAIM(setFilterStateStringValue("names", "kept") == kOk);
    CLAIM(getValue(std::vector<std::string>{"names"}, &value) && value == "kept");
    uint32_t expression = 0;
    bool is_long = true;
    CLAIM(createExpression("request.path", &expression) == kOk);
    CLAIM(exprEvaluate(expression).value()->view() == path_);
    CLAIM(exprDelete(expression) == kOk && !exprEvaluate(expression).has_value());
    CLAIM(createExpression("size(request.path) > 100", &expression) == kOk);
    CLAIM(evaluateExpression(expression, &is_long) && !is_long);
    CLAIM(createExpression("1 +", &expression) == WasmResult::BadArgument);
  }

  std::string path_;
};

void Root::onTick() {
  const auto each = [](std::vector<uint32_t>& streams, WasmResult (*go_on)()) {
    for (const uint32_t stream : std::exchange(streams, {})) {
      CLAIM(getContext(stream)->setEffectiveContext() == kOk && go_on() == kOk);
    }
  };
  each(held, proxy_continue_request);
  each(held_answers, proxy_continue_response);
  each(held_upstream, continueUpstream);
}

RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root));

}  // namespace
