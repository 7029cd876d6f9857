#pragma once
// Calls between guest and host as people read them: names of enums, texts instead of addresses.

#include <string>
#include <string_view>

#include "base/func_type.h"
#include "engine/engine.h"

namespace weir::abi {

// Printable ASCII between quotes, other bytes as \xNN, of long texts the beginning and the length.
std::string quoted_bytes(Bytes bytes, size_t limit = 200);

// "proxy_add_header_map_value(RequestHeaders, "x-user", "ann")": a hostcall with what the guest
// passes. Where the host is to write is left out. Of a function that Weir does not know the
// numbers.
std::string hostcall_text(const engine::Import& import, engine::Slots params,
                          engine::Memory memory);

// "NotFound", or "Ok, "ann"": its answer, and what the host has written. `params` are those that it
// was called with; `memory` is as it is now.
std::string answer_text(const engine::Import& import, engine::Slots params, engine::Slots results,
                        engine::Memory memory);

// "proxy_on_request_headers(context 2, headers 5, end_of_stream 1)": a call into the guest.
std::string callback_text(std::string_view function, Signature signature, engine::Slots params);

// "StopIteration" for a callback that answers an action; else the number, or nothing.
std::string callback_answer_text(std::string_view function, Signature signature,
                                 engine::Slots results);

// Whether it is a callback of Proxy-Wasm, and not part of a module's start or its allocator.
bool is_callback(std::string_view function);

}  // namespace weir::abi
