// Shared data and queues (ABI 0.2.1, "Shared Key-Value Store", "Shared Queues").

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

Status get_shared_data(HostCall& call, GuestBytes key, GuestValue value, GuestOut<uint32_t> cas) {
  return call.vm().get_shared_data(key.view, [&](Bytes stored, uint32_t stored_cas) {
    cas.set(call, stored_cas);
    return value.set(call, stored);
  });
}

Status set_shared_data(HostCall& call, GuestBytes key, GuestBytes value, uint32_t cas) {
  return call.vm().set_shared_data(key.view, value.view, cas);
}

Status register_shared_queue(HostCall& call, GuestBytes name, GuestOut<uint32_t> queue_id) {
  uint32_t id = 0;
  const Status status = call.context().register_shared_queue(name.view, id);
  if (status == Status::Ok) queue_id.set(call, id);
  return status;
}

Status resolve_shared_queue(HostCall& call, GuestBytes vm_id, GuestBytes name,
                            GuestOut<uint32_t> queue_id) {
  uint32_t id = 0;
  const Status status = call.vm().resolve_shared_queue(vm_id.view, name.view, id);
  if (status == Status::Ok) queue_id.set(call, id);
  return status;
}

Status enqueue_shared_queue(HostCall& call, uint32_t queue_id, GuestBytes item) {
  return call.vm().enqueue(queue_id, item.view);
}

// An item that the guest has no room for is lost to it, as it is to any guest that traps.
Status dequeue_shared_queue(HostCall& call, uint32_t queue_id, GuestValue item) {
  std::string taken;
  if (Status status = call.vm().dequeue(queue_id, taken); status != Status::Ok) return status;
  return item.set(call, as_bytes(taken));
}

constexpr Hostcall kSharedHostcalls[] = {
    hostcall<get_shared_data>("proxy_get_shared_data"),
    hostcall<set_shared_data>("proxy_set_shared_data"),
    hostcall<register_shared_queue>("proxy_register_shared_queue"),
    hostcall<resolve_shared_queue>("proxy_resolve_shared_queue"),
    hostcall<enqueue_shared_queue>("proxy_enqueue_shared_queue"),
    hostcall<dequeue_shared_queue>("proxy_dequeue_shared_queue"),
};

}  // namespace

std::span<const Hostcall> shared_hostcalls() { return kSharedHostcalls; }

}  // namespace weir::abi
