#pragma once
// An open file that is closed when nobody has it any more.

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace weir {

class Descriptor {
 public:
  Descriptor() = default;
  // Takes what is open there; negative: nothing.
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }
  int take() { return std::exchange(number_, -1); }

  // Another of the same open file, that `number` is; not open where that cannot be. No program that
  // this process starts gets it.
  static Descriptor duplicate_of(int number) {
    return Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, 0));
  }
  Descriptor duplicate() const { return duplicate_of(number_); }

 private:
  int number_ = -1;
};

}  // namespace weir
