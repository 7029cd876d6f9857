// Routes by the first label of the host name; see ../README.md.

#include "proxy_wasm_intrinsics.h"

namespace {

class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root) : Context(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const std::string host = getRequestHeader(":authority")->toString();
    const std::string tenant = host.substr(0, host.find_first_of(".:"));
    if (tenant.empty() || tenant.size() == host.size()) return FilterHeadersStatus::Continue;
    const std::string path = getRequestHeader(":path")->toString();
    replaceRequestHeader(":path", "/tenants/" + tenant + path);
    // The route was chosen by the old path: choose again.
    constexpr std::string_view kClear = "clear_route_cache";
    char* results = nullptr;
    size_t size = 0;
    CHECK_RESULT(
        proxy_call_foreign_function(kClear.data(), kClear.size(), nullptr, 0, &results, &size));
    const WasmData none(results, size);
    return FilterHeadersStatus::Continue;
  }
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Stream));
