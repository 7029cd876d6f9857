// An adapter of another build, for the test that it is refused.

#include "engine/adapter.h"

extern "C" __attribute__((visibility("default"))) const weir::engine::Adapter*
weir_engine_adapter() {
  static constexpr weir::engine::Adapter kAdapter{.seam_version = "weir-engine-0", .make = nullptr};
  return &kAdapter;
}
