#include "support/test_host.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/check.h"
#include "support/remembering_engine.h"
#include "support/temporary_folder.h"

namespace weir::test {
namespace {

// It compiles by LLVM, and the code cache keeps nothing of it.
constexpr std::string_view kWithoutArtifacts = "wamr-jit";

}  // namespace

const engine::Engines& engines() {
  static const engine::Engines all(engine::Engines::default_search_path(), {});
  static const auto remembering = [] {
    auto made = std::make_unique<engine::Engines>(engine::Engines::default_search_path(),
                                                  engine::EngineOptions{});
    if (auto found = all.find(kWithoutArtifacts); found.ok()) {
      made->provide(kWithoutArtifacts, make_remembering_engine(*found.value()));
    }
    return made;
  }();
  return *remembering;
}

namespace {

constexpr std::string_view kSupplied = "+limits";
constexpr std::string_view kIsolated = "+streams";

}  // namespace

const engine::CodeCache& code_cache() {
  static Journal unread;
  static CaptureLogger logger(unread);
  static const TemporaryFolder temporary;
  static const char* const kept = std::getenv("WEIR_TEST_CODE_CACHE");
  static const engine::CodeCache cache(kept != nullptr ? kept : temporary.path(), 2ULL << 30,
                                       logger);
  return cache;
}

const std::vector<std::string>& loadable_engines() {
  static const std::vector<std::string> loadable = [] {
    std::vector<std::string> names;
    for (std::string_view name : engine::known_engines()) {
      if (auto found = engines().find(name); found.ok() || name == "wasmtime") {
        names.emplace_back(name);
      } else {
        std::cerr << "not tested: " << found.error().message << '\n';
      }
    }
    names.emplace_back("wasmtime").append(kSupplied);
    return names;
  }();
  return loadable;
}

std::vector<std::string> engines_and_isolations() {
  std::vector<std::string> names = loadable_engines();
  names.emplace_back("wasmtime").append(kIsolated);
  return names;
}

std::string_view adapter_of(std::string_view engine) { return engine.substr(0, engine.find('+')); }

abi::SupplyLimits supplied_limits(std::string_view engine) {
  return engine.ends_with(kSupplied) ? abi::SupplyLimits::All : abi::SupplyLimits::Missing;
}

runtime::Isolation isolation_of(std::string_view engine) {
  return engine.ends_with(kIsolated) ? runtime::Isolation::Stream : runtime::Isolation::Shared;
}

engine::Capabilities capabilities_of(std::string_view engine) {
  auto found = engines().find(adapter_of(engine));
  if (!found.ok()) std::cerr << found.error().message << '\n';
  WEIR_CHECK(found.ok());
  engine::Capabilities can = found.value()->capabilities();
  if (!can.native_code) can.interrupt = can.stack_limit = can.memory_limit = true;
  return can;
}

std::string read_module(std::string_view path) {
  std::ifstream file{std::string(path), std::ios::binary};
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::shared_ptr<const runtime::Plugin> TestHost::load(const runtime::PluginOptions& options) {
  auto loaded = host.load(options);
  if (!loaded.ok()) std::cerr << loaded.error().message << '\n';
  WEIR_CHECK(loaded.ok());
  journal.take();
  log.take();
  return std::move(loaded).value();
}

std::string TestHost::refusal(const runtime::PluginOptions& options) {
  auto loaded = host.load(options);
  EXPECT_FALSE(loaded.ok());
  return loaded.ok() ? "" : loaded.error().message;
}

uint64_t TestHost::counter(std::string_view name) {
  auto* metric = metrics.define(abi::MetricType::Counter, name);
  return metric == nullptr ? 0 : metric->value();
}

std::unique_ptr<runtime::WorkerPlugin> TestWorker::start(
    std::shared_ptr<const runtime::Plugin> plugin) {
  auto started = worker.start(std::move(plugin));
  if (!started.ok()) std::cerr << started.error().message << '\n';
  WEIR_CHECK(started.ok());
  return std::move(started).value();
}

}  // namespace weir::test
