// Finds hostcalls by module, name and type.

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

using Table = std::span<const Hostcall> (*)();

constexpr Table kEnv[] = {
    log_and_time_hostcalls, header_map_hostcalls, buffer_hostcalls, stream_hostcalls,
    upstream_hostcalls,     shared_hostcalls,     metric_hostcalls, property_hostcalls,
};
constexpr Table kWasi[] = {wasi_hostcalls};

std::span<const Table> tables_of(std::string_view module) {
  if (module == "env") return kEnv;
  if (module == "wasi_snapshot_preview1" || module == "wasi_unstable") return kWasi;
  return {};
}

}  // namespace

const Hostcall* find_hostcall(std::string_view module, std::string_view name, Signature signature,
                              bool& name_known) {
  name_known = false;
  for (Table table : tables_of(module)) {
    for (const Hostcall& row : table()) {
      if (row.name != name) continue;
      name_known = true;
      if (row.signature == signature) return &row;
    }
  }
  return nullptr;
}

}  // namespace weir::abi
