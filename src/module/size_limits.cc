#include "module/size_limits.h"

#include <algorithm>

#include "base/wasm_page.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

constexpr uint32_t kMaxEntries = 100'000;
constexpr uint64_t kMostElements = UINT32_MAX;

constexpr uint8_t kHasMax = 1;
constexpr uint8_t kAddress64 = 4;
constexpr uint8_t kPageSize = 8;

// The limits of one memory or table; no maximum is above `most`, which is implied beyond `all`.
Done write_limits(Reader& in, uint64_t most, uint64_t all, const std::string& what,
                  const std::string& unit, Writer& out, std::string& excess) {
  const auto unsupported = [&](const std::string& kind) {
    Error error = in.error("a " + what + " " + kind);
    error.code = ErrorCode::Unsupported;
    return error;
  };
  Reader ahead = in;
  WEIR_TRY(const uint8_t flags, ahead.byte());
  if ((flags & kAddress64) != 0) return unsupported("with 64-bit addresses");
  if ((flags & kPageSize) != 0) return unsupported("with pages of its own size");
  WEIR_TRY(const MemoryType type, read_memory_type(in));
  const uint64_t min = type.info.min_pages;
  uint64_t max = type.info.max_pages.value_or(all);
  if (min > most) {
    excess = "a " + what + " begins with " + std::to_string(min) + " " + unit + " where " +
             std::to_string(most) + " are allowed";
  } else {
    max = std::min(max, most);
  }
  const bool bounded = type.info.max_pages.has_value() || max < all;
  out.byte(bounded ? flags | kHasMax : flags);
  out.u64(min);
  if (bounded) out.u64(max);
  return Unit{};
}

Done write_table(Reader& in, uint64_t most, const FunctionShift& shift, Writer& out,
                 std::string& excess) {
  const size_t start = in.offset();
  WEIR_TRY(const bool has_value, read_table_start(in));
  copy_from(start, in, out);
  WEIR_TRY(write_limits(in, most, kMostElements, "table", "elements", out, excess));
  return has_value ? shift.write_expression(in, out) : Done(Unit{});
}

}  // namespace

Done write_memories(Reader& in, const std::optional<SizeLimits>& sizes, Writer& out,
                    std::string& excess) {
  WEIR_TRY(const uint32_t count, in.count(2, kMaxEntries, "memories"));
  out.u32(count);
  const uint64_t most =
      sizes ? sizes->memory_bytes / kWasmPageBytes / std::max(count, 1u) : kMostWasmPages;
  for (uint32_t i = 0; i < count; ++i) {
    WEIR_TRY(write_limits(in, std::min(most, kMostWasmPages), kMostWasmPages, "memory",
                          "pages of 64 KiB", out, excess));
  }
  return in.expect_end();
}

Done write_tables(Reader& in, const std::optional<SizeLimits>& sizes, const FunctionShift& shift,
                  Writer& out, std::string& excess) {
  WEIR_TRY(const uint32_t count, in.count(3, kMaxEntries, "tables"));
  out.u32(count);
  const uint64_t most = sizes ? sizes->table_elements / std::max(count, 1u) : kMostElements;
  for (uint32_t i = 0; i < count; ++i) {
    WEIR_TRY(write_table(in, std::min(most, kMostElements), shift, out, excess));
  }
  return in.expect_end();
}

}  // namespace weir::wasm
