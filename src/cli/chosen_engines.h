#pragma once
// The engines that a command runs plugins on, by --engine.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/start_again.h"
#include "engine/engines.h"

namespace weir::cli {

struct ChosenEngine {
  std::string name;              // canonical
  const engine::Engine* engine;  // null: it is not there
  std::string reason;            // why
};

inline constexpr std::string_view kAllEngines = "all";

// Names as configurations use them, `all` among them; checks that they are known.
Done check_engine_names(const std::vector<std::string>& asked_for);

// Of a name that is none: the one that may have been meant, or else what to do.
Error unknown_engine(const std::string& name, const std::string& or_else);

// A native plugin, whose own engine is `null`, runs on no other: naming one is an error about the
// plugin, which stands at `where`. `all` are those that can run it.
Done check_engines_fit(const std::vector<std::string>& asked_for, std::string_view own,
                       std::string_view where);

// Those that are asked for, or `or_else` where none is. One that is named and not there is an
// error; of `all`, those are told. A native plugin runs on `null` alone, a .wasm file on all
// others.
Result<std::vector<ChosenEngine>> choose_engines(const engine::Engines& engines,
                                                 const std::vector<std::string>& asked_for,
                                                 std::string_view or_else);

// Starts the process again where an engine needs that.
void start_again_for_chosen(const engine::Engines& engines,
                            const std::vector<std::string>& asked_for, std::string_view or_else,
                            std::string_view command, const StartAgain& start_again);

}  // namespace weir::cli
