#include "abi/module_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "abi/linked_module.h"
#include "module/module_bytes.h"

namespace weir::abi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wasm::leb;
using wasm::name;
using namespace std::literals;

// A module of imports and exports. Types: 0 () -> (), 1 (i32 i32 i32) -> i32, 2 (i32) -> i32.
class ModuleText {
 public:
  ModuleText& import(std::string_view module, std::string_view field, uint32_t type) {
    imports_ += name(module) + name(field) + "\0"s + leb(type);
    ++import_count_;
    return *this;
  }
  ModuleText& import_memory(std::string_view module, std::string_view field) {
    imports_ += name(module) + name(field) + "\2\0\1"s;
    ++import_count_;
    return *this;
  }
  ModuleText& function(std::string_view exported_as, uint32_t type) {
    exports_.emplace_back(exported_as);
    types_ += leb(type);
    bodies_ += type == 0 ? "\2\0\x0b"s : "\4\0\x41\0\x0b"s;
    return *this;
  }
  // The first function that is not imported is to run at the start.
  ModuleText& starts() {
    starts_ = true;
    return *this;
  }

  std::string wasm(uint32_t imported_functions) const {
    std::string exports = leb(exports_.size());
    for (size_t i = 0; i < exports_.size(); ++i) {
      exports += name(exports_[i]) + "\0"s + leb(imported_functions + i);
    }
    std::string text = wasm::kPreamble +
                       wasm::type_section("\3\x60\0\0\x60\3\x7f\x7f\x7f\1\x7f\x60\1\x7f\1\x7f"s) +
                       wasm::import_section(leb(import_count_) + imports_) +
                       wasm::function_section(leb(exports_.size()) + types_) +
                       wasm::export_section(exports);
    if (starts_) text += wasm::start_section(leb(imported_functions));
    return text + wasm::code_section(leb(exports_.size()) + bodies_);
  }

 private:
  std::string imports_;
  uint32_t import_count_ = 0;
  std::vector<std::string> exports_;
  std::string types_;
  std::string bodies_;
  bool starts_ = false;
};

ModuleReport report(const std::string& wasm) {
  auto told = report_module(as_bytes(wasm));
  EXPECT_TRUE(told.ok()) << told.error().message;
  return told.ok() ? std::move(told).value() : ModuleReport{};
}

std::string error_of(std::string_view wasm) {
  const auto told = report_module(as_bytes(wasm));
  return told.ok() ? "" : told.error().message;
}

ModuleText plugin() { return ModuleText().function("proxy_abi_version_0_2_1", 0); }

TEST(ModuleReportTest, TellsWhatEachImportIs) {
  const ModuleReport told = report(plugin()
                                       .import("env", "proxy_log", 1)
                                       .import("env", "proxy_log", 1)  // once is enough
                                       .import("env", "proxy_log", 0)
                                       .import("env", "redis_call", 1)
                                       .import("wasi_snapshot_preview1", "sched_yield", 0)
                                       .import("env", "emscripten_notify_memory_growth", 0)
                                       .import("env", "proxy_done", 0)
                                       .import_memory("env", "memory")
                                       .wasm(7));
  std::vector<std::pair<std::string, ImportKind>> kinds;
  for (const auto& import : told.imports) kinds.emplace_back(import.name, import.kind);
  using enum ImportKind;
  EXPECT_THAT(kinds,
              ElementsAre(std::pair("proxy_log"s, Hostcall), std::pair("proxy_log"s, OtherType),
                          std::pair("redis_call"s, Unknown), std::pair("sched_yield"s, OtherType),
                          std::pair("emscripten_notify_memory_growth"s, OtherType),
                          std::pair("proxy_done"s, OtherType), std::pair("memory"s, Unknown)));
  EXPECT_EQ(told.imports[0].subject, "log, time, contexts");
  EXPECT_EQ(told.imports[2].type, "(i32, i32, i32) -> i32");
  EXPECT_EQ(told.imports.back().type, "memory");
}

TEST(ModuleReportTest, TellsWhatToAllow) {
  const ModuleReport told = report(plugin()
                                       .function("proxy_on_done", 2)
                                       .function("malloc", 2)
                                       .import("env", "proxy_log", 1)
                                       .import("env", "redis_call", 1)
                                       .wasm(2));
  EXPECT_THAT(told.capabilities, ElementsAre("proxy_log", "proxy_on_done"));
}

// No engine takes such a plugin.
TEST(ModuleReportTest, RefusesImportsOfNamesThatWeirKeeps) {
  for (const char* module : {"weir", "weir-look"}) {
    const auto told = report_module(as_bytes(plugin().import(module, "limit", 0).wasm(1)));
    ASSERT_FALSE(told.ok());
    EXPECT_EQ(told.error().message, "the module imports '" + std::string(module) +
                                        ".limit', of a module name that Weir keeps for itself");
  }
}

TEST(ModuleReportTest, TellsCallbacksFromWhatNobodyCalls) {
  const ModuleReport told = report(plugin()
                                       .function("proxy_on_request_headers", 1)
                                       .function("proxy_on_tick", 2)  // it has no result
                                       .function("proxy_on_grpc_trailing_metadata", 1)
                                       .function("proxy_on_memory_allocate", 2)
                                       .function("helper", 0)
                                       .wasm(0));
  ASSERT_EQ(told.callbacks.size(), 2u);
  EXPECT_EQ(told.callbacks[0].subject, "requests");
  EXPECT_TRUE(told.callbacks[0].fits);
  EXPECT_EQ(told.callbacks[1].name, "proxy_on_tick");
  EXPECT_FALSE(told.callbacks[1].fits);
  EXPECT_THAT(told.unknown_callbacks, ElementsAre("proxy_on_grpc_trailing_metadata"));
  EXPECT_THAT(told.other_exports, ElementsAre("proxy_on_memory_allocate", "helper"));
  EXPECT_EQ(told.allocator, "proxy_on_memory_allocate");
}

TEST(ModuleReportTest, TellsHowTheModuleStarts) {
  EXPECT_THAT(report(plugin().wasm(0)).start_sequence, IsEmpty());
  EXPECT_EQ(report(plugin().wasm(0)).allocator, "");
  EXPECT_THAT(report(plugin().starts().function("_start", 0).wasm(0)).start_sequence,
              ElementsAre("start section", "_start"));
  EXPECT_THAT(
      report(plugin().function("_start", 0).function("_initialize", 0).function("main", 2).wasm(0))
          .start_sequence,
      ElementsAre("_initialize", "main"));
}

TEST(ModuleReportTest, TellsTheNewestVersionOfSeveral) {
  const ModuleReport told = report(ModuleText()
                                       .function("proxy_abi_version_0_1_0", 0)
                                       .function("proxy_abi_version_0_2_0", 0)
                                       .wasm(0));
  EXPECT_EQ(told.abi_version, AbiVersion::V020);
  EXPECT_EQ(told.abi_marker, "proxy_abi_version_0_2_0");
}

TEST(ModuleReportTest, RefusesWhatIsNoPlugin) {
  EXPECT_THAT(error_of(wasm::kPreamble), HasSubstr("not a Proxy-Wasm plugin"));
  EXPECT_THAT(error_of("#!/bin/sh"), HasSubstr("not a WebAssembly module"));
  EXPECT_THAT(error_of(ModuleText().function("proxy_abi_version_0_x_x", 0).wasm(0)),
              HasSubstr("'proxy_abi_version_0_x_x'"));
}

}  // namespace
}  // namespace weir::abi
