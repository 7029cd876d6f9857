#include "config/native_plugin.h"

#include <cstdlib>
#include <iterator>

#include "engine/native_plugin.h"

namespace weir::test {
namespace {

int do_nothing(void*, uint64_t*) { return 0; }

int allocate(void*, uint64_t* slots) {
  slots[0] = reinterpret_cast<uintptr_t>(std::malloc(slots[0]));
  return 0;
}

constexpr weir_native_export kExports[] = {
    {"proxy_abi_version_0_2_1", "v()", do_nothing},
    {"malloc", "i(i)", allocate},
};

// It has no state, so any address stands for an instance.
void* create(const weir_native_host*) {
  static int instance = 0;
  return &instance;
}

void destroy(void*) {}

constexpr weir_native_plugin kPlugin = {.version = WEIR_NATIVE_PLUGIN_VERSION,
                                        .name = "auth_native",
                                        .imports = nullptr,
                                        .import_count = 0,
                                        .exports = kExports,
                                        .export_count = std::size(kExports),
                                        .create = create,
                                        .destroy = destroy};

}  // namespace

void register_native_plugin() { weir_register_native_plugin(&kPlugin); }

}  // namespace weir::test
