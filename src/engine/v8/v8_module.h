#pragma once
// Compiled code with the types of what it imports and exports.

#include <v8-wasm.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/func_type.h"
#include "engine/engine.h"
#include "engine/v8/module_code.h"
#include "engine/v8/thread_isolate.h"

namespace weir::engine::v8_adapter {

class V8Module final : public Module {
 public:
  // Fails with LinkFailed where the module imports other than `imports`.
  static Result<std::unique_ptr<const Module>> make(ThreadIsolate& thread,
                                                    v8::CompiledWasmModule compiled,
                                                    std::span<const Import> imports,
                                                    uint64_t stack_bytes);

  Result<std::unique_ptr<Instance>> make_instance(ImportHandler& handler,
                                                  const Limits& limits) const override;
  Result<std::vector<std::byte>> serialize() const override;

  const std::shared_ptr<const ModuleCode>& code() const { return code_; }
  // For the frames of an instance.
  uint64_t stack_bytes() const { return stack_bytes_; }
  // Null where there is none, or none whose type can cross the seam. It lives as long as the
  // module.
  const FuncType* find_export(std::string_view name) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Exports = std::unordered_map<std::string, FuncType, Hash, std::equal_to<>>;

  V8Module(std::shared_ptr<const ModuleCode> code, Exports exports, uint64_t stack_bytes)
      : code_(std::move(code)), exports_(std::move(exports)), stack_bytes_(stack_bytes) {}

  static Exports read_exports(ThreadIsolate& thread, v8::Local<v8::Value> module);

  std::shared_ptr<const ModuleCode> code_;
  Exports exports_;
  uint64_t stack_bytes_;
};

}  // namespace weir::engine::v8_adapter
