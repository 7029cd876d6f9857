#pragma once
// A host as an embedder makes it, in a world of fakes.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "abi/limited_module.h"
#include "base/clock.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "runtime/host.h"
#include "runtime/metrics.h"
#include "runtime/worker.h"
#include "support/capture_logger.h"
#include "support/fake_services.h"
#include "support/journal.h"
#include "support/script.h"

namespace weir::test {

// The engines of this process; adapters come from the build (WEIR_ENGINE_PATH).
const engine::Engines& engines();

// Compiled code: most tests run the same module. It is kept where WEIR_TEST_CODE_CACHE says, or for
// the life of the process.
const engine::CodeCache& code_cache();

// Every engine that can be loaded here, `null` among them. Those that cannot are named aloud, and
// the default one must be there. That one comes again as "wasmtime+limits", with all limits
// supplied by Weir.
const std::vector<std::string>& loadable_engines();

// The same, and "wasmtime+streams", where each stream has an instance of its own: for tests that
// one stream is enough for.
std::vector<std::string> engines_and_isolations();

// What stands behind a name of these.
std::string_view adapter_of(std::string_view engine);
abi::SupplyLimits supplied_limits(std::string_view engine);
runtime::Isolation isolation_of(std::string_view engine);

// What a plugin can count on there. Limits that an engine lacks are supplied, save to native code.
engine::Capabilities capabilities_of(std::string_view engine);

// The bytes of FOLDER/NAME.wasm, where the build has put it.
std::string read_module(std::string_view path);

class TestHost {
 public:
  TestHost() : TestHost(engines(), code_cache()) {}
  TestHost(const engine::Engines& with, const engine::CodeCache& cache)
      : host({with, &cache, clock, log, metrics}) {}

  // Loads a plugin that must load; what it did meanwhile is forgotten.
  std::shared_ptr<const runtime::Plugin> load(const runtime::PluginOptions& options);

  // The message of the error with which a plugin is refused; fails the test where it is not.
  std::string refusal(const runtime::PluginOptions& options);

  uint64_t counter(std::string_view name);

  ManualClock clock;
  Journal journal;
  CaptureLogger log{journal};
  runtime::MetricStore metrics;
  runtime::Host host;
};

// A worker and its event loop. Thread: the one that made it.
class TestWorker {
 public:
  explicit TestWorker(TestHost& host) : services(host.clock), worker(host.host, services) {}
  ~TestWorker() { services.run(); }

  // Starts a plugin that must start.
  std::unique_ptr<runtime::WorkerPlugin> start(std::shared_ptr<const runtime::Plugin> plugin);

  FakeServices services;
  runtime::Worker worker;
};

}  // namespace weir::test
