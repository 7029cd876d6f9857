#include "differential/contenders.h"

#include <algorithm>
#include <iostream>

#include "base/check.h"
#include "support/test_host.h"

namespace weir::test {
namespace {

const engine::Engine& find(const engine::Engines& engines, std::string_view name) {
  auto found = engines.find(name);
  if (!found.ok()) std::cerr << found.error().message << '\n';
  WEIR_CHECK(found.ok());
  return *found.value();
}

}  // namespace

const Contender& reference() {
  static const Contender wasmtime{"wasmtime", &find(engines(), "wasmtime")};
  return wasmtime;
}

const std::vector<Contender>& contenders() {
  static const engine::Engines without_pool(engine::Engines::default_search_path(),
                                            {.pool_instances = 0});
  static const std::vector<Contender> all = [] {
    std::vector<Contender> list{{"wasmtime_on_demand", &find(without_pool, "wasmtime")}};
    for (const std::string& name : loadable_engines()) {
      if (name == "wasmtime" || capabilities_of(name).native_code) continue;
      std::string identifier = name;
      std::ranges::replace_if(
          identifier, [](char c) { return c == '-' || c == '+'; }, '_');
      list.push_back({identifier, &find(engines(), adapter_of(name)), supplied_limits(name)});
    }
    return list;
  }();
  return all;
}

}  // namespace weir::test
