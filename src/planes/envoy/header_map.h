#pragma once
// Envoy's header maps as plugins see them.

#include "abi/header_map.h"
#include "planes/envoy/http_callbacks.h"

namespace weir::envoy_plane {

// Reads and changes Envoy's own map; nothing is kept here. Refused is what must not go onto a
// connection, as in `weir serve`, and what Envoy could not go on with: pseudo-headers cannot be
// removed, only replaced by valid ones. Thread: the stream's.
class EnvoyHeaderMap final : public abi::HeaderMap {
 public:
  EnvoyHeaderMap(EnvoyHttpFilter* filter, HeaderType type) : filter_(filter), type_(type) {}

  size_t count() const override {
    return envoy_dynamic_module_callback_http_get_headers_size(filter_, type_);
  }
  std::optional<std::string_view> find(std::string_view name) const override;
  void for_each(
      FunctionRef<void(std::string_view name, std::string_view value)> visit) const override;
  bool add(std::string_view name, std::string_view value) override;
  bool replace(std::string_view name, std::string_view value) override;
  void remove(std::string_view name) override;
  void clear() override;

  // Whether something has changed since this was last asked.
  bool take_changed() { return std::exchange(changed_, false); }

 private:
  EnvoyHttpFilter* filter_;
  HeaderType type_;
  bool changed_ = false;
};

// Whether a plugin may put this entry into such a map.
bool is_allowed(HeaderType type, std::string_view name, std::string_view value);

}  // namespace weir::envoy_plane
