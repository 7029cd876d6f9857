#include "engine/instance_cost.h"

#include <algorithm>
#include <array>

namespace weir::engine {
namespace {

struct Measured {
  std::string_view engine;
  InstanceCost cost;
};

constexpr uint64_t kKibibyte = 1024;

// One of WAMR has a stack of its own; V8 has objects for what a table holds; WasmEdge copies
// segments and functions, and its interpreter their code, into each.
constexpr InstanceCost kOfWamr{.bytes = 528 * kKibibyte, .element_bytes = 8, .function_bytes = 64};

constexpr std::array kMeasured{
    Measured{"wasmtime", {.bytes = 48 * kKibibyte, .element_bytes = 8, .function_bytes = 4}},
    Measured{
        "v8",
        {.bytes = 12 * kKibibyte, .element_bytes = 32, .entry_bytes = 32, .function_bytes = 16}},
    Measured{"wamr", kOfWamr},
    Measured{"wamr-aot", kOfWamr},
    Measured{"wamr-jit", kOfWamr},
    Measured{"wasmedge",
             {.bytes = 20 * kKibibyte,
              .element_bytes = 16,
              .entry_bytes = 16,
              .function_bytes = 208,
              .code_bytes = 24}},
    Measured{
        "wasmedge-aot",
        {.bytes = 20 * kKibibyte, .element_bytes = 16, .entry_bytes = 16, .function_bytes = 208}},
    Measured{"wavm", {.bytes = 96 * kKibibyte, .element_bytes = 8}},
};

}  // namespace

InstanceCost instance_cost(std::string_view engine) {
  const auto found = std::ranges::find(kMeasured, engine, &Measured::engine);
  return found == kMeasured.end() ? InstanceCost{} : found->cost;
}

}  // namespace weir::engine
