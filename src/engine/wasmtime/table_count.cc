#include "engine/wasmtime/table_count.h"

#include <algorithm>

#include "engine/wasm_cursor.h"

namespace weir::engine::wasmtime {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr uint8_t kTableSection = 4;

}  // namespace

uint32_t count_tables(Bytes wasm) {
  Cursor from(wasm.subspan(std::min(wasm.size(), kHeaderBytes)));
  while (!from.at_end()) {
    const uint8_t id = from.byte();
    const Bytes section = from.take(from.u32());
    if (id == kTableSection) return Cursor(section).u32();
  }
  return 0;
}

std::vector<std::byte> join(const CountedArtifact& counted) {
  const auto& [artifact, tables] = counted;
  std::vector<std::byte> bytes(artifact.size() + sizeof(tables));
  std::ranges::copy(artifact, bytes.begin());
  store(bytes.data() + artifact.size(), tables);
  return bytes;
}

std::optional<CountedArtifact> split(Bytes bytes) {
  if (bytes.size() < sizeof(uint32_t)) return std::nullopt;
  const size_t size = bytes.size() - sizeof(uint32_t);
  return CountedArtifact{bytes.first(size), load<uint32_t>(bytes.data() + size)};
}

}  // namespace weir::engine::wasmtime
