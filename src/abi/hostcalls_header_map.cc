// Header maps (ABI 0.2.1, "HTTP fields").
//
// Real SDKs panic on most errors here: a map that is not available reads as empty, and a change of
// it is logged and dropped. Maps that no guest may ever change answer BAD_ARGUMENT to one.

#include "abi/hostcall.h"
#include "abi/map_codec.h"

namespace weir::abi {
namespace {

bool is_read_only(MapType type) { return type >= MapType::GrpcInitialMetadata; }

// Runs `change` on a map that the guest may change now.
template <typename Change>
Status change_map(HostCall& call, MapType type, Change&& change) {
  if (is_read_only(type)) return Status::BadArgument;
  HeaderMap* map = call.context().may_write(type) ? call.context().header_map(type) : nullptr;
  if (map == nullptr) {
    call.log(LogLevel::Warn, "this header map cannot be changed now; the change is dropped");
    return Status::Ok;
  }
  if (!change(*map)) {
    call.log(
        LogLevel::Error,
        "the header is dropped: too large, or not allowed in HTTP; what else was asked is done");
  }
  return Status::Ok;
}

Status get_header_map_size(HostCall& call, MapType type, GuestOut<Size> size) {
  HeaderMap* map = call.context().header_map(type);
  size.set(call, {map == nullptr ? 0 : encoded_map_size(*map)});
  return Status::Ok;
}

Status get_header_map_pairs(HostCall& call, MapType type, GuestValue pairs) {
  HeaderMap* map = call.context().header_map(type);
  if (map == nullptr || map->count() == 0) return pairs.set(call, Bytes());
  return pairs.set(call, encoded_map_size(*map),
                   [&](std::span<std::byte> to) { encode_map(*map, to); });
}

Status set_header_map_pairs(HostCall& call, MapType type, GuestMap& pairs) {
  if (!pairs.ok) {
    call.log(LogLevel::Error, "the serialized map is malformed or too large; nothing is changed");
    return is_read_only(type) ? Status::BadArgument : Status::Ok;
  }
  return change_map(call, type, [&](HeaderMap& map) {
    map.clear();
    bool all = true;
    pairs.headers.for_each(
        [&](std::string_view name, std::string_view value) { all = map.add(name, value) && all; });
    return all;
  });
}

Status get_header_map_value(HostCall& call, MapType type, GuestBytes name, GuestValue value) {
  HeaderMap* map = call.context().header_map(type);
  auto found = map == nullptr ? std::nullopt : map->find(name.view);
  if (found) return value.set(call, as_bytes(*found));
  // SDKs for 0.1.0 know no NOT_FOUND here.
  if (call.abi_version() == AbiVersion::V010) return value.set(call, Bytes());
  return Status::NotFound;
}

Status add_header_map_value(HostCall& call, MapType type, GuestBytes name, GuestBytes value) {
  return change_map(call, type, [&](HeaderMap& map) { return map.add(name.view, value.view); });
}

Status replace_header_map_value(HostCall& call, MapType type, GuestBytes name, GuestBytes value) {
  return change_map(call, type, [&](HeaderMap& map) { return map.replace(name.view, value.view); });
}

Status remove_header_map_value(HostCall& call, MapType type, GuestBytes name) {
  return change_map(call, type, [&](HeaderMap& map) {
    map.remove(name.view);
    return true;
  });
}

constexpr Hostcall kHeaderMapHostcalls[] = {
    hostcall<get_header_map_size>("proxy_get_header_map_size"),
    hostcall<get_header_map_pairs>("proxy_get_header_map_pairs"),
    hostcall<set_header_map_pairs>("proxy_set_header_map_pairs"),
    hostcall<get_header_map_value>("proxy_get_header_map_value"),
    hostcall<add_header_map_value>("proxy_add_header_map_value"),
    hostcall<replace_header_map_value>("proxy_replace_header_map_value"),
    hostcall<remove_header_map_value>("proxy_remove_header_map_value"),
};

}  // namespace

std::span<const Hostcall> header_map_hostcalls() { return kHeaderMapHostcalls; }

}  // namespace weir::abi
