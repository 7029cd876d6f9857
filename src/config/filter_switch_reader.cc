#include "config/filter_switch_reader.h"

#include <map>

#include "base/suggestion.h"
#include "config/unpack.h"
#include "weir/envoy/route.pb.h"

namespace weir::config {
namespace {

using envoy::config::route::v3::FilterConfig;

Result<FilterSwitch> read_switch(const std::string& filter, const google::protobuf::Any& any,
                                 const Place& at) {
  if (!any.Is<FilterConfig>()) {
    return at.error("the Wasm filter has no configuration of a route; expected a message of type " +
                    FilterConfig::descriptor()->full_name() + ", got " + quote(type_name(any)));
  }
  WEIR_TRY(auto config, unpack<FilterConfig>(any, at));
  if (!config.config().type_url().empty()) {
    return at.field("config").error(
        "the Wasm filter has no configuration of a route; write {}, or disabled: true");
  }
  if (!config.disabled() && !config.has_config()) {
    return at.error("says nothing; write disabled: true, or config: {} to enable the filter");
  }
  return FilterSwitch{filter, !config.disabled()};
}

}  // namespace

Result<std::vector<FilterSwitch>> read_filter_switches(
    const google::protobuf::Map<std::string, google::protobuf::Any>& messages,
    const std::set<std::string>& filters, const Place& at) {
  // In an order that does not change, so that the first error does not either.
  std::map<std::string, const google::protobuf::Any*> ordered;
  for (const auto& [filter, any] : messages) ordered.emplace(filter, &any);
  std::vector<FilterSwitch> out;
  for (const auto& [filter, any] : ordered) {
    const Place here = at.entry(filter);
    if (!filters.contains(filter)) {
      return here.error("no HTTP filter has this name; " +
                        suggest(filter, std::vector<std::string>(filters.begin(), filters.end())));
    }
    WEIR_TRY(auto one, read_switch(filter, *any, here));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace weir::config
