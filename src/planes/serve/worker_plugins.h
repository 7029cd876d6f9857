#pragma once
// The plugins that one worker runs, and how they are replaced.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "planes/serve/filter_chain.h"
#include "runtime/worker.h"

namespace weir::serve {

// Where a listener's plugins lie among all plugins of the process.
struct PluginRange {
  size_t first = 0;
  size_t count = 0;
};

// Plugins are replaced in two steps, so that all workers change or none does: prepare() starts the
// new one beside the old, then commit() or discard(). Streams keep what they began with.
// Thread: its worker's.
class WorkerPlugins {
 public:
  // `worker` outlives it.
  WorkerPlugins(runtime::Worker& worker, size_t count) : worker_(worker), places_(count) {}

  Done prepare(size_t place, std::shared_ptr<const runtime::Plugin> plugin);
  void commit(size_t place);
  void discard(size_t place) { places_[place].next.reset(); }

  // What makes the contexts of a new stream. Every place in `range` holds a plugin; valid until a
  // commit().
  std::span<const MakeContext> makers(PluginRange range) const {
    return std::span(makers_).subspan(range.first, range.count);
  }

  size_t size() const { return places_.size(); }
  // Null before the first commit().
  const runtime::WorkerPlugin* running(size_t place) const { return places_[place].current.get(); }

 private:
  struct Place {
    std::unique_ptr<runtime::WorkerPlugin> current;
    std::unique_ptr<runtime::WorkerPlugin> next;
  };

  runtime::Worker& worker_;
  std::vector<Place> places_;
  std::vector<MakeContext> makers_ = std::vector<MakeContext>(places_.size());
};

}  // namespace weir::serve
