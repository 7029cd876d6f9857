#include "engine/wasmedge/api.h"

#include <dlfcn.h>

#include <filesystem>

namespace weir::engine::wasmedge {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libwasmedge.so.0";

// Beside the adapter, where it was built for a system that has no WasmEdge.
fs::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0) return {};
  std::error_code failed;
  return fs::canonical(info.dli_fname, failed).parent_path() / "wasmedge";
}

}  // namespace

Library::Symbol Library::operator[](const char* name) {
  void* address = dlsym(handle_, name);
  if (address == nullptr && missing_.empty()) missing_ = name;
  return Symbol(address);
}

Result<std::unique_ptr<const Api>> Api::load() {
  const fs::path file = own_folder() / kLibrary;
  std::error_code ignored;
  const bool is_own = fs::exists(file, ignored);
  // WEIR_WASMEDGE_BIND is RTLD_DEEPBIND: its own version of a library goes before the process's.
  void* handle = dlopen(is_own ? file.c_str() : kLibrary,
                        RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | WEIR_WASMEDGE_BIND);
  if (handle == nullptr) {
    return Error{ErrorCode::Unsupported, std::string(kLibrary) + " cannot be loaded: " + dlerror()};
  }
  auto api = std::make_unique<const Api>(handle);
  if (!api->library.missing().empty()) {
    return Error{ErrorCode::Unsupported, std::string(kLibrary) + " has no function " +
                                             api->library.missing() +
                                             ": it is not of version " WASMEDGE_VERSION};
  }
  return api;
}

}  // namespace weir::engine::wasmedge
