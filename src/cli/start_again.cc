#include "cli/start_again.h"

#include <iostream>

namespace weir::cli {

std::optional<LoaderNeed> find_loader_need(const engine::Engines& engines,
                                           std::span<const std::string_view> runtimes) {
  for (const std::string_view runtime : runtimes) {
    auto loader = engines.needed_loader(runtime);
    if (loader.empty()) continue;
    return LoaderNeed{std::string(engine::canonical_name(runtime)), std::move(loader)};
  }
  return std::nullopt;
}

std::string to_string(const LoaderNeed& need) {
  return "starting again by " + need.loader.string() + ", whose C library engine '" + need.engine +
         "' needs";
}

void start_again_for(std::span<const std::string_view> runtimes, const engine::Engines& engines,
                     std::string_view command, const StartAgain& start_again, Notice notice) {
  const auto need = find_loader_need(engines, runtimes);
  if (!need || !start_again) return;
  if (notice == Notice::Said) std::cerr << command << ": " << to_string(*need) << '\n';
  // First the attempt: where it succeeds, nothing of a second line may have been written.
  const std::string failure = start_again(need->loader).message;
  std::cerr << command << ": " << failure << '\n';
}

}  // namespace weir::cli
