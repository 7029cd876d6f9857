#include "planes/envoy/network_filter_state.h"

#include "planes/envoy/public_name.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {

const runtime::FilterState::Entry* NetworkFilterState::find(std::string_view name) const {
  if (filter_ == nullptr || name.empty()) return nullptr;
  const Entry* own = FilterState::find(name);
  EnvoyBuffer value;
  const std::string as_public = public_name(name);
  if (!envoy_dynamic_module_callback_network_get_filter_state_bytes(filter_, as_public, &value) &&
      !envoy_dynamic_module_callback_network_get_filter_state_bytes(filter_, name, &value)) {
    if (own != nullptr) return own;
    const auto typed = [&](std::string_view of) {
      return typed_.find<envoy_dynamic_module_callback_network_get_filter_state_typed>(
          filter_, of, worker_.epoch());
    };
    const Entry* entry = typed(as_public);
    return entry == nullptr ? typed(name) : entry;
  }
  found_.value = value.view();
  found_.declaration = own == nullptr ? runtime::PropertyDeclaration{} : own->declaration;
  return &found_;
}

abi::Status NetworkFilterState::set(std::string_view name, std::string_view value,
                                    runtime::PropertyDeclaration declaration) {
  if (filter_ == nullptr) return abi::Status::InternalFailure;
  const abi::Status status = FilterState::set(name, value, declaration);
  if (status == abi::Status::Ok) {
    envoy_dynamic_module_callback_network_set_filter_state_bytes(filter_, public_name(name), value);
  }
  return status;
}

}  // namespace weir::envoy_plane
