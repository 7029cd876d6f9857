// Properties, foreign functions, and the configuration call of ABI 0.1.0.

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

// Some guests end the path with a NUL.
std::string_view trimmed(std::string_view path) {
  if (path.ends_with('\0')) path.remove_suffix(1);
  return path;
}

Status get_property(HostCall& call, GuestBytes path, GuestValue value) {
  // The path lies in guest memory, which may move when the value is allocated: the context is done
  // with the path by the time it hands over a value.
  return call.context().get_property(trimmed(path.view),
                                     [&](Bytes bytes) { return value.set(call, bytes); });
}

Status set_property(HostCall& call, GuestBytes path, GuestBytes value) {
  return call.context().set_property(trimmed(path.view), value.view);
}

Status call_foreign_function(HostCall& call, GuestBytes name, GuestBytes arguments,
                             OptionalGuestValue result) {
  return call.context().call_foreign_function(name.view, arguments.view, [&](Bytes bytes) {
    return result.wanted ? result.value.set(call, bytes) : Status::Ok;
  });
}

// The VM's configuration while it starts, when there is no plugin's yet; later the plugin's.
Status get_configuration(HostCall& call, GuestValue configuration) {
  for (BufferType type : {BufferType::PluginConfiguration, BufferType::VmConfiguration}) {
    Buffer* buffer = call.context().buffer(type);
    if (buffer == nullptr) continue;
    return configuration.set(call, buffer->size(),
                             [&](std::span<std::byte> to) { buffer->copy_to(0, to); });
  }
  return Status::NotFound;
}

constexpr Hostcall kPropertyHostcalls[] = {
    hostcall<get_property>("proxy_get_property"),
    hostcall<set_property>("proxy_set_property"),
    hostcall<call_foreign_function>("proxy_call_foreign_function"),
    hostcall<get_configuration>("proxy_get_configuration"),
};

}  // namespace

std::span<const Hostcall> property_hostcalls() { return kPropertyHostcalls; }

}  // namespace weir::abi
