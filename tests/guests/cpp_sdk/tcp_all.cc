// tcp_all for the C++ SDK: the scenarios of rust/tcp_all, by the same configuration and with the
// same effects (../README.md).

#include <algorithm>
#include <cctype>

#include "proxy_wasm_intrinsics.h"

namespace {

constexpr auto kDown = WasmBufferType::NetworkDownstreamData;
constexpr auto kUp = WasmBufferType::NetworkUpstreamData;

class Plugin : public RootContext {
 public:
  explicit Plugin(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t size) override {
    scenario = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString();
    for (const char* known : {"", "rewrite", "append", "lines", "hold-upstream", "auth", "commands",
                              "events", "properties"}) {
      if (scenario == known) return true;
    }
    return false;
  }

  std::string scenario;
};

std::string text(std::initializer_list<std::string_view> path) {
  std::string value;
  return getValue(path, &value) ? value : "absent";
}

std::string number(std::initializer_list<std::string_view> path) {
  uint64_t value = 0;
  return getValue(path, &value) ? std::to_string(value) : "absent";
}

const char* peer_name(CloseType peer) {
  return peer == CloseType::Local ? "local" : peer == CloseType::Remote ? "remote" : "unknown";
}

class Connection : public Context {
 public:
  explicit Connection(uint32_t id, RootContext* root)
      : Context(id, root), scenario_(static_cast<Plugin*>(root)->scenario) {}

  FilterStatus onNewConnection() override {
    event("new connection");
    if (scenario_ != "auth") return FilterStatus::Continue;
    CHECK_RESULT(root()->httpCall("auth",
                                  {{":method", "GET"}, {":path", "/auth"}, {":authority", "auth"}},
                                  "", {}, 5000, [id = id()](uint32_t, size_t, uint32_t) {
                                    if (auto* waiting = dynamic_cast<Connection*>(getContext(id)))
                                      waiting->on_answer();
                                  }));
    return FilterStatus::StopIteration;
  }

  FilterStatus onDownstreamData(size_t size, bool end) override {
    event("downstream data " + std::to_string(size) + (end ? " true" : " false"));
    const std::string data = getBufferBytes(kDown, 0, size)->toString();
    if (scenario_ == "rewrite") {
      setBuffer(kDown, 0, size, changed(data, std::toupper));
    } else if (scenario_ == "append" && end) {
      setBuffer(kDown, size, 0, "[client has ended]");
    } else if (scenario_ == "lines" && !end && (data.empty() || data.back() != '\n')) {
      return FilterStatus::StopIteration;
    } else if (scenario_ == "auth" && !allowed_) {
      return FilterStatus::StopIteration;
    } else if (scenario_ == "commands") {
      return obey(data);
    } else if (scenario_ == "properties" && size > 0) {
      setBuffer(kDown, 0, size,
                "source=" + text({"source", "address"}) + " port=" + number({"source", "port"}) +
                    " destination=" + text({"destination", "address"}) + " id=" +
                    number({"connection", "id"}) + " upstream=" + text({"upstream", "address"}) +
                    " cluster=" + text({"cluster_name"}) + " plugin=" + text({"plugin_name"}));
    }
    return FilterStatus::Continue;
  }

  FilterStatus onUpstreamData(size_t size, bool end) override {
    event("upstream data " + std::to_string(size) + (end ? " true" : " false"));
    const std::string data = getBufferBytes(kUp, 0, size)->toString();
    if (scenario_ == "rewrite") setBuffer(kUp, 0, size, changed(data, std::tolower));
    if (scenario_ == "append" && end) setBuffer(kUp, size, 0, "[upstream has ended]");
    return scenario_ == "hold-upstream" && !end ? FilterStatus::StopIteration
                                                : FilterStatus::Continue;
  }

  void onDownstreamConnectionClose(CloseType peer) override {
    event(std::string("downstream close ") + peer_name(peer));
  }
  void onUpstreamConnectionClose(CloseType peer) override {
    event(std::string("upstream close ") + peer_name(peer));
  }
  void onDone() override { event("done"); }
  void onLog() override { event("log"); }
  void onDelete() override { event("delete"); }

 private:
  void event(const std::string& what) {
    if (scenario_ == "events") logInfo("event: " + what);
  }

  static std::string changed(std::string data, int (*change)(int)) {
    std::transform(data.begin(), data.end(), data.begin(),
                   [change](unsigned char c) { return static_cast<char>(change(c)); });
    return data;
  }

  void on_answer() {
    setEffectiveContext();
    allowed_ =
        getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->view() == "200";
    if (allowed_) {
      continueDownstream();
    } else {
      closeDownstream();
    }
  }

  static FilterStatus obey(const std::string& command) {
    if (command == "panic") logAbort("panic: as told");
    if (command == "close-downstream") {
      closeDownstream();
    } else if (command == "close-upstream") {
      closeUpstream();
    } else {
      return FilterStatus::Continue;
    }
    return FilterStatus::StopIteration;
  }

  const std::string scenario_;
  bool allowed_ = false;
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Connection), ROOT_FACTORY(Plugin));
