// The functions of weir_sdk/one_thread/pthread.h. Weak: a C library's own go first.

#include "weir_sdk/one_thread/pthread.h"

#include <cerrno>
#include <cstring>

#include "state.h"
#include "weir_sdk/one_thread/locks.h"

namespace weir_sdk {
namespace {

// What a lock's memory holds; all zero at first, as by the static initializers.
struct MutexState {
  int type;
  int times;  // how often it is held
};
struct RwlockState {
  int is_written;
  int readers;
};
struct KeyState {
  bool is_taken;
  void* value;
};

template <typename State, typename Lock>
State& state_of(Lock* lock) {
  static_assert(sizeof(State) <= sizeof(Lock) && alignof(State) <= alignof(Lock));
  return *reinterpret_cast<State*>(lock);
}

KeyState* key_states() {
  static KeyState all[PTHREAD_KEYS_MAX];
  return all;
}

KeyState* find_key(pthread_key_t key) {
  KeyState* const found = key_states() + key;
  return key < PTHREAD_KEYS_MAX && found->is_taken ? found : nullptr;
}

}  // namespace
}  // namespace weir_sdk

#define WEIR_WEAK extern "C" __attribute__((weak))

using weir_sdk::MutexState;
using weir_sdk::RwlockState;
using weir_sdk::state_of;

WEIR_WEAK int pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) {
  return EAGAIN;
}
WEIR_WEAK int pthread_detach(pthread_t) { return ESRCH; }
WEIR_WEAK int pthread_join(pthread_t, void**) { return EDEADLK; }
WEIR_WEAK pthread_t pthread_self() { return 1; }
WEIR_WEAK int pthread_equal(pthread_t one, pthread_t other) { return one == other ? 1 : 0; }
WEIR_WEAK int pthread_attr_init(pthread_attr_t*) { return 0; }
WEIR_WEAK int pthread_attr_destroy(pthread_attr_t*) { return 0; }
WEIR_WEAK int pthread_attr_setdetachstate(pthread_attr_t*, int) { return 0; }
WEIR_WEAK int pthread_attr_setstacksize(pthread_attr_t*, size_t) { return 0; }

WEIR_WEAK int sigemptyset(sigset_t* signals) {
  std::memset(signals, 0, sizeof(*signals));
  return 0;
}
WEIR_WEAK int sigfillset(sigset_t* signals) {
  std::memset(signals, 0xff, sizeof(*signals));
  return 0;
}
WEIR_WEAK int pthread_sigmask(int, const sigset_t*, sigset_t* former) {
  return former == nullptr ? 0 : sigemptyset(former);
}

WEIR_WEAK int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) {
  const int type = attributes == nullptr ? 0 : static_cast<int>(attributes->__attr);
  state_of<MutexState>(mutex) = {type, 0};
  return 0;
}
WEIR_WEAK int pthread_mutex_destroy(pthread_mutex_t*) { return 0; }
WEIR_WEAK int pthread_mutex_trylock(pthread_mutex_t* mutex) {
  MutexState& state = state_of<MutexState>(mutex);
  if (state.times != 0 && state.type != PTHREAD_MUTEX_RECURSIVE) return EBUSY;
  ++state.times;
  return 0;
}
WEIR_WEAK int pthread_mutex_lock(pthread_mutex_t* mutex) {
  if (pthread_mutex_trylock(mutex) == 0) return 0;
  if (state_of<MutexState>(mutex).type == PTHREAD_MUTEX_ERRORCHECK) return EDEADLK;
  weir_sdk::misused_lock("a mutex that is locked is locked again, which waits for ever");
}
WEIR_WEAK int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  MutexState& state = state_of<MutexState>(mutex);
  if (state.times == 0) return EPERM;
  --state.times;
  return 0;
}
WEIR_WEAK int pthread_mutexattr_init(pthread_mutexattr_t* attributes) {
  attributes->__attr = PTHREAD_MUTEX_DEFAULT;
  return 0;
}
WEIR_WEAK int pthread_mutexattr_destroy(pthread_mutexattr_t*) { return 0; }
WEIR_WEAK int pthread_mutexattr_settype(pthread_mutexattr_t* attributes, int type) {
  if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK) return EINVAL;
  attributes->__attr = static_cast<unsigned>(type);
  return 0;
}

WEIR_WEAK int pthread_rwlock_init(pthread_rwlock_t* lock, const pthread_rwlockattr_t*) {
  state_of<RwlockState>(lock) = {0, 0};
  return 0;
}
WEIR_WEAK int pthread_rwlock_destroy(pthread_rwlock_t*) { return 0; }
WEIR_WEAK int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) {
  RwlockState& state = state_of<RwlockState>(lock);
  if (state.is_written != 0) return EBUSY;
  ++state.readers;
  return 0;
}
WEIR_WEAK int pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
  return pthread_rwlock_tryrdlock(lock) == 0 ? 0 : EDEADLK;
}
WEIR_WEAK int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) {
  RwlockState& state = state_of<RwlockState>(lock);
  if (state.is_written != 0 || state.readers != 0) return EBUSY;
  state.is_written = 1;
  return 0;
}
WEIR_WEAK int pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
  if (pthread_rwlock_trywrlock(lock) == 0) return 0;
  if (state_of<RwlockState>(lock).is_written != 0) return EDEADLK;
  weir_sdk::misused_lock("a lock that is read is to be written, which waits for ever");
}
WEIR_WEAK int pthread_rwlock_unlock(pthread_rwlock_t* lock) {
  RwlockState& state = state_of<RwlockState>(lock);
  if (state.is_written == 0 && state.readers == 0) return EPERM;
  state = {0, state.is_written != 0 ? 0 : state.readers - 1};
  return 0;
}

WEIR_WEAK int pthread_cond_init(pthread_cond_t*, const pthread_condattr_t*) { return 0; }
WEIR_WEAK int pthread_cond_destroy(pthread_cond_t*) { return 0; }
WEIR_WEAK int pthread_cond_signal(pthread_cond_t*) { return 0; }
WEIR_WEAK int pthread_cond_broadcast(pthread_cond_t*) { return 0; }
WEIR_WEAK int pthread_cond_wait(pthread_cond_t*, pthread_mutex_t*) {
  weir_sdk::misused_lock("a condition is waited for, which nobody else could bring about");
}
WEIR_WEAK int pthread_cond_timedwait(pthread_cond_t*, pthread_mutex_t*, const timespec*) {
  return ETIMEDOUT;
}
WEIR_WEAK int pthread_condattr_init(pthread_condattr_t*) { return 0; }
WEIR_WEAK int pthread_condattr_destroy(pthread_condattr_t*) { return 0; }
WEIR_WEAK int pthread_condattr_setclock(pthread_condattr_t*, clockid_t) { return 0; }

WEIR_WEAK int pthread_once(pthread_once_t* once, void (*function)()) {
  if (*once != PTHREAD_ONCE_INIT) return 0;
  *once = 1;
  function();
  return 0;
}
WEIR_WEAK int pthread_key_create(pthread_key_t* key, void (*)(void*)) {
  for (pthread_key_t i = 0; i < PTHREAD_KEYS_MAX; ++i) {
    if (weir_sdk::find_key(i) != nullptr) continue;
    weir_sdk::key_states()[i] = {true, nullptr};
    *key = i;
    return 0;
  }
  return EAGAIN;
}
WEIR_WEAK int pthread_key_delete(pthread_key_t key) {
  weir_sdk::KeyState* const state = weir_sdk::find_key(key);
  if (state == nullptr) return EINVAL;
  *state = {false, nullptr};
  return 0;
}
WEIR_WEAK void* pthread_getspecific(pthread_key_t key) {
  weir_sdk::KeyState* const state = weir_sdk::find_key(key);
  return state == nullptr ? nullptr : state->value;
}
WEIR_WEAK int pthread_setspecific(pthread_key_t key, const void* value) {
  weir_sdk::KeyState* const state = weir_sdk::find_key(key);
  if (state == nullptr) return EINVAL;
  state->value = const_cast<void*>(value);
  return 0;
}

#undef WEIR_WEAK
