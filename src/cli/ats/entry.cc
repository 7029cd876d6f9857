// weir-ats.so, which hands all on to weir/weir-ats-core.so beside it. Of remap plugins the server
// loads each new version of the file beside the one before, when remap.config is loaded anew; but
// Weir is in a process once: its libraries cannot be there twice, and its plugins share what they
// have. So what is loaded anew is this file alone.

#include <dlfcn.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/own_file.h"
#include "planes/ats/server_api.h"

namespace {

// This file where it was installed. For remap rules the server makes a copy of it in its runtime
// folder, as RUNTIME/ID/usr/lib/trafficserver/modules/weir-ats.so.
std::filesystem::path installed_file() {
  const std::string file = weir::own_file().string();
  const std::string copies = std::string(TSRuntimeDirGet()) + "/";
  const size_t original = file.starts_with(copies) ? file.find('/', copies.size()) : file.npos;
  const std::filesystem::path path = original == file.npos ? file : file.substr(original);
  std::error_code error;
  const auto folder = std::filesystem::canonical(path.parent_path(), error);
  // With one name for it, the loader gives out what it has of that name, whatever is there now.
  return error ? path : folder / path.filename();
}

struct Core {
  decltype(&TSPluginInit) plugin_init = nullptr;
  decltype(&TSRemapInit) remap_init = nullptr;
  decltype(&TSRemapNewInstance) new_instance = nullptr;
  decltype(&TSRemapDeleteInstance) delete_instance = nullptr;
  decltype(&TSRemapDoRemap) do_remap = nullptr;
  std::string error;  // empty: it is there

  Core() {
    const auto file = installed_file().parent_path() / "weir" / "weir-ats-core.so";
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      const char* why = dlerror();
      error = std::string(why == nullptr ? file.c_str() : why) +
              ": install weir-ats.so together with the folder 'weir' beside it";
      return;
    }
    const auto find = [&](const char* name, auto& function) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      if (function == nullptr) error = file.string() + ": has no " + name + ": install it anew";
    };
    find("TSPluginInit", plugin_init);
    find("TSRemapInit", remap_init);
    find("TSRemapNewInstance", new_instance);
    find("TSRemapDeleteInstance", delete_instance);
    find("TSRemapDoRemap", do_remap);
  }
};

const Core& core() {
  static const Core made;
  return made;
}

}  // namespace

void TSPluginInit(int argc, const char* argv[]) {
  if (!core().error.empty()) return TSEmergency("[weir] %s", core().error.c_str());
  core().plugin_init(argc, argv);
}

TSReturnCode TSRemapInit(TSRemapInterface* server, char* error, int error_size) {
  if (core().error.empty()) return core().remap_init(server, error, error_size);
  std::snprintf(error, static_cast<size_t>(error_size), "%s", core().error.c_str());
  return TS_ERROR;
}

// The server calls these when it has called TSRemapInit.
TSReturnCode TSRemapNewInstance(int argc, char* argv[], void** instance, char* error,
                                int error_size) {
  return core().new_instance(argc, argv, instance, error, error_size);
}
void TSRemapDeleteInstance(void* instance) { core().delete_instance(instance); }
TSRemapStatus TSRemapDoRemap(void* instance, TSHttpTxn transaction, TSRemapRequestInfo* request) {
  return core().do_remap(instance, transaction, request);
}
