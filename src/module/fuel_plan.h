#pragma once
// Where a function pays for what it is about to do, and how much.

#include <cstdint>
#include <vector>

#include "module/edit.h"
#include "module/instruction.h"

namespace weir::wasm {

// Units of fuel. One is about one simple instruction.
namespace fuel {
// What an instance may spend before it calls out, to be interrupted if that is wished: 10 to 50 us
// of compiled code, under 1 ms of an interpreter's.
inline constexpr uint32_t kBetweenLooks = 100'000;
// What a function takes at once for its loops, which then count in a local variable.
inline constexpr uint32_t kSlice = 1000;
// The most that is paid for at once: what is more costs a further payment on its way.
inline constexpr uint32_t kRegion = 10'000;
// A function that calls nothing, has no loop and costs no more pays nothing: each call pays for it.
inline constexpr uint32_t kSmallFunction = 64;
}  // namespace fuel

// What operations cost that take as many steps as their operands say. One more for each, however
// short it is.
namespace bulk {
// What a function may spend on them without a look: 64 KiB of memory, which take 2 to 10 us, or 512
// elements of tables, which take an engine up to 100 ns each.
inline constexpr int32_t kBetweenLooks = 256;
inline constexpr uint32_t kShiftOfBytes = 8;
inline constexpr uint32_t kShiftOfElements = 1;
// memory.grow takes some engines milliseconds where the memory is large, by whatever it grows. No
// more of them are in a function that does not look before each.
inline constexpr uint32_t kFewGrowths = 4;
}  // namespace bulk

// Nothing, or the look that comes before the instruction, of kind Look or LookIfLong.
Edit look_before(const Instruction& instruction);

// Follows one function body and adds a payment to its edits at the function's entry and at each
// loop's header. Each pays for its region: the instructions up to the next payment, save those of
// loops inside. So whatever runs has been paid for, since nothing goes back but to a loop's header,
// and a jump forward stays in its region or comes to where a block ends (or its next alternative
// begins) in which a region has ended: there is a payment too.
class FuelPlan {
 public:
  // `edits` outlives the plan's use.
  explicit FuelPlan(std::vector<Edit>& edits) : edits_(edits) {}

  // Begins a function whose first instruction lies at `code_begin`.
  void begin(size_t code_begin);

  // The next instruction. To be told before other edits of the same instruction are added.
  void apply(const Instruction& instruction);

  // The function has ended.
  void finish();

 private:
  // The function or a loop: what is run once for each time that its payment is passed.
  struct Level {
    size_t payment;  // in edits_
    uint32_t cost;   // of the region so far
  };
  struct Frame {
    bool is_loop;
    bool region_ended;  // inside, and not inside a loop in there
  };

  void spend(const Instruction& instruction);
  void begin_region(size_t at);
  void end_frame(const Instruction& instruction);
  void close(const Level& level);

  std::vector<Edit>& edits_;
  std::vector<Level> levels_;
  std::vector<Frame> frames_;
  bool small_ = true;
};

}  // namespace weir::wasm
