#include "module/element_segment.h"

#include <string>

#include "module/types.h"

namespace weir::wasm {

Result<SegmentForm> read_segment_form(Reader& in) {
  constexpr uint32_t kNotActive = 1;
  constexpr uint32_t kNamesTable = 2;  // of an active one
  constexpr uint32_t kExpressions = 4;
  const size_t start = in.offset();
  WEIR_TRY(const uint32_t flags, in.u32());
  if (flags > (kNotActive | kNamesTable | kExpressions)) {
    return in.error_at(start, "unknown form " + std::to_string(flags) + " of element segment");
  }
  if ((flags & (kNotActive | kNamesTable)) == kNamesTable) WEIR_TRY(in.u32());
  return SegmentForm{.active = (flags & kNotActive) == 0,
                     .has_type = (flags & (kNotActive | kNamesTable)) != 0,
                     .expressions = (flags & kExpressions) != 0};
}

Done read_segment_type(Reader& in, const SegmentForm& form) {
  if (!form.has_type) return Unit{};
  if (form.expressions) {
    WEIR_TRY(read_value_type(in));
  } else {
    WEIR_TRY(in.byte());
  }
  return Unit{};
}

}  // namespace weir::wasm
