#include "engine/wavm/large_tables.h"

#include <WAVM/IR/IR.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/wasm_cursor.h"

namespace weir::engine::wavm {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr uint8_t kTableSection = 4;
constexpr uint8_t kHasMax = 1;

// In LEB128. All that is larger is of the same length.
constexpr std::array kMost = {std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                              std::byte{0x07}};
static_assert(WAVM::IR::maxTableElems == INT32_MAX);

// The contents of the section of tables; empty where there is none.
std::span<std::byte> table_section(std::span<std::byte> wasm) {
  Cursor from(wasm.subspan(std::min(wasm.size(), kHeaderBytes)));
  while (!from.at_end()) {
    const uint8_t id = from.byte();
    const uint32_t size = from.u32();
    if (from.failed() || size > from.remaining()) return {};
    if (id == kTableSection) return wasm.subspan(wasm.size() - from.remaining(), size);
    from.take(size);
  }
  return {};
}

}  // namespace

void lower_large_tables(std::span<std::byte> wasm) {
  const std::span<std::byte> section = table_section(wasm);
  Cursor from(section);
  for (uint32_t count = from.u32(); count > 0 && !from.failed(); --count) {
    from.byte();  // the elements' type
    for (int sizes = from.byte() == kHasMax ? 2 : 1; sizes > 0; --sizes) {
      const uint32_t size = from.u32();
      if (from.failed() || size <= WAVM::IR::maxTableElems) continue;
      std::ranges::copy(kMost,
                        section.end() - static_cast<ptrdiff_t>(from.remaining()) - kMost.size());
    }
  }
}

}  // namespace weir::engine::wavm
