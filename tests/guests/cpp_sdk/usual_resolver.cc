// A program against Envoy's own header: it looks up the host that its configuration names, for the
// root context and for each request, which goes on with the addresses as `x-addresses`.

#include <string>

#include "envoy_proxy_wasm_api.h"
#include "proxy_wasm_intrinsics.h"

class ResolverRootContext : public EnvoyRootContext {
 public:
  explicit ResolverRootContext(uint32_t id, std::string_view root_id)
      : EnvoyRootContext(id, root_id) {}

  bool onConfigure(size_t size) override {
    host_ = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString();
    return envoy_resolve_dns(host_.data(), host_.size(), &token_) == WasmResult::Ok;
  }

  void onResolveDns(uint32_t token, uint32_t result_size) override {
    auto bytes = getBufferBytes(WasmBufferType::CallData, 0, result_size);
    for (const DnsResult& result : parseDnsResults(bytes->view())) {
      LOG_INFO("the root context's " + result.address);
    }
    if (token != token_) LOG_ERROR("an answer to another question");
  }

  void onStatsUpdate(uint32_t result_size) override {
    auto bytes = getBufferBytes(WasmBufferType::CallData, 0, result_size);
    const StatResult stats = parseStatResults(bytes->view());
    LOG_INFO(std::to_string(stats.counters.size()) + " " + std::to_string(stats.gauges.size()));
  }

  const std::string& host() const { return host_; }

 private:
  std::string host_;
  uint32_t token_ = 0;
};

class ResolverContext : public EnvoyContext {
 public:
  explicit ResolverContext(uint32_t id, RootContext* root) : EnvoyContext(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const std::string& host = static_cast<ResolverRootContext*>(root())->host();
    uint32_t token = 0;
    const WasmResult result = envoy_resolve_dns(host.data(), host.size(), &token);
    return result == WasmResult::Ok ? FilterHeadersStatus::StopIteration
                                    : FilterHeadersStatus::Continue;
  }

  void onResolveDns(uint32_t, uint32_t result_size) override {
    auto bytes = getBufferBytes(WasmBufferType::CallData, 0, result_size);
    std::string addresses;
    for (const DnsResult& result : parseDnsResults(bytes->view())) {
      addresses += (addresses.empty() ? "" : " ") + result.address;
    }
    setEffectiveContext();
    addRequestHeader("x-addresses", addresses.empty() ? "none" : addresses);
    continueRequest();
  }
};

static RegisterContextFactory register_Resolver(CONTEXT_FACTORY(ResolverContext),
                                                ROOT_FACTORY(ResolverRootContext));
