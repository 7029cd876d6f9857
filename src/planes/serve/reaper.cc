#include "planes/serve/reaper.h"

#include <utility>

namespace weir::serve {

void Reaper::add(Grave grave) {
  graves_.push_back(std::move(grave));
  if (posted_) return;
  posted_ = true;
  post_([this] { reap(); });
}

void Reaper::reap() {
  posted_ = false;
  // Destructors may bury more; that waits for the next turn.
  std::vector<Grave> now = std::exchange(spare_, {});
  now.swap(graves_);
  for (Grave& grave : now) grave.reset();
  now.clear();
  spare_ = std::move(now);
}

}  // namespace weir::serve
