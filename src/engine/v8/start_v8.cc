#include "engine/v8/start_v8.h"

#include <libplatform/libplatform.h>
#include <v8-initialization.h>

#include <string>

#include "engine/engine.h"
#include "engine/v8/fault_handler.h"

namespace weir::engine::v8_adapter {
namespace {

std::string flags() {
  return
      // All code is optimised before any runs: no request meets a compiler, and an artifact holds
      // all of it. V8 serialises optimised code only.
      "--no-liftoff "
      // Types in WebAssembly.Module.imports() and exports(), which V8Module reads. Guests see
      // nothing of it.
      "--experimental-wasm-type-reflection "
      // What no plugin can use through this seam is not there to be attacked.
      "--no-experimental-wasm-threads "
      "--stack-trace-limit=64 "
      "--wasm-max-table-size=" +
      std::to_string(Limits{}.max_table_elements);
}

v8::Platform* make_platform() {
  v8::V8::SetFlagsFromString(flags().c_str());
  v8::Platform* platform = v8::platform::NewDefaultPlatform().release();
  v8::V8::InitializePlatform(platform);
  v8::V8::Initialize();
  // V8's own handler would keep other engines' and the host's faults from theirs.
  constexpr bool kUseOwnHandler = false;
  v8::V8::EnableWebAssemblyTrapHandler(kUseOwnHandler);
  install_fault_handler();
  return platform;
}

}  // namespace

v8::Platform& start_v8() {
  static v8::Platform* const platform = make_platform();
  return *platform;
}

}  // namespace weir::engine::v8_adapter
