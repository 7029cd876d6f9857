#include "module/fuel_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "module/module_bytes.h"

namespace weir::wasm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint8_t kBrIf = 0x0d;

// A function body, its instructions, and what it pays where.
class Function {
 public:
  explicit Function(std::string_view code) : code_(code), plan_(edits) {
    Reader in(as_bytes(code_), 0, code_.size(), "code");
    plan_.begin(0);
    while (!in.at_end()) {
      instructions.push_back(read_instruction(in).value());
      plan_.apply(instructions.back());
    }
    plan_.finish();
    std::erase_if(edits, [](const Edit& edit) { return edit.kind == EditKind::Nothing; });
  }

  // "10 at 0": so many units at that byte.
  std::vector<std::string> payments() const {
    std::vector<std::string> texts;
    for (const Edit& edit : edits) {
      if (edit.kind == EditKind::LookIfLong || edit.kind == EditKind::Look) continue;
      texts.push_back(std::to_string(edit.value) + " at " + std::to_string(edit.at));
    }
    return texts;
  }

  std::vector<Instruction> instructions;
  std::vector<Edit> edits;

 private:
  std::string code_;
  FuelPlan plan_;
};

std::string times(size_t count, std::string_view code) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += code;
  return text;
}

constexpr std::string_view kCall = "\x10\0"sv;  // costs 65
constexpr std::string_view kEnd = "\x0b"sv;

TEST(FuelPlanTest, ASmallFunctionPaysNothing) {
  EXPECT_THAT(Function(times(63, "\1") + "\x0b").payments(), IsEmpty());
  EXPECT_THAT(Function(times(64, "\1") + "\x0b").payments(), ElementsAre("65 at 0"));
}

TEST(FuelPlanTest, AFunctionThatCallsPaysForWhatIsCalledToo) {
  EXPECT_THAT(Function("\x10\0\x0b"sv).payments(), ElementsAre("66 at 0"));
}

TEST(FuelPlanTest, ALoopPaysForEachOfItsRounds) {
  const Function function(
      "\1"
      "\x03\x40"  // at 3
      "\1\1"
      "\x03\x40"  // at 7
      "\1\x0c\0\x0b"
      "\1\x0c\0\x0b"
      "\1\x0b"sv);
  // Each loop its instructions and its end, and not what is in a loop inside.
  EXPECT_THAT(function.payments(), ElementsAre("4 at 0", "6 at 3", "3 at 7"));
  EXPECT_EQ(function.edits[1].kind, EditKind::SpendFuelOfLoop);
}

TEST(FuelPlanTest, ALargeLoopDoesNotPayOutOfASlice) {
  const Function function("\x03\x40" + times(1000, "\1") + "\x0b\x0b");
  EXPECT_THAT(function.payments(), ElementsAre("2 at 0", "1001 at 2"));
  EXPECT_EQ(function.edits[1].kind, EditKind::SpendFuel);
}

TEST(FuelPlanTest, ALongFunctionPaysOnItsWay) {
  const Function function(times(25'000, "\1") + "\x0b");
  EXPECT_THAT(function.payments(), ElementsAre("10000 at 0", "10000 at 10000", "5001 at 20000"));
}

TEST(FuelPlanTest, WhereABlockEndsThatHasPaidThereIsAPayment) {
  const std::string long_code = times(10'001, "\1");
  EXPECT_THAT(Function("\x02\x40" + long_code + "\x0b" + "\1\x0b").payments(),
              ElementsAre("10000 at 0", "3 at 10001", "2 at 10004"));
  EXPECT_THAT(Function("\x04\x40" + long_code + "\x05" + "\1\x0b" + "\1\x0b").payments(),
              ElementsAre("10000 at 0", "3 at 10001", "2 at 10004", "2 at 10006"));
  EXPECT_THAT(Function("\x06\x40" + long_code + "\x07\0\1\x19\1\x0b"s + "\1\x0b").payments(),
              ElementsAre("10000 at 0", "3 at 10001", "2 at 10005", "2 at 10007", "2 at 10009"));
  // A block around a loop that has: the loop's payments are its own.
  EXPECT_THAT(Function("\x02\x40\x03\x40" + long_code + "\x0b\x0b\x0b").payments(),
              ElementsAre("4 at 0", "10000 at 4", "2 at 10004"));
}

TEST(FuelPlanTest, LooksBeforeWhatMayTakeLong) {
  // memory.copy, memory.fill
  const Function function("\xfc\x0a\0\0\xfc\x0b\0\x0b"sv);
  ASSERT_EQ(function.edits.size(), 3u);
  EXPECT_EQ(function.edits[1].kind, EditKind::LookIfLong);
  EXPECT_EQ(function.edits[1].value, bulk::kShiftOfBytes);
  EXPECT_EQ(function.edits[1].at, 0u);
  EXPECT_EQ(function.edits[2].at, 4u);
  EXPECT_THAT(function.payments(), ElementsAre("513 at 0"));
}

// An element of a table takes an engine as long as a hundred bytes of memory.
TEST(FuelPlanTest, LooksBeforeFewerElementsThanBytes) {
  // table.init, table.copy, table.grow, table.fill
  const Function function("\xfc\x0c\0\0\xfc\x0e\0\0\xfc\x0f\0\xfc\x11\0\x0b"sv);
  ASSERT_EQ(function.edits.size(), 5u);
  for (size_t i = 1; i < 5; ++i) {
    EXPECT_EQ(function.edits[i].kind, EditKind::LookIfLong);
    EXPECT_EQ(function.edits[i].value, bulk::kShiftOfElements);
  }
  EXPECT_THAT(function.payments(), ElementsAre("4001 at 0"));
}

TEST(FuelPlanTest, LooksBeforeEachGrowth) {
  const Function function("\x40\0\x40\0\x0b"sv);
  ASSERT_EQ(function.edits.size(), 3u);
  EXPECT_EQ(function.edits[1].kind, EditKind::Look);
  EXPECT_EQ(function.edits[2].at, 2u);
  EXPECT_THAT(function.payments(), ElementsAre("2001 at 0"));
}

// ---- Whatever way a function takes ----

// Makes functions of blocks, loops, branches and calls.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  std::string function() {
    code_.clear();
    contents(0);
    code_ += kEnd;
    return code_;
  }

  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

 private:
  void contents(uint32_t depth) {
    for (uint32_t left = below(6) + 1; left > 0; --left) statement(depth);
  }

  void statement(uint32_t depth) {
    switch (below(depth < 6 ? 7 : 4)) {
      case 0:
        code_ += times(below(20), "\1");
        return;
      case 1:
        code_ += times(below(150), kCall);
        return;
      case 2:
      case 3:
        code_ += static_cast<char>(below(8) == 0 ? 0x0c : kBrIf);
        code_ += static_cast<char>(below(depth + 1));
        return;
      case 4:
        return enclosed("\x02\x40", depth);
      case 5:
        return enclosed("\x03\x40", depth);
      default:
        code_ += "\x04\x40";
        contents(depth + 1);
        if (below(2) == 0) {
          code_ += "\x05";
          contents(depth + 1);
        }
        code_ += kEnd;
    }
  }

  void enclosed(std::string_view begin, uint32_t depth) {
    code_ += begin;
    contents(depth + 1);
    code_ += kEnd;
  }

  std::mt19937 random_;
  std::string code_;
};

// Runs a function, deciding each branch by chance, and holds what it does against what it pays.
class Walk {
 public:
  Walk(const Function& function, Generator& chance) : function_(function), chance_(chance) {}

  // The least that was ever paid beyond what had been done.
  int64_t least_balance() {
    for (int steps = 0; steps < 5000 && at_ < code().size(); ++steps) step();
    return least_;
  }

 private:
  const std::vector<Instruction>& code() const { return function_.instructions; }

  void step() {
    const Instruction& instruction = code()[at_];
    pay(instruction.begin);
    balance_ -= instruction.op == Op::Call ? 65 : 1;
    least_ = std::min(least_, balance_);
    ++at_;
    switch (instruction.op) {
      case Op::Block:
      case Op::Loop:
        enter();
        break;
      case Op::If:
        enter();
        if (chance_.below(2) == 0) skip_to_else();
        break;
      case Op::Else:  // the end of the first alternative
        at_ = open_.back().end + 1;
        open_.pop_back();
        break;
      case Op::End:
        if (!open_.empty()) open_.pop_back();
        break;
      case Op::Br:
        branch(instruction.index);
        break;
      default:
        if (instruction.op == Op{kBrIf} && chance_.below(2) == 0) branch(instruction.index);
        break;
    }
  }

  // Passes the payments at this place, which come before the instruction.
  void pay(size_t place) {
    for (const Edit& edit : function_.edits) {
      if (edit.at == place) balance_ += edit.value;
    }
  }

  struct Block {
    size_t begin;  // its first instruction
    size_t end;    // its end instruction
    bool loop;
  };

  void enter() { open_.push_back({at_, matching(at_, false), code()[at_ - 1].op == Op::Loop}); }

  // The end, or the else, of the block whose contents begin at `from`.
  size_t matching(size_t from, bool or_else) const {
    for (size_t depth = 1, i = from;; ++i) {
      const Op op = code()[i].op;
      if (op == Op::Block || op == Op::Loop || op == Op::If) ++depth;
      if (op == Op::End) --depth;
      if (depth == 0 || (depth == 1 && or_else && op == Op::Else)) return i;
    }
  }

  void skip_to_else() {
    at_ = matching(at_, true) + 1;
    if (code()[at_ - 1].op == Op::End) open_.pop_back();
  }

  void branch(uint32_t label) {
    if (label == open_.size()) {
      at_ = code().size();
      return;
    }
    open_.resize(open_.size() - label);
    at_ = open_.back().loop ? open_.back().begin : open_.back().end + 1;
    if (!open_.back().loop) open_.pop_back();
  }

  const Function& function_;
  Generator& chance_;
  size_t at_ = 0;
  std::vector<Block> open_;
  int64_t balance_ = 0;
  int64_t least_ = 0;
};

TEST(FuelPlanTest, NoWayThroughAFunctionDoesMoreThanItHasPaidFor) {
  int payments_on_the_way = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Generator generator(seed);
    const Function function(generator.function());
    if (function.edits.empty()) continue;  // a small one
    payments_on_the_way +=
        static_cast<int>(std::ranges::count(function.edits, EditKind::SpendFuel, &Edit::kind) - 1);
    for (int walk = 0; walk < 10; ++walk) {
      ASSERT_GE(Walk(function, generator).least_balance(), 0) << "seed " << seed;
    }
    for (const Edit& edit : function.edits) EXPECT_LE(edit.value, fuel::kRegion);
  }
  EXPECT_GT(payments_on_the_way, 300);  // else the functions were too short to tell
}

}  // namespace
}  // namespace weir::wasm
