#pragma once
// What the headers of this folder share: locks that a program with one thread takes and gives back.
// weir-cxx puts the folder before the standard library's where it compiles to wasm.

#include <chrono>
#include <cstddef>
#include <memory>
#include <tuple>
#include <utility>

// Others have some of these names themselves. The version is written with two digits more since 15.
#if !defined(_LIBCPP_HAS_NO_THREADS) || _LIBCPP_VERSION >= 170000
#error "these locks are for a libc++ 14 to 16 without threads, as Debian has it for wasm"
#endif

// libc++ declares these where it has threads.
namespace std {

struct defer_lock_t {
  explicit defer_lock_t() = default;
};
struct try_to_lock_t {
  explicit try_to_lock_t() = default;
};
struct adopt_lock_t {
  explicit adopt_lock_t() = default;
};
inline constexpr defer_lock_t defer_lock;
inline constexpr try_to_lock_t try_to_lock;
inline constexpr adopt_lock_t adopt_lock;

enum class cv_status { no_timeout, timeout };

}  // namespace std

namespace weir_sdk {

// Says in the log what a lock was asked for, and ends this instance.
[[noreturn]] void misused_lock(const char* what);

// Held once, or not at all.
class SoleLock {
 public:
  constexpr SoleLock() noexcept = default;
  SoleLock(const SoleLock&) = delete;
  SoleLock& operator=(const SoleLock&) = delete;

  void lock() {
    if (!try_lock()) misused_lock("a mutex that is locked is locked again, which waits for ever");
  }
  bool try_lock() noexcept { return !std::exchange(is_held_, true); }
  void unlock() noexcept { is_held_ = false; }

 private:
  bool is_held_ = false;
};

// Held as often as it is locked.
class CountedLock {
 public:
  constexpr CountedLock() noexcept = default;
  CountedLock(const CountedLock&) = delete;
  CountedLock& operator=(const CountedLock&) = delete;

  void lock() { ++times_; }
  bool try_lock() noexcept { return ++times_ != 0; }
  void unlock() noexcept { --times_; }

 private:
  size_t times_ = 0;
};

// Held by one writer, or by readers.
class SharedLock {
 public:
  constexpr SharedLock() noexcept = default;
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

  void lock() {
    if (!try_lock())
      misused_lock("a shared mutex that is locked is locked again, which waits for ever");
  }
  bool try_lock() noexcept {
    if (is_written_ || readers_ != 0) return false;
    is_written_ = true;
    return true;
  }
  void unlock() noexcept { is_written_ = false; }

  void lock_shared() {
    if (!try_lock_shared())
      misused_lock("a shared mutex that is written to is to be read, which waits for ever");
  }
  bool try_lock_shared() noexcept {
    if (is_written_) return false;
    ++readers_;
    return true;
  }
  void unlock_shared() noexcept { --readers_; }

 private:
  bool is_written_ = false;
  size_t readers_ = 0;
};

// With a time to wait, which is for nothing where nobody else could unlock.
template <typename Lock>
class TimedLock : public Lock {
 public:
  template <typename Duration>
  bool try_lock_for(const Duration& /* longest */) {
    return this->try_lock();
  }
  template <typename Time>
  bool try_lock_until(const Time& /* latest */) {
    return this->try_lock();
  }
};

// How a MovableLock takes a mutex.
struct Exclusive {
  template <typename Mutex>
  static void lock(Mutex& mutex) {
    mutex.lock();
  }
  template <typename Mutex>
  static bool try_lock(Mutex& mutex) {
    return mutex.try_lock();
  }
  template <typename Mutex>
  static void unlock(Mutex& mutex) {
    mutex.unlock();
  }
};
struct Shared {
  template <typename Mutex>
  static void lock(Mutex& mutex) {
    mutex.lock_shared();
  }
  template <typename Mutex>
  static bool try_lock(Mutex& mutex) {
    return mutex.try_lock_shared();
  }
  template <typename Mutex>
  static void unlock(Mutex& mutex) {
    mutex.unlock_shared();
  }
};

// std::unique_lock or std::shared_lock, by `How`.
template <typename Mutex, typename How>
class MovableLock {
 public:
  using mutex_type = Mutex;

  MovableLock() noexcept = default;
  explicit MovableLock(Mutex& mutex) : mutex_(std::addressof(mutex)) { lock(); }
  MovableLock(Mutex& mutex, std::defer_lock_t) noexcept : mutex_(std::addressof(mutex)) {}
  MovableLock(Mutex& mutex, std::adopt_lock_t) : mutex_(std::addressof(mutex)), owns_(true) {}
  MovableLock(Mutex& mutex, std::try_to_lock_t) : mutex_(std::addressof(mutex)) { try_lock(); }
  template <typename Clock, typename Duration>
  MovableLock(Mutex& mutex, const std::chrono::time_point<Clock, Duration>& /* latest */)
      : MovableLock(mutex, std::try_to_lock) {}
  template <typename Rep, typename Period>
  MovableLock(Mutex& mutex, const std::chrono::duration<Rep, Period>& /* longest */)
      : MovableLock(mutex, std::try_to_lock) {}
  ~MovableLock() {
    if (owns_) How::unlock(*mutex_);
  }
  MovableLock(MovableLock&& other) noexcept { swap(other); }
  MovableLock& operator=(MovableLock&& other) noexcept {
    MovableLock taken(std::move(other));
    swap(taken);
    return *this;
  }

  void lock() {
    check_free();
    How::lock(*mutex_);
    owns_ = true;
  }
  bool try_lock() {
    check_free();
    return owns_ = How::try_lock(*mutex_);
  }
  template <typename Duration>
  bool try_lock_for(const Duration& /* longest */) {
    return try_lock();
  }
  template <typename Time>
  bool try_lock_until(const Time& /* latest */) {
    return try_lock();
  }
  void unlock() {
    if (!owns_) misused_lock("a lock that holds nothing is unlocked");
    How::unlock(*mutex_);
    owns_ = false;
  }

  Mutex* release() noexcept {
    owns_ = false;
    return std::exchange(mutex_, nullptr);
  }
  void swap(MovableLock& other) noexcept {
    std::swap(mutex_, other.mutex_);
    std::swap(owns_, other.owns_);
  }
  friend void swap(MovableLock& one, MovableLock& other) noexcept { one.swap(other); }

  bool owns_lock() const noexcept { return owns_; }
  explicit operator bool() const noexcept { return owns_; }
  Mutex* mutex() const noexcept { return mutex_; }

 private:
  void check_free() const {
    if (mutex_ == nullptr) misused_lock("a lock without a mutex is locked");
    if (owns_) misused_lock("a lock that holds its mutex is locked again");
  }

  Mutex* mutex_ = nullptr;
  bool owns_ = false;
};

}  // namespace weir_sdk
