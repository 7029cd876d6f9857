#pragma once
// The sections of memories and tables, written again with lower maxima.

#include <optional>
#include <string>

#include "base/result.h"
#include "module/function_shift.h"
#include "module/limits_pass.h"
#include "module/reader.h"
#include "module/writer.h"

namespace weir::wasm {

// Write a whole section's contents. Without `sizes` the maxima stay. What begins larger than it may
// be is told in `excess`. 64-bit ones are Unsupported: code that is inserted counts in 32 bits.
Done write_memories(Reader& in, const std::optional<SizeLimits>& sizes, Writer& out,
                    std::string& excess);
Done write_tables(Reader& in, const std::optional<SizeLimits>& sizes, const FunctionShift& shift,
                  Writer& out, std::string& excess);

}  // namespace weir::wasm
