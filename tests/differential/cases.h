#pragma once
// Real plugins, by every toolchain, and the traffic that they are given.

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "differential/contenders.h"
#include "differential/plugin_run.h"

namespace weir::test {

// One plugin and its traffic.
struct Case {
  std::string name;
  std::string guest;  // build/guests/NAME.wasm, or modules/NAME.wat
  runtime::PluginOptions options;
  std::vector<Exchange> exchanges;
  std::vector<Connection> connections = {};

  std::filesystem::path file() const;
};
inline void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const std::vector<Case>& cases();

// Why that engine does not run the case here; empty where it does. Isolated plugins are compiled
// once more, with an image of their state.
std::string left_out(const Case& test, const Contender& contender, runtime::Isolation isolation);

// The transcript of a case on one engine.
std::vector<std::string> run(const Case& test, const Contender& contender,
                             runtime::Isolation isolation = runtime::Isolation::Shared,
                             Calls calls = Calls::Told);

}  // namespace weir::test
