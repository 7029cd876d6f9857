#pragma once
// Guarded<T>: the value can be reached only through its lock.

#include <mutex>

namespace weir {

template <typename T>
class Guarded {
 public:
  class Locked {
   public:
    T* operator->() { return value_; }
    T& operator*() { return *value_; }

   private:
    friend Guarded;
    Locked(std::mutex& mutex, T& value) : lock_(mutex), value_(&value) {}
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  // const: a shared object may be locked from any thread.
  [[nodiscard]] Locked lock() const { return Locked(mutex_, value_); }

 private:
  mutable std::mutex mutex_;
  mutable T value_{};
};

}  // namespace weir
