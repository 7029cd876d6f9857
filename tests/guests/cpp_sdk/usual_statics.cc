// Metrics as plugins keep them that were written for one instance to a program: in objects of the
// whole program, of a function and as bare ids, resolved by whichever instance comes first. Each
// instance defines others before, so that its ids of them differ from others' ids. What it does
// when it starts can be counted: in `starts`, the shared data `starts`, the queue `starts` and the
// log.

#include <atomic>
#include <string>

#include "proxy_wasm_intrinsics.h"

namespace {

std::atomic<int> instances{0};

Counter<> requests("requests");
Counter<std::string> by_path("by_path", "path");
Gauge<> latest("latest");
SimpleCounter* simple = nullptr;
uint32_t bare_id = 0;

class Root : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    for (int i = instances++; i > 0; --i) Counter<>("before_" + std::to_string(i)).increment(1);
    static Counter<> starts("starts");
    starts.increment(1);
    static SimpleCounter resolved = by_path.resolve("simple");
    simple = &resolved;
    static const bool is_defined =
        defineMetric(MetricType::Counter, "bare", &bare_id) == WasmResult::Ok;
    note_start();
    return is_defined;
  }

  bool onDone() override {
    logInfo("done");
    return true;
  }

 private:
  void note_start() {
    logInfo("configured");
    std::string before;
    uint32_t cas = 0;
    if (WasmDataPtr data; getSharedData("starts", &data, &cas) == WasmResult::Ok) {
      before = data->toString();
    }
    CHECK_RESULT(setSharedData("starts", before + "x", cas));
    uint32_t queue = 0;
    CHECK_RESULT(registerSharedQueue("starts", &queue));
    CHECK_RESULT(enqueueSharedQueue(queue, "started"));
  }
};

class Stream : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    static Counter<> seen("seen");
    seen.increment(1);
    requests.increment(1);
    by_path.increment(1, getRequestHeader(":path")->toString());
    simple->increment(2);
    latest.record(7);
    if (latest.get() != 7) logAbort("the gauge is another metric's");
    const std::string name = by_path.nameFromIdSlow(by_path.resolveWithFields({"simple"}));
    if (name != "path.simple.by_path") logAbort("the name is another metric's: " + name);
    if (!latest.nameFromIdSlow(bare_id).empty()) logAbort("the name is of no gauge");
    CHECK_RESULT(incrementMetric(bare_id, 3));
    uint64_t value = 0;
    if (getMetric(UINT32_MAX - 1, &value) == WasmResult::Ok) logAbort("there is no such metric");
    return FilterHeadersStatus::Continue;
  }
};

RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root));

}  // namespace
