#pragma once
// What happened in a run, as lines that must be the same on every engine.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "engine/memory.h"

namespace weir::test {

// Thread: one at a time.
class Transcript {
 public:
  // Lines begin at the depth of the calls that are under way.
  void add(std::string_view line);

  void enter() { ++depth_; }
  void leave() { --depth_; }

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  size_t depth_ = 0;
};

// The first line in which both differ, with those before it; empty where they are the same.
std::string first_difference(const std::vector<std::string>& expected,
                             const std::vector<std::string>& actual);

// A memory's size and a hash of all its bytes: "17 pages 8b1f0c55d2a9e677".
std::string digest(engine::Memory memory);

// Printable characters as they are, others as \xNN; at most so many bytes, then "...".
std::string quoted(Bytes bytes, size_t limit = SIZE_MAX);

}  // namespace weir::test
