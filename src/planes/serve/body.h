#pragma once
// Body bytes on their way through the proxy: slices of the blocks they were received into, never
// copied unless a plugin changes them or they are tiny.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "abi/buffer.h"
#include "base/bytes.h"

namespace weir::serve {

// A plugin may make what it holds this many times larger than the limit on what is held.
inline constexpr uint64_t kHeldGrowth = 16;

// Some bytes and a share in the block that holds them. Cheap to copy. Thread: its worker's.
class Slice {
 public:
  Slice() = default;
  Slice(std::shared_ptr<const std::byte[]> block, size_t offset, size_t size)
      : block_(std::move(block)), data_(block_.get() + offset), size_(size) {}

  static Slice copy_of(Bytes bytes);

  Bytes bytes() const { return {data_, size_}; }
  size_t size() const { return size_; }

  // The first `n` bytes, which are removed from this slice.
  Slice take_front(size_t n);

  // Adds `next` where it lies behind this slice in the same block. False: it does not.
  bool join(const Slice& next);

 private:
  std::shared_ptr<const std::byte[]> block_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A queue of bytes that plugins may read and change. Thread: its worker's.
class Body final : public abi::Buffer {
 public:
  Body() = default;
  Body(Body&&) noexcept;
  Body& operator=(Body&&) noexcept;

  uint64_t size() const override { return size_; }
  bool empty() const { return size_ == 0; }
  void copy_to(uint64_t start, std::span<std::byte> to) const override;
  // False where the body would grow beyond max_size().
  bool replace(uint64_t start, uint64_t size, Bytes with) override;

  // Slices too small to be worth their bookkeeping are copied together.
  void append(Slice slice);
  void append(Body&& other);
  void append_copy(Bytes bytes);

  Body take_all();
  // The front slice, or its first `n` bytes where it has more; empty where the body is.
  Slice take_front(size_t n);
  // The first `n` bytes, at most size().
  void drop_front(size_t n);

  // In order; none of them is empty. Valid until the body changes.
  std::span<const Slice> slices() const { return std::span(slices_).subspan(first_); }

  void set_max_size(uint64_t max_size) { max_size_ = max_size; }
  uint64_t max_size() const { return max_size_; }

 private:
  // Room behind the last copied byte, so that small appends do not allocate each.
  struct Tail {
    std::shared_ptr<std::byte[]> block;
    size_t used = 0;
    size_t capacity = 0;
  };

  void push(Slice slice);
  void make_room(size_t size);

  std::vector<Slice> slices_;
  size_t first_ = 0;  // slices before it were taken
  uint64_t size_ = 0;
  uint64_t max_size_ = UINT64_MAX;
  Tail tail_;
};

}  // namespace weir::serve
