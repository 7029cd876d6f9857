#pragma once
// What an instance takes of memory beside its linear memory.

#include <cstdint>
#include <string_view>

namespace weir::engine {

// Measured, by the resident memory of some hundreds of instances, and rounded up:
// docs/benchmarks.md.
struct InstanceCost {
  uint64_t bytes = 0;           // of one without tables and code
  uint64_t element_bytes = 0;   // for each element that its tables may come to have
  uint64_t entry_bytes = 0;     // for each entry of its module's element segments
  uint64_t function_bytes = 0;  // for each function of its module
  uint64_t code_bytes = 0;      // for each byte of their code
};

// Of the engine that names itself so (EngineInfo::name). Nothing where its instances are not
// counted.
InstanceCost instance_cost(std::string_view engine);

}  // namespace weir::engine
