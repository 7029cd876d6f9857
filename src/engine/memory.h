#pragma once
// What a guest address points into, so that one check serves wasm and native plugins.

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::engine {

// The memory of one instance, as it is at this moment. Never kept: the guest may grow, and so move,
// its memory whenever it runs. A guest address is kept instead, and resolved again.
class Memory {
 public:
  // No memory: no address but that of nothing resolves.
  Memory() = default;

  // A wasm memory. An address is an offset into it; pointers and sizes are 4 bytes.
  static Memory linear(std::span<std::byte> bytes) {
    return {reinterpret_cast<uintptr_t>(bytes.data()), bytes.size()};
  }

  // The memory of a native plugin, which is trusted code: an address is a pointer, and the bound is
  // the address space. Pointers and sizes are 8 bytes.
  static Memory native() { return {0, kAddressSpace}; }

  // The bytes at [address, address + size), or null where they are not all inside.
  // For size 0 the result may be null or dangling: test `contains` for validity.
  std::byte* at(uint64_t address, uint64_t size) const {
    return contains(address, size) ? reinterpret_cast<std::byte*>(base_ + address) : nullptr;
  }

  bool contains(uint64_t address, uint64_t size) const {
    return address <= size_ && size <= size_ - address;
  }

  // Bytes in a pointer or a size_t of the guest: 4 for wasm, 8 for native.
  uint32_t word_bytes() const { return size_ == kAddressSpace ? sizeof(void*) : 4; }

  uint64_t size() const { return size_; }

 private:
  // No linear memory is of that size.
  static constexpr uint64_t kAddressSpace = UINT64_MAX;

  Memory(uintptr_t base, uint64_t size) : base_(base), size_(size) {}

  // Two words, which travel in registers: every hostcall passes one.
  uintptr_t base_ = 0;
  uint64_t size_ = 0;
};

}  // namespace weir::engine
