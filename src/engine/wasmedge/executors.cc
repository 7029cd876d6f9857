#include "engine/wasmedge/executors.h"

#include <algorithm>

namespace weir::engine::wasmedge {
namespace {

constexpr size_t kMaxIdle = 256;

WasmEdge_Result do_nothing(void*, void*, const WasmEdge_CallingFrameContext*, const WasmEdge_Value*,
                           uint32_t, WasmEdge_Value*, uint32_t) {
  return WasmEdge_Result_Success;
}

}  // namespace

Executors::Executors(const Api& api) : api_(api) {
  const auto type = own(api.function_type_create(nullptr, 0, nullptr, 0), api.function_type_delete);
  nothing_ = own(
      api.function_instance_create_binding(type.get(), &do_nothing, nullptr, nullptr, /*Cost=*/0),
      api.function_instance_delete);
}

Executor Executors::take(uint32_t memory_pages) const {
  {
    auto idle = idle_.lock();
    const auto found = std::ranges::find(*idle, memory_pages, &Executor::memory_pages);
    if (found != idle->end()) {
      Executor taken = std::move(*found);
      idle->erase(found);
      return taken;
    }
  }
  return make(memory_pages);
}

void Executors::give_back(Executor executor) const {
  // Takes up a request to stop that came when nothing ran.
  api_.executor_invoke(executor.context.get(), nothing_.get(), nullptr, 0, nullptr, 0);
  auto idle = idle_.lock();
  if (idle->size() < kMaxIdle) idle->push_back(std::move(executor));
}

Executor Executors::make(uint32_t memory_pages) const {
  const auto configuration = own(api_.configure_create(), api_.configure_delete);
  api_.configure_set_max_memory_page(configuration.get(), memory_pages);
  Executor executor{memory_pages,
                    own(api_.executor_create(configuration.get(), nullptr), api_.executor_delete),
                    {}};
  executor.stop =
      own(api_.executor_async_invoke(executor.context.get(), nothing_.get(), nullptr, 0),
          api_.async_delete);
  api_.async_wait(executor.stop.get());
  return executor;
}

}  // namespace weir::engine::wasmedge
