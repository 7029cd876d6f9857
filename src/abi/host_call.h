#pragma once
// One call out of the guest, while it lasts.

#include <string>
#include <string_view>

#include "abi/context.h"
#include "abi/types.h"
#include "base/func_type.h"
#include "engine/engine.h"

namespace weir::abi {

class Guest;
struct Link;

// The caller of a hostcall, for the length of that call. A guest address is kept as a number and
// resolved at each use: allocate() runs the guest, which may move its memory.
class HostCall {
 public:
  HostCall(Guest& guest, VmServices& vm, const Link& link, engine::Memory memory)
      : guest_(guest), vm_(vm), link_(link), memory_(memory) {}

  VmServices& vm() { return vm_; }

  // The effective context. To be asked only in calls that need one (Callable::InContext).
  Context& context() { return *context_; }
  bool has_context() const { return context_ != nullptr; }
  void set_context(Context* context) { context_ = context; }

  // Makes `id` effective until the present callback returns. False: there is no such context.
  bool switch_context(ContextId id);

  AbiVersion abi_version() const;

  // What the guest called, as it imports it.
  const ModuleInterface::Import& import() const;

  const engine::Memory& memory() const { return memory_; }

  // Room in the guest's memory, by the guest's own allocator, which owns it from now on. `size` is
  // not 0. InternalFailure: the guest has none; InvalidMemoryAccess: its allocator gave an address
  // outside its memory.
  Status allocate(uint64_t size, uint64_t& address);

  // The hostcall must not return to the guest. `reason` goes into the trap's message.
  void trap(std::string reason);
  bool trapped() const { return trapped_; }

  // Logs a line about this call, prefixed with its name and its context.
  void log(LogLevel level, std::string_view what);

 private:
  Guest& guest_;
  VmServices& vm_;
  const Link& link_;
  engine::Memory memory_;
  Context* context_ = nullptr;
  bool trapped_ = false;
};

}  // namespace weir::abi
