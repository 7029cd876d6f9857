#pragma once
// An engine that tells somebody of each call between its guests and the host.

#include <memory>
#include <string_view>

#include "base/func_type.h"
#include "engine/engine.h"

namespace weir::abi {

// Is told of calls in the order in which they happen: those into the guest and those out of it are
// nested in each other. What it is given is valid during the call. Thread: that of the instance.
class CallObserver {
 public:
  // The host enters the guest by an export, or lets it start ("" is the name then).
  virtual void on_enter(std::string_view function, Signature, engine::Slots params) = 0;
  // It has returned, with its results in the slots' front, or ended by a trap.
  virtual void on_leave(std::string_view function, Signature, engine::Slots results, engine::Flow,
                        engine::Memory) = 0;

  // The guest calls out, and is answered.
  virtual void on_hostcall(const engine::Import&, engine::Slots params, engine::Memory) = 0;
  virtual void on_answer(const engine::Import&, engine::Slots results, engine::Flow,
                         engine::Memory) = 0;

 protected:
  ~CallObserver() = default;
};

// Runs guests on `inner`, and is as capable. Code is compiled, and kept in caches, as by `inner`.
// Both outlive the engine.
std::unique_ptr<engine::Engine> make_observed_engine(const engine::Engine& inner,
                                                     CallObserver& observer);

}  // namespace weir::abi
