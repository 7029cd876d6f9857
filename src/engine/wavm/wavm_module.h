#pragma once
// Compiled code, and the compartments that instances are copied from.

#include <WAVM/Runtime/Runtime.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/wavm/guest_code.h"

namespace weir::engine::wavm {

// Collects a compartment with all that is in it. Nothing of it runs any more.
struct Collect {
  using pointer = WAVM::Runtime::Compartment*;
  void operator()(pointer) const;
};
// Holds on to its compartment as a root; see own().
using OwnedCompartment = std::unique_ptr<WAVM::Runtime::Compartment, Collect>;
OwnedCompartment own(WAVM::Runtime::Compartment*);

// What all guests' compartments are copied from: it holds the native function.
struct RootCompartment {
  OwnedCompartment compartment;
  WAVM::Runtime::Function* native_function;
};
RootCompartment make_root_compartment();

// A guest with its memory and table as they are before its start section. It never runs.
struct Template {
  OwnedCompartment compartment;
  WAVM::Runtime::Instance* instance;
};

// An imported function as a call of it needs it.
struct HostFunction {
  uint32_t token;
  uint8_t param_count;
  uint8_t result_count;
  uint8_t slot_count;  // the larger of both
};

class WavmModule final : public Module {
 public:
  // `root` and the options outlive the module.
  WavmModule(const RootCompartment& root, const EngineOptions& options, GuestCode guest,
             std::span<const Import> imports);

  Result<std::unique_ptr<Instance>> make_instance(ImportHandler& handler,
                                                  const Limits& limits) const override;
  Result<std::vector<std::byte>> serialize() const override;

  // Made when it is first asked for. Throws what WAVM throws, NoRoom among it. Thread: any.
  const Template& template_for(const Limits& limits) const;

  const std::vector<std::string>& function_names() const { return guest_.names; }
  const HostFunction& host_function(uint32_t index) const { return functions_[index]; }
  uint64_t stack_bytes() const { return options_.max_stack_bytes; }
  // Of address space, for one instance.
  uint64_t reserved_bytes() const;

 private:
  Template make_template(const WAVM::IR::Module& limited) const;

  const RootCompartment& root_;
  const EngineOptions& options_;
  const GuestCode guest_;
  std::vector<HostFunction> functions_;

  // By the sizes that the limits leave to the memory, in pages, and to the table.
  using Sizes = std::pair<uint64_t, uint64_t>;
  mutable std::mutex mutex_;
  mutable std::map<Sizes, Template> templates_;
};

// A memory or table exceeds the limits before it has grown.
struct NoRoom : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace weir::engine::wavm
