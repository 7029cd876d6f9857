#include "engine/wasmedge/thread_state.h"

#include <dlfcn.h>
#include <link.h>

#include <cstring>
#include <span>

namespace weir::engine::wasmedge {
namespace {

// A library's thread-local storage, in this thread.
struct Storage {
  uintptr_t library = 0;  // where it is loaded
  std::byte* data = nullptr;
  size_t size = 0;
};

int find_storage(dl_phdr_info* info, size_t, void* wanted) {
  auto& storage = *static_cast<Storage*>(wanted);
  if (info->dlpi_addr != storage.library) return 0;
  for (const ElfW(Phdr) & segment : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    if (segment.p_type == PT_TLS) storage.size = segment.p_memsz;
  }
  storage.data = static_cast<std::byte*>(info->dlpi_tls_data);
  return 1;
}

Storage storage_of(const void* function) {
  Storage storage;
  Dl_info info{};
  if (dladdr(function, &info) == 0) return storage;
  storage.library = reinterpret_cast<uintptr_t>(info.dli_fbase);
  dl_iterate_phdr(&find_storage, &storage);
  return storage;
}

// Looked for once in a thread, in which compiled code then has run: so it is there.
const Storage& own_storage(const void* function) {
  static thread_local const Storage storage = storage_of(function);
  return storage;
}

}  // namespace

Done ThreadState::check(const void* function) {
  const Storage storage = storage_of(function);
  if (storage.size > 0 && storage.size <= kMaxBytes) return Unit{};
  return Error{ErrorCode::Unsupported,
               "this build of WasmEdge keeps " + std::to_string(storage.size) +
                   " bytes for each thread, which its compiled code cannot be given back; use its "
                   "interpreter, engine 'wasmedge'"};
}

// Uninitialised on purpose: only the bytes in use are written.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
ThreadState::ThreadState(const void* function) {
  const Storage& storage = own_storage(function);
  storage_ = storage.data;
  size_ = storage_ == nullptr ? 0 : storage.size;
  if (size_ > 0) std::memcpy(saved_.data(), storage_, size_);
}

ThreadState::~ThreadState() {
  if (size_ > 0) std::memcpy(storage_, saved_.data(), size_);
}

}  // namespace weir::engine::wasmedge
