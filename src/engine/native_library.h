#pragma once
// Finds native plugins: the registered ones, and those in shared objects.

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/func_type.h"
#include "base/result.h"
#include "engine/native_plugin.h"

namespace weir::engine {

// A native plugin that has been checked, with the shared object that it lies in, if any. Its code
// stays loaded as long as this object lives. Immutable. Thread: any.
class NativeLibrary {
 public:
  // `code` is the name of a registered plugin or, with a '/' in it, the path of a shared object.
  static Result<NativeLibrary> open(Bytes code);

  const weir_native_plugin& plugin() const { return *plugin_; }
  const ModuleInterface& interface() const { return interface_; }

 private:
  struct Close {
    void operator()(void* handle) const;
  };

  NativeLibrary(std::unique_ptr<void, Close> handle, const weir_native_plugin& plugin,
                ModuleInterface interface)
      : handle_(std::move(handle)), plugin_(&plugin), interface_(std::move(interface)) {}

  static Result<NativeLibrary> check(std::unique_ptr<void, Close> handle,
                                     const weir_native_plugin* plugin);

  std::unique_ptr<void, Close> handle_;
  const weir_native_plugin* plugin_;
  ModuleInterface interface_;
};

}  // namespace weir::engine
