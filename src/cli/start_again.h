#pragma once
// Commands that run engines, in a process that those engines can run in (engine/own_c_library.h).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/engines.h"

namespace weir::cli {

// Starts this process anew by that loader, with the same command line. Returns why it cannot.
using StartAgain = std::function<Error(const std::filesystem::path& loader)>;

// The first of `runtimes` (names that configurations use) whose own loader has to start the process
// that is to run it.
struct LoaderNeed {
  std::string engine;
  std::filesystem::path loader;
};
std::optional<LoaderNeed> find_loader_need(const engine::Engines& engines,
                                           std::span<const std::string_view> runtimes);

// "starting again by FILE, whose C library engine 'wasmedge' needs": what a command says before it
// does so.
std::string to_string(const LoaderNeed& need);

// Whether a command says that it starts again; one whose error is to be its only line does not.
enum class Notice : uint8_t { Said, Unsaid };

// For a command that goes on without the engine where that cannot be: starts again if need be. What
// it does, unless unsaid, or why it cannot, is a line on standard error that begins with `command`.
void start_again_for(std::span<const std::string_view> runtimes, const engine::Engines& engines,
                     std::string_view command, const StartAgain& start_again,
                     Notice notice = Notice::Said);

}  // namespace weir::cli
