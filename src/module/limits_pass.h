#pragma once
// Limits for engines that have none of their own: a module is rewritten so that it keeps them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/func_type.h"
#include "base/result.h"
#include "module/origin_map.h"

namespace weir::wasm {

// The function that a rewritten module imports, after all its own, and calls with a LimitReason:
// (i32) -> ().
inline constexpr std::string_view kLimitModule = "weir";
inline constexpr std::string_view kLimitName = "limit";
// In place of kLimitModule where only LimitsToAdd::look_if_long calls it.
inline constexpr std::string_view kLookModule = "weir-look";

inline bool is_limit_module(std::string_view module) {
  return module == kLimitModule || module == kLookModule;
}

// Whether a plugin imports nothing from those. BadModule where it does, on whatever engine.
Done check_own_names(const ModuleInterface& interface);

enum class LimitReason : uint32_t {
  FuelUsedUp,   // time to look whether the guest is to be interrupted; it goes on if this returns
  StackUsedUp,  // not to be returned from
};

struct SizeLimits {
  uint64_t memory_bytes;
  uint64_t table_elements;
};

// What a module is to be given. None: it stays as it is.
struct LimitsToAdd {
  bool interrupt = false;
  // For engines that interrupt by themselves, but only where a loop or a call is: a call before
  // each operation that takes as long as its operands say (memory.fill), where that is long.
  // `interrupt` includes it.
  bool look_if_long = false;
  std::optional<uint32_t> stack_bytes;  // of frames, at a time
  // Memories share their bytes alike, tables their elements.
  std::optional<SizeLimits> sizes;

  bool any() const { return interrupt || look_if_long || stack_bytes || sizes; }
};

struct LimitedCode {
  bool unchanged = false;  // nothing had to be added: the module stays as it is, all else is empty
  std::vector<std::byte> wasm;
  bool imports_limit = false;                    // else it has no code to run
  std::string_view limit_module = kLimitModule;  // that it imports it from
  // Why no instance can be had within SizeLimits; empty where it can.
  std::string excess;
  OriginMap origin;
};

// Rewrites a module. BadModule where it is malformed, Unsupported where it uses what the pass does
// not know; what it leaves unread the engine will judge. Takes time and memory in proportion to the
// size of `wasm`. Custom sections that speak of places in the code are dropped where those move,
// others than "name", "producers" and "target_features" with them.
Result<LimitedCode> add_limits(Bytes wasm, const LimitsToAdd& limits);

}  // namespace weir::wasm
