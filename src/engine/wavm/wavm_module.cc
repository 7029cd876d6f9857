#include "engine/wavm/wavm_module.h"

#include <WAVM/IR/IR.h>

#include <algorithm>

#include "engine/wavm/convert.h"
#include "engine/wavm/host_calls.h"
#include "engine/wavm/wavm_instance.h"

namespace weir::engine::wavm {
namespace {

namespace ir = WAVM::IR;
namespace runtime = WAVM::Runtime;

// As WAVM reserves it.
constexpr uint64_t kMemoryBytes = 8ull << 30;
constexpr uint64_t kTableBytes = 32ull << 30;
constexpr uint64_t kCompartmentBytes = 4ull << 30;  // half of it goes back

// Lowers the maximum of each definition to `limit`.
template <typename Defs>
void limit_sizes(Defs& definitions, uint64_t limit, std::string_view what, std::string_view unit) {
  for (auto& definition : definitions) {
    auto& size = definition.type.size;
    if (size.min > limit) {
      throw NoRoom("a " + std::string(what) + " begins with more than the " +
                   std::to_string(limit) + " " + std::string(unit) + " that are allowed");
    }
    size.max = std::min<uint64_t>(size.max, limit);
  }
}

template <typename Defs>
uint64_t largest_size(const Defs& definitions, uint64_t limit) {
  uint64_t largest = 0;
  for (const auto& definition : definitions) largest = std::max(largest, definition.type.size.max);
  return std::min(largest, limit);
}

}  // namespace

void Collect::operator()(pointer compartment) const {
  runtime::GCPointer<runtime::Compartment> root(compartment);
  runtime::removeGCRoot(compartment);  // own()'s
  runtime::tryCollectCompartment(std::move(root));
}

OwnedCompartment own(runtime::Compartment* compartment) {
  runtime::addGCRoot(compartment);
  return OwnedCompartment(compartment);
}

RootCompartment make_root_compartment() {
  OwnedCompartment compartment = own(runtime::createCompartment());
  auto* function = instantiate_native_function(compartment.get());
  return {std::move(compartment), function};
}

WavmModule::WavmModule(const RootCompartment& root, const EngineOptions& options, GuestCode guest,
                       std::span<const Import> imports)
    : root_(root), options_(options), guest_(std::move(guest)) {
  functions_.reserve(imports.size());
  for (const Import& import : imports) {
    const auto& [params, results] = import.signature;
    functions_.push_back(
        {.token = import.token,
         .param_count = static_cast<uint8_t>(params.size()),
         .result_count = static_cast<uint8_t>(results.size()),
         .slot_count = static_cast<uint8_t>(std::max(params.size(), results.size()))});
  }
}

Result<std::unique_ptr<Instance>> WavmModule::make_instance(ImportHandler& handler,
                                                            const Limits& limits) const {
  return std::unique_ptr<Instance>(std::make_unique<WavmInstance>(*this, handler, limits));
}

Result<std::vector<std::byte>> WavmModule::serialize() const { return to_artifact(guest_); }

uint64_t WavmModule::reserved_bytes() const {
  return kCompartmentBytes + guest_.module.memories.size() * kMemoryBytes +
         guest_.module.tables.size() * kTableBytes;
}

const Template& WavmModule::template_for(const Limits& limits) const {
  const uint64_t pages = limits.max_memory_bytes / ir::numBytesPerPage;
  const Sizes sizes{largest_size(guest_.module.memories.defs, pages),
                    largest_size(guest_.module.tables.defs, limits.max_table_elements)};
  const std::lock_guard lock(mutex_);
  const auto found = templates_.find(sizes);
  if (found != templates_.end()) return found->second;

  ir::Module limited = guest_.module;
  limit_sizes(limited.memories.defs, sizes.first, "memory", "pages of 64 KiB");
  limit_sizes(limited.tables.defs, sizes.second, "table", "elements");
  return templates_.emplace(sizes, make_template(limited)).first->second;
}

Template WavmModule::make_template(const ir::Module& limited) const {
  OwnedCompartment compartment = own(runtime::cloneCompartment(root_.compartment.get()));

  std::vector<Import> imports;
  const auto import_module =
      runtime::loadPrecompiledModule(guest_.import_module, guest_.import_code);
  const auto* imported = runtime::instantiateModule(
      compartment.get(), import_module, {runtime::asObject(root_.native_function)}, "imports");

  runtime::ImportBindings bindings;
  for (size_t i = 0; i < functions_.size(); ++i) {
    bindings.push_back(runtime::getInstanceExport(imported, std::to_string(i)));
  }
  auto* instance = runtime::instantiateModule(compartment.get(),
                                              runtime::loadPrecompiledModule(limited, guest_.code),
                                              std::move(bindings), kGuestName);
  return {std::move(compartment), instance};
}

}  // namespace weir::engine::wavm
