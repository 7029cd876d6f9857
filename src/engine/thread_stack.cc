#include "engine/thread_stack.h"

#include <pthread.h>

#include <cstddef>

namespace weir::engine {
namespace {

ThreadStack ask() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return {};
  void* lowest = nullptr;
  size_t bytes = 0;
  size_t guard = 0;
  const bool known = pthread_attr_getstack(&attributes, &lowest, &bytes) == 0 &&
                     pthread_attr_getguardsize(&attributes, &guard) == 0;
  pthread_attr_destroy(&attributes);
  if (!known || bytes <= guard) return {};
  // C libraries differ in whether the guard is a part of the stack.
  return {reinterpret_cast<uintptr_t>(lowest) + guard, bytes - guard};
}

}  // namespace

const ThreadStack& ThreadStack::current() {
  thread_local const ThreadStack stack = ask();
  return stack;
}

}  // namespace weir::engine
