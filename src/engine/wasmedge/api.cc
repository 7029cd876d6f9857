#include "engine/wasmedge/api.h"

#include <dlfcn.h>

#include <filesystem>

namespace weir::engine::wasmedge {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libwasmedge.so.0";

}  // namespace

fs::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0) return {};
  std::error_code failed;
  return fs::canonical(info.dli_fname, failed).parent_path();
}

Library::Symbol Library::operator[](const char* name) {
  void* address = dlsym(handle_, name);
  if (address == nullptr && missing_.empty()) missing_ = name;
  return Symbol(address);
}

Result<std::unique_ptr<const Api>> Api::load() {
  const fs::path file = own_folder() / "wasmedge" / kLibrary;
  std::error_code ignored;
  const bool is_own = fs::exists(file, ignored);
  // WEIR_WASMEDGE_BIND is RTLD_DEEPBIND: its own version of a library goes before the process's.
  void* handle = dlopen(is_own ? file.c_str() : kLibrary,
                        RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | WEIR_WASMEDGE_BIND);
  if (handle == nullptr) {
    // Where the process runs on another C library than it should, whoever loads engines says so.
    const fs::path loader = file.parent_path() / "ld.so";
    const bool on_other =
        fs::exists(loader, ignored) && !fs::equivalent(loader, "/proc/self/exe", ignored);
    const char* whole = on_other ? ""
                                 : "; install the adapter anew, with all that lies in wasmedge/ "
                                   "beside it, ld.so and libraries";
    return Error{ErrorCode::Unsupported,
                 std::string(kLibrary) + " cannot be loaded: " + dlerror() +
                     (is_own ? whole
                             : "; install WasmEdge " WASMEDGE_VERSION
                               ", or the folder wasmedge/ that comes with this adapter")};
  }
  auto api = std::make_unique<const Api>(handle);
  if (!api->library.missing().empty()) {
    return Error{ErrorCode::Unsupported, std::string(kLibrary) + " has no function " +
                                             api->library.missing() +
                                             ": it is not of version " WASMEDGE_VERSION};
  }
  if (std::string_view(api->version_get()) != WASMEDGE_VERSION) {
    return Error{ErrorCode::Unsupported, std::string(kLibrary) + " is version " +
                                             api->version_get() +
                                             ", this adapter is for " WASMEDGE_VERSION
                                             ": install that one, or build the adapter anew"};
  }
  return api;
}

}  // namespace weir::engine::wasmedge
