#pragma once
// The built-in engine `null`: native plugins in place of wasm (native_plugin.h).

#include <memory>

#include "base/bytes.h"
#include "base/func_type.h"
#include "base/result.h"
#include "engine/engine.h"

namespace weir::engine {

// `code`, as given to compile(), is the name of a registered plugin or, with a '/' in it, the path
// of a shared object.
std::unique_ptr<Engine> make_null_engine();

// What the plugin that `code` names imports and exports. NotFound where there is none: the error
// lists the registered names. Thread: any.
Result<ModuleInterface> native_interface(Bytes code);

}  // namespace weir::engine
