#pragma once
// What a loaded library calls, changed from outside.

#include <cstddef>

namespace weir::engine::wasmedge {

// Of the library that `inside` lies in: its calls of the function `name` of another library arrive
// at `replacement` from now on. The number of places changed: 1, or 0 where it does not call it.
// Thread: any, while the library runs nowhere else.
size_t redirect_calls(void* inside, const char* name, void* replacement);

}  // namespace weir::engine::wasmedge
