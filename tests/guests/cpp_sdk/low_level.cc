// A plugin against the ABI's own functions, with the SDK's callbacks where it has none: as programs
// do that were written before there were contexts. Both ways, `x-guest: low-level`; the response
// tells by x-streams how many streams its root context has seen by way of the SDK.

#include "proxy_wasm_intrinsics.h"

START_WASM_PLUGIN(LowLevel)

class Counting : public Context {
 public:
  explicit Counting(uint32_t id, RootContext* root) : Context(id, root) {}
  void onCreate() override { Metric(MetricType::Counter, "low_level.streams").increment(1); }
};

static RegisterContextFactory registered(CONTEXT_FACTORY(Counting));

namespace {

void mark(WasmHeaderMapType map) {
  constexpr StringView kName = "x-guest";
  constexpr StringView kValue = "low-level";
  CHECK_RESULT(
      proxy_add_header_map_value(map, kName.data(), kName.size(), kValue.data(), kValue.size()));
}

}  // namespace

WASM_EXPORT(uint32_t, proxy_on_configure, (uint32_t, uint32_t)) { return 1; }

WASM_EXPORT(FilterHeadersStatus, proxy_on_request_headers, (uint32_t, uint32_t, uint32_t)) {
  mark(WasmHeaderMapType::RequestHeaders);
  return FilterHeadersStatus::Continue;
}

WASM_EXPORT(FilterHeadersStatus, proxy_on_response_headers, (uint32_t, uint32_t, uint32_t)) {
  mark(WasmHeaderMapType::ResponseHeaders);
  const uint64_t streams = Metric(MetricType::Counter, "low_level.streams").get();
  addResponseHeader("x-streams", std::to_string(streams));
  return FilterHeadersStatus::Continue;
}

END_WASM_PLUGIN
