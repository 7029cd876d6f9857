// The machine knows all of the ABI, so that no hostcall or callback goes without a test for want of
// one.

#include <algorithm>

#include "abi/callbacks.h"
#include "abi/hostcall.h"
#include "conformance/machine_test.h"
#include "module/module_info.h"

namespace weir::test {
namespace {

class InterfaceTest : public ::testing::Test {
 protected:
  // Whether one of the machine's shapes imports that function with that type.
  bool imports(std::string_view module, std::string_view name, Signature type) const {
    return std::ranges::any_of(machines_, [&](const wasm::ModuleInfo& machine) {
      return std::ranges::any_of(machine.interface.imports, [&](const auto& import) {
        return import.module == module && import.name == name && import.type.view() == type;
      });
    });
  }

  const std::vector<wasm::ModuleInfo>& machines() const { return machines_; }

 private:
  static wasm::ModuleInfo read(std::string_view name) {
    const std::string module = conformance_module(name);
    return wasm::read_module(as_bytes(module)).value();
  }

  const std::vector<wasm::ModuleInfo> machines_ = {read("machine"), read("void_0_1_0")};
};

TEST_F(InterfaceTest, TheMachineImportsEveryHostcall) {
  for (const auto rows :
       {abi::log_and_time_hostcalls(), abi::header_map_hostcalls(), abi::buffer_hostcalls(),
        abi::stream_hostcalls(), abi::upstream_hostcalls(), abi::shared_hostcalls(),
        abi::metric_hostcalls(), abi::property_hostcalls()}) {
    for (const abi::Hostcall& row : rows) {
      EXPECT_TRUE(imports("env", row.name, row.signature)) << row.name;
    }
  }
}

TEST_F(InterfaceTest, TheMachineImportsAllOfWasiByBothNames) {
  for (const abi::Hostcall& row : abi::wasi_hostcalls()) {
    EXPECT_TRUE(imports("wasi_snapshot_preview1", row.name, row.signature)) << row.name;
    EXPECT_TRUE(imports("wasi_unstable", row.name, row.signature)) << row.name;
  }
}

TEST_F(InterfaceTest, TheMachineExportsEveryCallback) {
  const ModuleInterface& machine = machines().front().interface;
  for (const abi::CallbackType& callback : abi::kCallbacks) {
    EXPECT_NE(machine.find_export(callback.name), nullptr) << callback.name;
  }
}

}  // namespace
}  // namespace weir::test
