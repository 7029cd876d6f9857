#include "planes/ats/plugin_set.h"

namespace weir::ats_plane {

Done PluginSet::load(Occasion occasion, const std::stop_token& stop) {
  const std::lock_guard lock(loading_);
  WEIR_TRY(std::shared_ptr<const Generation> loaded,
           load_generation(host_, fetcher_, files(), folder_, occasion, stop));
  *generation_.lock() = std::move(loaded);
  version_.fetch_add(1, std::memory_order_release);
  return Unit{};
}

}  // namespace weir::ats_plane
