#pragma once
// Real plugins, by every toolchain, and the traffic that they are given.

#include <ostream>
#include <string>
#include <vector>

#include "differential/contenders.h"
#include "differential/plugin_run.h"

namespace weir::test {

// One plugin and its traffic.
struct Case {
  std::string name;
  std::string guest;  // build/guests/NAME.wasm
  runtime::PluginOptions options;
  std::vector<Exchange> exchanges;
};
inline void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const std::vector<Case>& cases();

// The transcript of a case on one engine.
std::vector<std::string> run(const Case& test, const Contender& contender,
                             runtime::Isolation isolation = runtime::Isolation::Shared,
                             Calls calls = Calls::Told);

}  // namespace weir::test
