#include "planes/envoy/header_map.h"

#include <string>
#include <vector>

#include "planes/common/field_rules.h"
#include "planes/envoy/module.h"

namespace weir::envoy_plane {
namespace {

bool is_pseudo(std::string_view name) { return name.starts_with(':'); }

// What Envoy tells of a request as attributes, too: they need no name lowered and copied, and cost
// it half of a look-up.
std::optional<AttributeId> attribute_of(std::string_view name) {
  if (name == ":path") return AttributeId::RequestPath;
  if (name == ":method") return AttributeId::RequestMethod;
  if (name == ":authority") return AttributeId::RequestHost;
  if (name == ":scheme") return AttributeId::RequestScheme;
  return std::nullopt;
}

// What Envoy and its codecs rely on.
bool is_valid_request_pseudo(std::string_view name, std::string_view value) {
  if (abi::same_name(name, ":path")) return planes::is_valid_target(value);
  if (abi::same_name(name, ":authority")) return planes::is_valid_target(value);
  if (abi::same_name(name, ":method")) return planes::is_valid_name(value);
  return abi::same_name(name, ":scheme") && planes::is_valid_name(value);
}

bool is_valid_status(std::string_view value) {
  return planes::parse_status(value).value_or(0) >= 200;
}

// Envoy's ABI takes an empty value for a wish to remove, and adds none.
void log_left_out(std::string_view name) {
  runtime::Host& host = Module::get().host();
  if (host.logger().level() > LogLevel::Debug) return;
  host.logger().log(LogLevel::Debug, "header '" + std::string(name) +
                                         "' is left out: a plugin set it to an empty value, which "
                                         "Envoy takes from no module");
}

}  // namespace

bool is_allowed(HeaderType type, std::string_view name, std::string_view value) {
  if (is_pseudo(name)) {
    if (type == HeaderType::Request) return is_valid_request_pseudo(name, value);
    return type == HeaderType::Response && abi::same_name(name, ":status") &&
           is_valid_status(value);
  }
  return planes::is_valid_name(name) && planes::is_valid_value(value) &&
         !planes::is_hop_by_hop(name);
}

std::optional<std::string_view> EnvoyHeaderMap::find(std::string_view name) const {
  EnvoyBuffer value;
  const auto attribute = type_ == HeaderType::Request && is_pseudo(name)
                             ? attribute_of(name)
                             : std::optional<AttributeId>();
  const bool found = attribute ? envoy_dynamic_module_callback_http_filter_get_attribute_string(
                                     filter_, *attribute, &value)
                               : envoy_dynamic_module_callback_http_get_header(filter_, type_, name,
                                                                               &value, 0, nullptr);
  return found ? std::optional(value.view()) : std::nullopt;
}

void EnvoyHeaderMap::for_each(
    FunctionRef<void(std::string_view name, std::string_view value)> visit) const {
  // Visitors may visit other maps, or run the guest.
  std::vector<EnvoyHeader> all(count());
  if (all.empty() || !envoy_dynamic_module_callback_http_get_headers(filter_, type_, all.data())) {
    return;
  }
  for (const EnvoyHeader& header : all) visit(header.name(), header.value());
}

bool EnvoyHeaderMap::add(std::string_view name, std::string_view value) {
  if (is_pseudo(name) || (type_ == HeaderType::Request && abi::same_name(name, "host"))) {
    return replace(name, value);
  }
  if (!is_allowed(type_, name, value)) return false;
  if (value.empty()) {
    log_left_out(name);
    return true;
  }
  changed_ = true;
  return envoy_dynamic_module_callback_http_add_header(filter_, type_, name, value);
}

bool EnvoyHeaderMap::replace(std::string_view name, std::string_view value) {
  if (type_ == HeaderType::Request && abi::same_name(name, "host")) name = ":authority";
  if (!is_allowed(type_, name, value)) return false;
  if (value.empty()) {
    // Nearer to what was asked for than the former value, which may be a secret to blank.
    log_left_out(name);
    remove(name);
    return true;
  }
  changed_ = true;
  return envoy_dynamic_module_callback_http_set_header(filter_, type_, name, value);
}

void EnvoyHeaderMap::remove(std::string_view name) {
  if (is_pseudo(name) || (type_ == HeaderType::Request && abi::same_name(name, "host"))) return;
  changed_ = true;
  envoy_dynamic_module_callback_http_set_header(filter_, type_, name, {});
}

void EnvoyHeaderMap::clear() {
  std::vector<std::string> names;
  for_each([&](std::string_view name, std::string_view) {
    if (!is_pseudo(name)) names.emplace_back(name);
  });
  for (const std::string& name : names) remove(name);
}

}  // namespace weir::envoy_plane
