#include "planes/serve/body.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace weir::serve {
namespace {

// Below it a copy costs less than keeping a slice, and hostile one-byte pieces do not multiply the
// memory they take.
constexpr size_t kCopiedBelow = 256;

constexpr size_t kSmallestTail = 1024;
constexpr size_t kLargestTail = 16 * 1024;

}  // namespace

Slice Slice::copy_of(Bytes bytes) {
  auto block = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(block.get(), bytes.data(), bytes.size());
  return {std::move(block), 0, bytes.size()};
}

Slice Slice::take_front(size_t n) {
  WEIR_CHECK(n <= size_);
  if (n == size_) return std::exchange(*this, Slice());
  Slice front = *this;
  front.size_ = n;
  data_ += n;
  size_ -= n;
  return front;
}

bool Slice::join(const Slice& next) {
  if (block_ != next.block_ || data_ + size_ != next.data_) return false;
  size_ += next.size_;
  return true;
}

Body::Body(Body&& other) noexcept { *this = std::move(other); }

Body& Body::operator=(Body&& other) noexcept {
  if (this == &other) return *this;
  slices_ = std::exchange(other.slices_, {});
  first_ = std::exchange(other.first_, 0);
  size_ = std::exchange(other.size_, 0);
  max_size_ = other.max_size_;
  tail_ = std::exchange(other.tail_, {});
  return *this;
}

void Body::copy_to(uint64_t start, std::span<std::byte> to) const {
  WEIR_CHECK(start <= size_ && to.size() <= size_ - start);
  for (const Slice& slice : slices()) {
    if (to.empty()) return;
    if (start >= slice.size()) {
      start -= slice.size();
      continue;
    }
    const Bytes part = slice.bytes().subspan(start);
    const size_t n = std::min(part.size(), to.size());
    std::memcpy(to.data(), part.data(), n);
    to = to.subspan(n);
    start = 0;
  }
}

bool Body::replace(uint64_t start, uint64_t size, Bytes with) {
  WEIR_CHECK(start <= size_ && size <= size_ - start);
  const uint64_t kept = size_ - size;
  const bool grows = with.size() > size;
  if (grows && (kept > max_size_ || with.size() > max_size_ - kept)) return false;
  if (start == size_) {
    append_copy(with);
    return true;
  }

  Body result;
  while (result.size_ < start) result.push(take_front(start - result.size_));
  // `with` may be a view of these very bytes: they are dropped after the copy.
  if (!with.empty()) result.push(Slice::copy_of(with));
  drop_front(size);
  while (!empty()) result.push(take_front(size_));
  slices_.swap(result.slices_);
  first_ = result.first_;
  size_ = result.size_;
  return true;
}

void Body::append(Slice slice) {
  if (slice.size() == 0) return;
  if (!empty()) {
    if (slices_.back().join(slice)) {
      size_ += slice.size();
      return;
    }
    if (slice.size() < kCopiedBelow) {
      append_copy(slice.bytes());
      return;
    }
  }
  push(std::move(slice));
}

void Body::append(Body&& other) {
  if (empty()) {
    slices_ = std::exchange(other.slices_, {});
    first_ = std::exchange(other.first_, 0);
    size_ = std::exchange(other.size_, 0);
    return;
  }
  while (!other.empty()) append(other.take_front(other.size_));
}

void Body::append_copy(Bytes bytes) {
  if (bytes.empty()) return;
  make_room(bytes.size());
  std::memcpy(tail_.block.get() + tail_.used, bytes.data(), bytes.size());
  Slice added(tail_.block, tail_.used, bytes.size());
  tail_.used += bytes.size();
  if (!empty() && slices_.back().join(added)) {
    size_ += bytes.size();
  } else {
    push(std::move(added));
  }
}

Body Body::take_all() {
  Body all = std::move(*this);
  return all;
}

Slice Body::take_front(size_t n) {
  if (empty()) return {};
  Slice& front = slices_[first_];
  Slice taken = front.take_front(std::min(n, front.size()));
  size_ -= taken.size();
  if (front.size() == 0) ++first_;
  if (empty()) {
    slices_.clear();
    first_ = 0;
  }
  return taken;
}

void Body::drop_front(size_t n) {
  WEIR_CHECK(n <= size_);
  while (n > 0) n -= take_front(n).size();
}

void Body::push(Slice slice) {
  // A queue that is never quite empty gives back what it has taken from its front.
  if (first_ > 32 && first_ > slices_.size() / 2) {
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
  size_ += slice.size();
  slices_.push_back(std::move(slice));
}

void Body::make_room(size_t size) {
  if (empty() && tail_.block.use_count() == 1) tail_.used = 0;
  if (tail_.capacity - tail_.used >= size) return;
  const size_t capacity =
      std::max(size, std::clamp(2 * tail_.capacity, kSmallestTail, kLargestTail));
  tail_ = {.block = std::make_shared_for_overwrite<std::byte[]>(capacity),
           .used = 0,
           .capacity = capacity};
}

}  // namespace weir::serve
