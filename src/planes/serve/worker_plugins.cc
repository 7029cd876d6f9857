#include "planes/serve/worker_plugins.h"

namespace weir::serve {

Done WorkerPlugins::prepare(size_t place, std::shared_ptr<const runtime::Plugin> plugin) {
  WEIR_TRY(auto started, worker_.start(std::move(plugin)));
  places_[place].next = std::move(started);
  return Unit{};
}

void WorkerPlugins::commit(size_t place) {
  Place& changed = places_[place];
  if (changed.next == nullptr) return;
  changed.current = std::move(changed.next);
  makers_[place] = [plugin = changed.current.get()](runtime::HttpStream& stream) {
    return plugin->make_http_context(stream);
  };
}

}  // namespace weir::serve
