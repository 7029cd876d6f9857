#include "runtime/vm.h"

#include <gtest/gtest.h>

#include <set>

namespace weir::runtime {
namespace {

TEST(VmKeyTest, IsTheSameForEqualOptions) {
  VmOptions options{
      .vm_id = "id", .code = "code", .configuration = "c", .environment = {{"A", "b"}}};
  EXPECT_EQ(vm_key(options, "wasmtime"), vm_key(VmOptions(options), "wasmtime"));
}

// Each of these is a VM of its own: whatever a plugin could tell apart, or be harmed by.
TEST(VmKeyTest, DiffersByEverything) {
  const VmOptions base{.vm_id = "id", .code = "code", .configuration = "c"};
  std::set<std::string> keys = {vm_key(base, "wasmtime"), vm_key(base, "v8")};
  const auto add = [&](auto&& change) {
    VmOptions options = base;
    change(options);
    EXPECT_TRUE(keys.insert(vm_key(options, "wasmtime")).second) << keys.size();
  };
  add([](VmOptions& o) { o.vm_id = "di"; });
  add([](VmOptions& o) { o.code = "edoc"; });
  add([](VmOptions& o) { o.configuration = ""; });
  add([](VmOptions& o) { o.environment = {{"A", "b"}}; });
  add([](VmOptions& o) { o.environment = {{"A", "c"}}; });
  add([](VmOptions& o) { o.environment = {{"Ab", ""}}; });
  add([](VmOptions& o) { o.allowed_capabilities = {"proxy_log"}; });
  add([](VmOptions& o) { o.allowed_capabilities = {"proxy_log", "fd_write"}; });
  add([](VmOptions& o) { o.allow_precompiled = true; });
  add([](VmOptions& o) { o.unknown_imports = UnknownImports::Stub; });
  add([](VmOptions& o) { o.limits.call_time = Milliseconds(1); });
  add([](VmOptions& o) { o.limits.start_time = Milliseconds(1); });
  add([](VmOptions& o) { o.limits.max_memory_bytes = 1; });
  add([](VmOptions& o) { o.limits.max_shared_data_bytes = 1; });
  add([](VmOptions& o) { o.limits.max_queue_bytes = 1; });
  add([](VmOptions& o) { o.limits.max_stream_memory_bytes = 1; });
  add([](VmOptions& o) { o.limits.call_targets = {"a"}; });
  add([](VmOptions& o) { o.isolation = Isolation::Stream; });
  add([](VmOptions& o) { o.supply_limits = abi::SupplyLimits::All; });
}

// What ends one field and begins the next is part of neither.
TEST(VmKeyTest, KeepsFieldsApart) {
  const auto key = [](std::string vm_id, std::string configuration) {
    VmOptions options{.vm_id = std::move(vm_id), .configuration = std::move(configuration)};
    return vm_key(options, "wasmtime");
  };
  EXPECT_NE(key("ab", "c"), key("a", "bc"));
  EXPECT_NE(key("1:a", ""), key("", "1:a"));
}

// The code of a native plugin is the name that it is registered by.
TEST(VmKeyTest, TellsNativePluginsApartByName) {
  EXPECT_NE(vm_key({.code = "one"}, "null"), vm_key({.code = "two"}, "null"));
}

}  // namespace
}  // namespace weir::runtime
