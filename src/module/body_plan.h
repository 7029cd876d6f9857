#pragma once
// All that is to be changed in one function body.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "module/edit.h"
#include "module/fuel_plan.h"
#include "module/limit_code.h"
#include "module/module_info.h"
#include "module/operand_height.h"
#include "module/reader.h"

namespace weir::wasm {

// Bytes of stack that a function may use beyond what is left of it, where it calls nothing.
inline constexpr uint32_t kStackReserve = 4096;

struct BodyPlan {
  uint32_t local_groups = 0;  // as declared
  size_t locals_begin = 0;    // in the file, after their number
  size_t code_begin = 0;      // after them
  size_t end = 0;
  uint32_t added_locals = 0;
  FunctionFacts facts;
  std::vector<Edit> edits;
};

// Whether that holds for any function's code, which is what follows its variables; those after it
// are not asked.
Result<bool> any_body(Bytes wasm, const ModuleInfo& info,
                      FunctionRef<Result<bool>(Reader& code)> holds);

// Whether any function has looks before its long operations.
Result<bool> has_long_operations(const ModuleInfo& info, Bytes wasm);

// Plans one body after the other.
class BodyPlanner {
 public:
  // Both outlive the planner.
  BodyPlanner(const ModuleInfo& info, const Additions& added)
      : info_(info), added_(added), height_(info), fuel_(plan_.edits) {}

  // `body` holds the body of that function, without its size. What does not exist in the module may
  // not be named in it: it could come to name what is added. The plan is valid until the next call.
  Result<const BodyPlan*> plan(Reader body, uint32_t function);

 private:
  Done read_locals(Reader& body, uint32_t params);
  Done plan_instruction(const Instruction& instruction);
  Done plan_function_index(const Instruction& instruction);
  void plan_look(const Instruction& instruction);
  void finish_looks();
  void plan_stack(const Instruction& instruction);
  void finish_stack();
  void add_locals();
  Error missing(const char* what, const Instruction& instruction) const;

  const ModuleInfo& info_;
  const Additions& added_;
  BodyPlan plan_;
  OperandHeight height_;
  FuelPlan fuel_;
  uint32_t locals_ = 0;  // with parameters
  bool uses_simd_ = false;
  bool calls_ = false;
  uint32_t growths_ = 0;  // with a look before each
};

}  // namespace weir::wasm
