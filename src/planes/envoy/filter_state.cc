#include "planes/envoy/filter_state.h"

#include <string>

namespace weir::envoy_plane {
namespace {

// The shared object's name in Envoy's filter state.
constexpr std::string_view kSharedName = "weir.properties";

std::string public_name(std::string_view name) { return std::string("wasm.").append(name); }

}  // namespace

// The values of the stream's plugins.
class EnvoyFilterState::Shared final {
 public:
  runtime::FilterState values;
};

EnvoyFilterState::Shared* EnvoyFilterState::find_shared() const {
  if (filter_ == nullptr) return nullptr;
  return static_cast<Shared*>(
      envoy_dynamic_module_callback_http_get_filter_state_object(filter_, kSharedName));
}

const runtime::FilterState::Entry* EnvoyFilterState::find(std::string_view name) const {
  if (filter_ == nullptr || name.empty()) return nullptr;
  if (Shared* shared = find_shared()) {
    if (const Entry* entry = shared->values.find(name)) return entry;
  }
  EnvoyBuffer value;
  if (!envoy_dynamic_module_callback_http_get_filter_state_bytes(filter_, public_name(name),
                                                                 &value) &&
      !envoy_dynamic_module_callback_http_get_filter_state_bytes(filter_, name, &value)) {
    return nullptr;
  }
  found_.value = value.view();
  found_.declaration = {};
  return &found_;
}

abi::Status EnvoyFilterState::set(std::string_view name, std::string_view value,
                                  runtime::PropertyDeclaration declaration) {
  if (filter_ == nullptr) return abi::Status::InternalFailure;
  Shared* shared = find_shared();
  if (shared == nullptr) {
    shared = new Shared;
    // Envoy deletes it, whatever it answers.
    const auto destroy = [](void* object) { delete static_cast<Shared*>(object); };
    if (!envoy_dynamic_module_callback_http_set_filter_state_object(
            filter_, kSharedName, shared, destroy, FilterStateLife::FilterChain)) {
      return abi::Status::InternalFailure;
    }
  }
  const abi::Status status = shared->values.set(name, value, declaration);
  if (status == abi::Status::Ok) {
    envoy_dynamic_module_callback_http_set_filter_state_bytes(filter_, public_name(name), value);
  }
  return status;
}

}  // namespace weir::envoy_plane
