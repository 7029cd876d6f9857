#pragma once
// How an element segment is written, before its entries.

#include "base/result.h"
#include "module/reader.h"

namespace weir::wasm {

struct SegmentForm {
  bool active = false;       // its place in a table follows, as an expression
  bool has_type = false;     // then that of its entries
  bool expressions = false;  // which are expressions, else functions
};

// The first of it, with the number of the table where it names one.
Result<SegmentForm> read_segment_form(Reader&);

// The type of its entries, where it has one.
Done read_segment_type(Reader&, const SegmentForm&);

}  // namespace weir::wasm
