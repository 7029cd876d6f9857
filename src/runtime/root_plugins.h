#pragma once
// The plugins that share a root context.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "runtime/host.h"

namespace weir::runtime {

// Keeps each as long as it runs on this root, or a stream of its is open. The last to go stays,
// since a root that ends still has a name. Part of a PluginContext. Thread: the worker's.
class RootPlugins {
 public:
  explicit RootPlugins(std::shared_ptr<const Plugin> first) { join(std::move(first)); }

  // One of those that are here: the first to have come.
  const Plugin& any() const { return *sharers_.front().plugin; }

  // Once for each user of the root; a plugin may have several.
  void join(std::shared_ptr<const Plugin> plugin) {
    auto known = find(*plugin);
    if (known == sharers_.end())
      known = sharers_.insert(known, Sharer{.plugin = std::move(plugin)});
    ++known->users;
  }
  void leave(const Plugin& plugin) {
    auto known = known_one(plugin);
    --known->users;
    drop_unused(known);
  }

  // A stream of a plugin that is here.
  void stream_added(const Plugin& plugin) {
    ++known_one(plugin)->streams;
    ++streams_;
  }
  void stream_removed(const Plugin& plugin) {
    auto known = known_one(plugin);
    --known->streams;
    --streams_;
    drop_unused(known);
  }
  size_t streams() const { return streams_; }

 private:
  struct Sharer {
    std::shared_ptr<const Plugin> plugin;
    size_t users = 0;
    size_t streams = 0;
  };
  using Place = std::vector<Sharer>::iterator;

  Place find(const Plugin& plugin) {
    return std::ranges::find_if(
        sharers_, [&](const Sharer& sharer) { return sharer.plugin.get() == &plugin; });
  }
  Place known_one(const Plugin& plugin) {
    const Place found = find(plugin);
    WEIR_CHECK(found != sharers_.end());
    return found;
  }
  void drop_unused(Place sharer) {
    if (sharer->users == 0 && sharer->streams == 0 && sharers_.size() > 1) sharers_.erase(sharer);
  }

  std::vector<Sharer> sharers_;
  size_t streams_ = 0;
};

}  // namespace weir::runtime
