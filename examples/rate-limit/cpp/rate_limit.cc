// Lets each client make so many requests in a time; see ../README.md.

#include <cinttypes>
#include <cstdio>

#include "proxy_wasm_intrinsics.h"

namespace {

struct Limit {
  uint64_t requests = 10;
  uint64_t seconds = 1;
};

class Plugin : public RootContext {
 public:
  explicit Plugin(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t size) override {
    if (size == 0) return true;
    const auto text = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString();
    // 5/60: five requests a minute.
    const int read =
        std::sscanf(text.c_str(), "%" SCNu64 "/%" SCNu64, &limit_.requests, &limit_.seconds);
    if (read == 2 && limit_.seconds > 0) return true;
    LOG_ERROR("the configuration is REQUESTS/SECONDS, as 5/60");
    return false;
  }

  const Limit& limit() const { return limit_; }

 private:
  Limit limit_;
};

// Counts this request; the number of the client's requests in this window. Shared data is the same
// on all worker threads. Its value is `WINDOW COUNT`.
uint64_t count(const std::string& client, uint64_t window) {
  const std::string key = "rate-limit." + client;
  for (;;) {
    WasmDataPtr value;
    uint32_t cas = 0;
    uint64_t of = 0;
    uint64_t before = 0;
    if (getSharedData(key, &value, &cas) == WasmResult::Ok) {
      const std::string text = value->toString();
      const int read = std::sscanf(text.c_str(), "%" SCNu64 " %" SCNu64, &of, &before);
      if (read != 2 || of != window) before = 0;
    }
    const std::string now = std::to_string(window) + " " + std::to_string(before + 1);
    const WasmResult set = setSharedData(key, now, cas);
    if (set == WasmResult::Ok) return before + 1;
    // Where another thread was quicker, look again.
    if (set != WasmResult::CasMismatch) {
      LOG_ERROR("cannot count: " + toString(set));
      return 0;
    }
  }
}

class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root) : Context(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const std::string client = getRequestHeader("x-api-key")->toString();
    if (client.empty()) {
      sendLocalResponse(401, "", "no x-api-key\n", {});
      return FilterHeadersStatus::StopIteration;
    }
    const Limit& limit = static_cast<Plugin*>(root())->limit();
    const uint64_t now = getCurrentTimeNanoseconds() / 1'000'000'000;
    if (count(client, now / limit.seconds) <= limit.requests) return FilterHeadersStatus::Continue;
    const std::string wait = std::to_string(limit.seconds - now % limit.seconds);
    sendLocalResponse(429, "", "too many requests\n", {{"retry-after", wait}});
    return FilterHeadersStatus::StopIteration;
  }
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Plugin));
