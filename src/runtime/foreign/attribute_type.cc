#include "runtime/foreign/attribute_type.h"

#include <algorithm>
#include <array>
#include <string>

namespace weir::runtime::foreign {
namespace {

struct NamedType {
  std::string_view name;  // segments joined by '.'
  WeirCelType type;
};

// In order of name. Those of Bytes are protobuf messages.
constexpr std::array kTypes{
    NamedType{"cluster_metadata", WeirCelType::Bytes},
    NamedType{"connection.id", WeirCelType::Uint},
    NamedType{"connection.mtls", WeirCelType::Bool},
    NamedType{"connection_id", WeirCelType::Uint},
    NamedType{"destination.port", WeirCelType::Int},
    NamedType{"listener_direction", WeirCelType::Int},
    NamedType{"listener_metadata", WeirCelType::Bytes},
    NamedType{"metadata", WeirCelType::Bytes},
    NamedType{"node", WeirCelType::Bytes},
    NamedType{"request.duration", WeirCelType::Duration},
    NamedType{"request.headers", WeirCelType::Map},
    NamedType{"request.headers_bytes", WeirCelType::Int},
    NamedType{"request.size", WeirCelType::Int},
    NamedType{"request.time", WeirCelType::Timestamp},
    NamedType{"request.total_size", WeirCelType::Int},
    NamedType{"response.backend_latency", WeirCelType::Duration},
    NamedType{"response.code", WeirCelType::Int},
    NamedType{"response.flags", WeirCelType::Int},
    NamedType{"response.grpc_status", WeirCelType::Int},
    NamedType{"response.headers", WeirCelType::Map},
    NamedType{"response.headers_bytes", WeirCelType::Int},
    NamedType{"response.size", WeirCelType::Int},
    NamedType{"response.total_size", WeirCelType::Int},
    NamedType{"response.trailers", WeirCelType::Map},
    NamedType{"route_metadata", WeirCelType::Bytes},
    NamedType{"source.port", WeirCelType::Int},
    NamedType{"upstream.cx_pool_ready_duration", WeirCelType::Duration},
    NamedType{"upstream.local_port", WeirCelType::Int},
    NamedType{"upstream.num_endpoints", WeirCelType::Int},
    NamedType{"upstream.port", WeirCelType::Int},
    NamedType{"upstream.request_attempt_count", WeirCelType::Int},
    NamedType{"upstream_host_metadata", WeirCelType::Bytes},
    NamedType{"xds.cluster_metadata", WeirCelType::Bytes},
    NamedType{"xds.listener_direction", WeirCelType::Int},
    NamedType{"xds.listener_metadata", WeirCelType::Bytes},
    NamedType{"xds.node", WeirCelType::Bytes},
    NamedType{"xds.route_metadata", WeirCelType::Bytes},
    NamedType{"xds.upstream_host_locality_metadata", WeirCelType::Bytes},
    NamedType{"xds.upstream_host_metadata", WeirCelType::Bytes},
    NamedType{"xds.virtual_host_metadata", WeirCelType::Bytes},
};
static_assert(std::ranges::is_sorted(kTypes, {}, &NamedType::name));

// A value that plugins set is known by its bare name, and under `filter_state`.
const FilterState::Entry* find_set_value(const FilterState& filter_state, std::string_view name) {
  for (std::string_view prefix : {"filter_state.wasm.", "filter_state."}) {
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  }
  return filter_state.find(name);
}

}  // namespace

WeirCelType attribute_type(std::string_view path, const FilterState& filter_state) {
  std::string name(path);
  std::ranges::replace(name, '\0', '.');

  const auto* known = std::ranges::lower_bound(kTypes, name, {}, &NamedType::name);
  if (known != kTypes.end() && known->name == name) return known->type;

  const FilterState::Entry* entry = find_set_value(filter_state, name);
  if (entry != nullptr && entry->declaration.type != DeclaredType::String) {
    return WeirCelType::Bytes;
  }
  return WeirCelType::Text;
}

}  // namespace weir::runtime::foreign
