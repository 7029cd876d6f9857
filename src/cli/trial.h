#pragma once
// Whether a plugin loads: it is compiled, linked, started and configured on an engine, once, with
// no traffic.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engines.h"

namespace weir::cli {

struct TrialPlugin {
  std::string name;
  std::string code;  // the bytes of the .wasm
  std::string root_id;
  std::string configuration;
  Milliseconds start_time;  // of processor time, until it is configured
};

// What an engine makes of a plugin.
struct Trial {
  enum class Outcome : uint8_t {
    Loads,
    Refuses,   // the engine takes it, but it did not start, or did not take its configuration
    NotTaken,  // it does not compile or link
    NoEngine,  // the engine is not there
  };

  std::string engine;
  std::string version;  // of the engine; empty where it is not there
  Outcome outcome = Outcome::Loads;
  std::string reason;  // empty where it loads
  // No module of WebAssembly, as far as that engine can tell; another reason not to take it is what
  // the engine or the host does not have.
  bool is_invalid = false;
  // What the plugin logged meanwhile: from level warn on, or from info on where it does not load.
  // The first of them, and how many there were besides.
  std::vector<std::string> log;
  uint64_t log_left_out = 0;
};

std::string_view to_string(Trial::Outcome);

// `runtime` is a name that engine::canonical_name() knows.
Trial try_plugin(const engine::Engines& engines, std::string_view runtime,
                 const TrialPlugin& plugin);

}  // namespace weir::cli
