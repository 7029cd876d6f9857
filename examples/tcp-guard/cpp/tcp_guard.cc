// Lets connections pass whose first bytes are those of a protocol; see ../README.md.

#include <algorithm>

#include "proxy_wasm_intrinsics.h"

namespace {

class Plugin : public RootContext {
 public:
  explicit Plugin(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t size) override {
    if (size > 0) {
      greeting_ = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString();
    }
    return true;
  }

  const std::string& greeting() const { return greeting_; }

 private:
  std::string greeting_ = "HELLO ";
};

class Connection : public Context {
 public:
  explicit Connection(uint32_t id, RootContext* root)
      : Context(id, root), greeting_(static_cast<Plugin*>(root)->greeting()) {}

  FilterStatus onDownstreamData(size_t size, bool end_of_stream) override {
    if (!passed_) {
      const size_t wanted = std::min(size, greeting_.size());
      const auto begin = getBufferBytes(WasmBufferType::NetworkDownstreamData, 0, wanted);
      const bool is_whole = begin->size() == greeting_.size();
      if (begin->view() != greeting_.substr(0, begin->size()) || (end_of_stream && !is_whole)) {
        logWarn("a connection that does not greet is closed");
        closeDownstream();
        return FilterStatus::StopIteration;
      }
      // Too little to tell: the host keeps it, and calls again with more.
      if (!is_whole) return FilterStatus::StopIteration;
      passed_ = true;
    }
    up_ += size;
    return FilterStatus::Continue;
  }

  FilterStatus onUpstreamData(size_t size, bool) override {
    down_ += size;
    return FilterStatus::Continue;
  }

  void onDone() override {
    logInfo(std::to_string(up_) + " bytes up, " + std::to_string(down_) + " bytes down");
  }

 private:
  const std::string greeting_;
  bool passed_ = false;
  size_t up_ = 0;
  size_t down_ = 0;
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Connection), ROOT_FACTORY(Plugin));
