#pragma once
// What was received from a socket and not parsed yet, contiguous, in blocks that body slices share.

#include <cstddef>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "planes/serve/body.h"

namespace weir::serve {

// Thread: its connection's.
class ReadBuffer {
 public:
  // Room behind the unread bytes; never empty. Valid until the next call that is not const.
  std::span<std::byte> prepare();
  // The first `n` bytes of what prepare() gave have been filled.
  void commit(size_t n);

  Bytes unread() const { return {block_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(size_t n);

  // Shares `part`, which lies in unread(), without copying it.
  Slice slice_of(Bytes part) const;

 private:
  std::shared_ptr<std::byte[]> block_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t next_capacity_ = 0;
};

}  // namespace weir::serve
