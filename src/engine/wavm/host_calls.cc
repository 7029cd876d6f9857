#include "engine/wavm/host_calls.h"

#include <WAVM/IR/Operators.h>
#include <WAVM/Inline/Serialization.h>
#include <WAVM/Runtime/Intrinsics.h>
#include <WAVM/RuntimeABI/RuntimeABI.h>

#include "engine/wavm/convert.h"
#include "engine/wavm/guest_run.h"

namespace weir::engine::wavm {
namespace {

namespace ir = WAVM::IR;
namespace runtime = WAVM::Runtime;

using Code = ir::OperatorEncoderStream;

// The value on the stack, as it travels in a slot.
void to_slot(Code& code, ValType type) {
  switch (type) {
    case ValType::I32:
      return code.i64_extend_i32_u();
    case ValType::I64:
      return;
    case ValType::F32:
      code.i32_reinterpret_f32();
      return code.i64_extend_i32_u();
    case ValType::F64:
      return code.i64_reinterpret_f64();
  }
}

void from_slot(Code& code, ValType type) {
  switch (type) {
    case ValType::I32:
      return code.i32_wrap_i64();
    case ValType::I64:
      return;
    case ValType::F32:
      code.i32_wrap_i64();
      return code.f32_reinterpret_i32();
    case ValType::F64:
      return code.f64_reinterpret_i64();
  }
}

std::vector<uint8_t> code_of(uint32_t index, Signature signature) {
  WAVM::Serialization::ArrayOutputStream bytes;
  Code code(bytes);
  for (size_t i = 0; i < signature.params.size(); ++i) {
    code.local_get({i});
    to_slot(code, signature.params[i]);
    code.global_set({i});
  }
  code.i32_const({static_cast<int32_t>(index)});
  code.call({0});
  for (size_t i = 0; i < signature.results.size(); ++i) {
    code.global_get({i});
    from_slot(code, signature.results[i]);
  }
  code.end();
  return bytes.getBytes();
}

// The globals of the first module with any are the first of the context's.
void on_native_call(runtime::ContextRuntimeData* data, uint32_t index) {
  auto& target =
      *static_cast<HostCallTarget*>(runtime::getUserData(runtime::getContextFromRuntimeData(data)));
  const void* frame = __builtin_frame_address(0);
  const auto call = [&] {
    const HostSection host(frame);
    return target.on_host_call(index, {data->mutableGlobals, kMaxSlots});
  };
  if (call() == Flow::Trap) runtime::throwException(runtime::ExceptionTypes::calledAbort);
}

}  // namespace

ir::Module make_import_module(std::span<const Import> imports) {
  ir::Module module(ir::FeatureLevel::proposed);
  module.types.emplace_back(ir::TypeTuple(), ir::TypeTuple(ir::ValueType::i32));
  module.functions.imports.push_back({{0}, "", kNativeFunction});
  module.imports.push_back({ir::ExternKind::function, 0});
  for (size_t i = 0; i < kMaxSlots; ++i) {
    module.globals.defs.push_back(
        {ir::GlobalType(ir::ValueType::i64, true), ir::InitializerExpression(int64_t{0})});
  }
  for (uint32_t i = 0; i < imports.size(); ++i) {
    const Signature signature = imports[i].signature;
    module.types.push_back(to_function_type(signature));
    module.functions.defs.push_back({{module.types.size() - 1}, {}, code_of(i, signature), {}});
    module.exports.push_back({std::to_string(i), ir::ExternKind::function, i + 1});
  }
  return module;
}

runtime::Function* instantiate_native_function(runtime::Compartment* compartment) {
  static WAVM::Intrinsics::Module module;
  static const WAVM::Intrinsics::Function kFunction(
      &module, kNativeFunction, reinterpret_cast<void*>(&on_native_call),
      WAVM::Intrinsics::inferIntrinsicFunctionType(&on_native_call));
  const auto* instance =
      WAVM::Intrinsics::instantiateModule(compartment, {&module}, kNativeFunction);
  return runtime::asFunction(runtime::getInstanceExport(instance, kNativeFunction));
}

}  // namespace weir::engine::wavm
