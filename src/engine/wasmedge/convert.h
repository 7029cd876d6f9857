#pragma once
// Types, results and traps, from WasmEdge's to the seam's and back.

#include <array>
#include <optional>
#include <vector>

#include "base/func_type.h"
#include "engine/engine.h"
#include "engine/wasmedge/api.h"

namespace weir::engine::wasmedge {

// WasmEdge's types of the values that can cross the seam. Immutable.
class ValTypes {
 public:
  explicit ValTypes(const Api& api);

  const WasmEdge_ValType& of(ValType type) const { return types_[static_cast<size_t>(type)]; }
  // Nothing for a type that cannot cross the seam.
  std::optional<ValType> find(const WasmEdge_ValType& type) const;

 private:
  const Api& api_;
  std::array<WasmEdge_ValType, 4> types_;  // in the order of ValType
};

Owned<WasmEdge_FunctionTypeContext> to_function_type(const Api&, const ValTypes&, Signature);

// Nothing where the function cannot cross the seam.
std::optional<FuncType> to_func_type(const Api&, const ValTypes&,
                                     const WasmEdge_FunctionTypeContext*);

// Whether a call went to its end.
inline bool is_ok(WasmEdge_Result result) { return (result.Code & 0x00ffffff) == 0; }

std::string message_of(const Api&, WasmEdge_Result);

TrapKind kind_of(WasmEdge_Result);

}  // namespace weir::engine::wasmedge
