#pragma once
// The expressions that a VM instance has made (foreign functions `expr_*`).

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "runtime/foreign_function.h"

struct WeirCelProgram;

namespace weir::runtime {

// Compiled expressions by token. Owned by the VM instance. Thread: its instance's.
class Expressions {
 public:
  static constexpr size_t kMaxCount = 1000;
  // A longer text would take longer to parse than a call may take.
  static constexpr size_t kMaxTextBytes = 16 << 10;

  // Begins with what `inherited` holds, which outlives it and does not change; or, with null,
  // empty.
  explicit Expressions(const Expressions* inherited = nullptr)
      : inherited_(inherited), last_token_(inherited == nullptr ? 0 : inherited->last_token_) {}

  // Compiles the texts() of another.
  explicit Expressions(const std::map<uint32_t, std::string>& texts);

  // BAD_ARGUMENT: the text is no expression, or is too long. INTERNAL_FAILURE: there are too many.
  abi::Status create(std::string_view text, uint32_t& token);

  // `result` is the value, encoded as a property. NOT_FOUND: there is no such token.
  // INTERNAL_FAILURE: the expression has no value, as when an attribute is missing, or costs too
  // much. SERIALIZATION_FAILURE: its value has no encoding.
  abi::Status evaluate(uint32_t token, ForeignCaller& caller, std::string& result) const;

  void erase(uint32_t token) {
    if (programs_.erase(token) == 0 && inherited_ != nullptr) erased_.insert(token);
  }

  std::map<uint32_t, std::string> texts() const {
    std::map<uint32_t, std::string> texts;
    for (const auto& [token, program] : programs_) texts.emplace(token, program.text);
    return texts;
  }

 private:
  struct Program {
    std::unique_ptr<WeirCelProgram, void (*)(WeirCelProgram*)> code;
    std::string text;
  };

  // Null: there is none of that token.
  const Program* find(uint32_t token) const;

  const Expressions* inherited_ = nullptr;
  std::set<uint32_t> erased_;  // of the inherited ones
  std::map<uint32_t, Program> programs_;
  uint32_t last_token_ = 0;
};

}  // namespace weir::runtime
