// Bodies and other buffers (ABI 0.2.1, "Buffers").

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

// SDKs ask for "all" with the largest size they have: a range is clamped to what is there.
Status get_buffer_bytes(HostCall& call, BufferType type, Size start, Size max_size,
                        GuestValue bytes) {
  Buffer* buffer = call.context().buffer(type);
  if (buffer == nullptr) return Status::NotFound;
  const uint64_t from = std::min(start.value, buffer->size());
  const uint64_t size = std::min(max_size.value, buffer->size() - from);
  return bytes.set(call, size, [&](std::span<std::byte> to) { buffer->copy_to(from, to); });
}

Status get_buffer_status(HostCall& call, BufferType type, GuestOut<Size> size,
                         GuestOut<uint32_t> flags) {
  Buffer* buffer = call.context().buffer(type);
  if (buffer == nullptr) return Status::NotFound;
  size.set(call, {buffer->size()});
  flags.set(call, 0);
  return Status::Ok;
}

// Prepend is (0, 0), append any start at or behind the end, replace all (0, the size or more).
Status set_buffer_bytes(HostCall& call, BufferType type, Size start, Size size, GuestBytes data) {
  Buffer* buffer = call.context().buffer(type);
  if (buffer == nullptr) return Status::NotFound;
  const uint64_t from = std::min(start.value, buffer->size());
  const uint64_t replaced = std::min(size.value, buffer->size() - from);
  if (!buffer->replace(from, replaced, as_bytes(data.view))) {
    call.log(LogLevel::Error, "the buffer cannot be changed, or would exceed its limit");
    return Status::BadArgument;
  }
  return Status::Ok;
}

constexpr Hostcall kBufferHostcalls[] = {
    hostcall<get_buffer_bytes>("proxy_get_buffer_bytes"),
    hostcall<get_buffer_status>("proxy_get_buffer_status"),
    hostcall<set_buffer_bytes>("proxy_set_buffer_bytes"),
};

}  // namespace

std::span<const Hostcall> buffer_hostcalls() { return kBufferHostcalls; }

}  // namespace weir::abi
