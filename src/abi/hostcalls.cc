// Finds hostcalls by module, name and type.

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

struct Table {
  std::string_view subject;
  std::span<const Hostcall> (*rows)();
};

constexpr Table kEnv[] = {
    {"log, time, contexts", log_and_time_hostcalls},
    {"headers", header_map_hostcalls},
    {"bodies", buffer_hostcalls},
    {"streams", stream_hostcalls},
    {"calls", upstream_hostcalls},
    {"shared data and queues", shared_hostcalls},
    {"metrics", metric_hostcalls},
    {"properties and functions", property_hostcalls},
};
constexpr Table kWasi[] = {{"WASI", wasi_hostcalls}};

std::span<const Table> tables_of(std::string_view module) {
  if (module == "env") return kEnv;
  if (module == "wasi_snapshot_preview1" || module == "wasi_unstable") return kWasi;
  return {};
}

}  // namespace

const Hostcall* find_hostcall(std::string_view module, std::string_view name, Signature signature,
                              bool& name_known) {
  name_known = false;
  for (const Table& table : tables_of(module)) {
    for (const Hostcall& row : table.rows()) {
      if (row.name != name) continue;
      name_known = true;
      if (row.signature == signature) return &row;
    }
  }
  return nullptr;
}

std::string_view subject_of(std::string_view module, std::string_view name) {
  for (const Table& table : tables_of(module)) {
    const auto rows = table.rows();
    if (std::ranges::find(rows, name, &Hostcall::name) != rows.end()) return table.subject;
  }
  return {};
}

bool is_compilers_own(std::string_view name) {
  return name == "emscripten_notify_memory_growth" || name == "pthread_equal";
}

}  // namespace weir::abi
