#pragma once
// The code of several plugins, some of it still on its way.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "planes/common/code_supply.h"

namespace weir::planes {

// Everything that has to be fetched is fetched at the same time. Thread: any.
class CodeGathering {
 public:
  CodeGathering();
  // Nobody is told any more; fetches are tried again only for whoever else wants them.
  ~CodeGathering();
  CodeGathering(CodeGathering&&) noexcept;
  CodeGathering& operator=(CodeGathering&&) noexcept;

  // Another plugin's code; its place among all that were added. The error is CodeSupply::find()'s.
  Result<size_t> add(const CodeSupply& supply, const config::PluginSettings& plugin);
  // The same for code that is known not to be at hand.
  size_t add_missing(const config::PluginSettings& plugin);

  // Fetches what is missing. `on_complete` is called when nothing is any more, from any thread,
  // perhaps from inside; it takes no lock that is held while this object is moved or destroyed.
  void start(const CodeSupply& supply, std::function<void()> on_complete);

  // Nothing is missing: each code is there or has failed.
  bool complete() const;
  // The uris of what has to be fetched, each once.
  std::vector<std::string> missing() const;
  // Once complete(), and once for each place.
  Result<std::string> take(size_t place);

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::shared_ptr<const Unit> interest_;  // as long as it is there the code is wanted
};

}  // namespace weir::planes
