#pragma once
// Body bytes on their way through the proxy: slices of the blocks they were received into, never
// copied unless a plugin changes them.

#include <deque>
#include <memory>
#include <span>
#include <string_view>

#include "abi/buffer.h"
#include "base/bytes.h"

namespace weir::serve {

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

 private:
  std::shared_ptr<const std::byte[]> block_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A queue of slices that plugins may read and change. Thread: its worker's.
class Body final : public abi::Buffer {
 public:
  uint64_t size() const override { return size_; }
  bool empty() const { return size_ == 0; }
  void copy_to(uint64_t start, std::span<std::byte> to) const override;
  // False where the body would grow beyond max_size().
  bool replace(uint64_t start, uint64_t size, Bytes with) override;

  void append(Slice slice);
  void append(Body&& other);
  Body take_all();
  // At most `n` bytes from the front; empty where there are none.
  Slice take_front(size_t n);

  const std::deque<Slice>& slices() const { return slices_; }

  void set_max_size(uint64_t max_size) { max_size_ = max_size; }
  uint64_t max_size() const { return max_size_; }

 private:
  std::deque<Slice> slices_;
  uint64_t size_ = 0;
  uint64_t max_size_ = UINT64_MAX;
};

}  // namespace weir::serve
