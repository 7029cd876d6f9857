#pragma once
// What a callback of the guest came to.

#include <cstdint>
#include <optional>

namespace weir::abi {

// A std::optional<uint32_t> that is one word: that one is returned in memory, written as two parts
// and read as a whole, for which a processor waits at every level that passes it on.
class GuestAnswer {
 public:
  // The guest has not answered: it trapped.
  GuestAnswer(std::nullopt_t) {}
  GuestAnswer(uint32_t value) : bits_(value) {}

  explicit operator bool() const { return bits_ != kNone; }
  uint32_t operator*() const { return static_cast<uint32_t>(bits_); }

 private:
  static constexpr uint64_t kNone = UINT64_MAX;

  uint64_t bits_ = kNone;
};

}  // namespace weir::abi
