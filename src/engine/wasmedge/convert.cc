#include "engine/wasmedge/convert.h"

#include <algorithm>

namespace weir::engine::wasmedge {
namespace {

std::vector<WasmEdge_ValType> to_types(const ValTypes& types, std::span<const ValType> from) {
  std::vector<WasmEdge_ValType> to;
  to.reserve(from.size());
  for (ValType type : from) to.push_back(types.of(type));
  return to;
}

std::optional<std::vector<ValType>> from_types(const ValTypes& types,
                                               std::span<const WasmEdge_ValType> from) {
  std::vector<ValType> to;
  for (const WasmEdge_ValType& type : from) {
    const auto found = types.find(type);
    if (!found) return std::nullopt;
    to.push_back(*found);
  }
  return to;
}

}  // namespace

ValTypes::ValTypes(const Api& api)
    : api_(api),
      types_{api.val_type_gen_i32(), api.val_type_gen_i64(), api.val_type_gen_f32(),
             api.val_type_gen_f64()} {}

std::optional<ValType> ValTypes::find(const WasmEdge_ValType& type) const {
  const auto found = std::ranges::find_if(types_, [&](const WasmEdge_ValType& candidate) {
    return api_.val_type_is_equal(candidate, type);
  });
  if (found == types_.end()) return std::nullopt;
  return static_cast<ValType>(found - types_.begin());
}

Owned<WasmEdge_FunctionTypeContext> to_function_type(const Api& api, const ValTypes& types,
                                                     Signature signature) {
  const auto params = to_types(types, signature.params);
  const auto results = to_types(types, signature.results);
  return own(api.function_type_create(params.data(), static_cast<uint32_t>(params.size()),
                                      results.data(), static_cast<uint32_t>(results.size())),
             api.function_type_delete);
}

std::optional<FuncType> to_func_type(const Api& api, const ValTypes& types,
                                     const WasmEdge_FunctionTypeContext* from) {
  const uint32_t params = api.function_type_get_parameters_length(from);
  const uint32_t results = api.function_type_get_returns_length(from);
  if (params > kMaxSlots || results > kMaxSlots) return std::nullopt;
  std::array<WasmEdge_ValType, kMaxSlots> raw;
  api.function_type_get_parameters(from, raw.data(), params);
  auto param_types = from_types(types, {raw.data(), params});
  api.function_type_get_returns(from, raw.data(), results);
  auto result_types = from_types(types, {raw.data(), results});
  if (!param_types || !result_types) return std::nullopt;
  return FuncType{std::move(*param_types), std::move(*result_types)};
}

std::string message_of(const Api& api, WasmEdge_Result result) {
  return api.result_get_message(result);
}

TrapKind kind_of(WasmEdge_Result result) {
  if ((result.Code >> 24) != WasmEdge_ErrCategory_WASM) return TrapKind::Host;
  switch (result.Code) {
    case WasmEdge_ErrCode_Unreachable:
      return TrapKind::Unreachable;
    case WasmEdge_ErrCode_MemoryOutOfBounds:
    case WasmEdge_ErrCode_DataSegDoesNotFit:
      return TrapKind::MemoryBounds;
    case WasmEdge_ErrCode_TableOutOfBounds:
    case WasmEdge_ErrCode_ElemSegDoesNotFit:
    case WasmEdge_ErrCode_UninitializedElement:
    case WasmEdge_ErrCode_UndefinedElement:
    case WasmEdge_ErrCode_IndirectCallTypeMismatch:
    case WasmEdge_ErrCode_RefTypeMismatch:
    case WasmEdge_ErrCode_AccessNullFunc:
      return TrapKind::TableBounds;
    case WasmEdge_ErrCode_DivideByZero:
    case WasmEdge_ErrCode_IntegerOverflow:
    case WasmEdge_ErrCode_InvalidConvToInt:
      return TrapKind::Arithmetic;
    case WasmEdge_ErrCode_Interrupted:
      return TrapKind::Interrupted;
    case WasmEdge_ErrCode_UnknownImport:
    case WasmEdge_ErrCode_IncompatibleImportType:
      return TrapKind::Link;
    default:
      return TrapKind::Other;
  }
}

}  // namespace weir::engine::wasmedge
