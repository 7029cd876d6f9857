#include "planes/serve/read_buffer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace weir::serve {
namespace {

// An idle connection holds one of the smallest; a busy one gets the largest, so that a large body
// needs few reads.
constexpr size_t kSmallestBlock = 4 * 1024;
constexpr size_t kLargestBlock = 64 * 1024;

// A read into less is not worth its system call.
constexpr size_t kLeastRoom = 1024;

}  // namespace

std::span<std::byte> ReadBuffer::prepare() {
  const size_t wanted = std::clamp(next_capacity_, kSmallestBlock, kLargestBlock);
  // Nobody else holds the block: it can be filled again from its start.
  if (empty() && block_.use_count() == 1) begin_ = end_ = 0;
  const bool misfit = empty() && (capacity_ < wanted || capacity_ > 4 * wanted);
  if (capacity_ - end_ < kLeastRoom || misfit) {
    const size_t kept = end_ - begin_;
    const size_t capacity = std::max(wanted, 2 * kept);
    auto block = std::make_shared_for_overwrite<std::byte[]>(capacity);
    if (kept > 0) std::memcpy(block.get(), block_.get() + begin_, kept);
    block_ = std::move(block);
    capacity_ = capacity;
    begin_ = 0;
    end_ = kept;
  }
  return {block_.get() + end_, capacity_ - end_};
}

void ReadBuffer::commit(size_t n) {
  WEIR_CHECK(n <= capacity_ - end_);
  end_ += n;
  next_capacity_ = end_ == capacity_ ? 4 * capacity_ : n;
}

void ReadBuffer::consume(size_t n) {
  WEIR_CHECK(n <= end_ - begin_);
  begin_ += n;
}

Slice ReadBuffer::slice_of(Bytes part) const {
  const auto offset = static_cast<size_t>(part.data() - block_.get());
  WEIR_CHECK(offset >= begin_ && offset + part.size() <= end_);
  return {block_, offset, part.size()};
}

}  // namespace weir::serve
