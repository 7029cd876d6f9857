// `declare_property`, `set_envoy_filter_state` and `clear_route_cache`.

#include "foreign.pb.h"
#include "runtime/filter_state.h"
#include "runtime/foreign/functions.h"

namespace weir::runtime::foreign {
namespace {

using abi::Status;

DeclaredType declared_type(weir::foreign::PropertyType type) {
  switch (type) {
    case weir::foreign::STRING:
      return DeclaredType::String;
    case weir::foreign::FLAT_BUFFERS:
      return DeclaredType::FlatBuffers;
    case weir::foreign::PROTOBUF:
      return DeclaredType::Protobuf;
    default:
      return DeclaredType::Bytes;  // what a newer plugin may know beyond these is bytes too
  }
}

}  // namespace

// The schema is not read: values are handed out as the plugin set them.
Status declare_property(ForeignCaller& caller, std::string_view arguments, std::string&) {
  weir::foreign::DeclareProperty property;
  if (!property.ParseFromArray(arguments.data(), static_cast<int>(arguments.size()))) {
    return Status::BadArgument;
  }
  return caller.declarations().declare(
      property.name(), {.read_only = property.readonly(), .type = declared_type(property.type())});
}

// Whatever its span says, the value lives as long as the stream that it is set on.
Status set_envoy_filter_state(ForeignCaller& caller, std::string_view arguments, std::string&) {
  weir::foreign::SetFilterState state;
  if (!state.ParseFromArray(arguments.data(), static_cast<int>(arguments.size()))) {
    return Status::BadArgument;
  }
  return caller.filter_state().set(state.path(), state.value(), {.type = DeclaredType::String});
}

Status clear_route_cache(ForeignCaller& caller, std::string_view, std::string&) {
  return caller.context().clear_route_cache();
}

}  // namespace weir::runtime::foreign
