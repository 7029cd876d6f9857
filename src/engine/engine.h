#pragma once
// The engine seam: Engine -> Module -> Instance, and one way out of the guest, ImportHandler.
// Above this header nothing knows an engine; below it nothing knows Proxy-Wasm. An adapter
// translates and decides nothing.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/func_type.h"
#include "base/result.h"
#include "engine/memory.h"
#include "engine/trap.h"

namespace weir::engine {

// No function that crosses the seam has more parameters or results than this. The layer above
// refuses a module that declares one; an adapter may size its buffers by it.
inline constexpr size_t kMaxSlots = 24;

// Every value travels in one 64-bit slot, an i32 or f32 zero-extended: parameters in, then results
// out from the front. A native plugin's pointers and sizes use all 64 bits.
using Slots = std::span<uint64_t>;

// One function that a module imports.
struct Import {
  std::string_view module;
  std::string_view name;
  Signature signature;
  // Handed to ImportHandler::on_import; means nothing to the engine. Where a module imports one
  // function more than once, the token of any of them may arrive.
  uint32_t token;
};

enum class Flow : uint8_t { Return, Trap };

// Receives every call that a guest makes out of its instance.
class ImportHandler {
 public:
  // `token` is the called Import's. `slots` has room for its parameters and its results. `memory`
  // is the caller's; it is here because a start function calls out before instantiate() returns.
  // Flow::Trap unwinds the guest up to the call() that entered it, with TrapKind::Host.
  // May call the same instance again (the guest's allocator); when that traps, so must this.
  // Thread: the instance's.
  virtual Flow on_import(uint32_t token, Slots slots, Memory memory) noexcept = 0;

 protected:
  ~ImportHandler() = default;
};

enum class ExportId : uint32_t {};

// A running module, or one about to run. After a trap its owner destroys it: no other call is made.
// Thread: the one that made it, save interrupt().
class Instance {
 public:
  virtual ~Instance() = default;

  // Links, makes the memory, runs the start section. To be called once, before all below but
  // interrupt(). Flow::Trap: take_trap() tells why.
  virtual Flow instantiate() noexcept = 0;

  // Fails with LinkFailed where the export is missing, no function, or of another signature.
  virtual Result<ExportId> bind_export(std::string_view name, Signature) = 0;

  // Calls a bound export: parameters in `slots`, results from its front on return. `slots` has room
  // for both. Flow::Trap: take_trap() tells why. May be nested inside on_import().
  virtual Flow call(ExportId, Slots slots) noexcept = 0;

  // Why the last call() or instantiate() answered Flow::Trap. Of calls nested in each other the
  // innermost one's reason stands until it is taken.
  virtual Trap take_trap() = 0;

  // As it is now; empty where the module has no memory named "memory".
  virtual Memory memory() noexcept = 0;

  // Stops the running call, or else the next one, with TrapKind::Interrupted. The request is never
  // lost and never taken back; other instances run on. Does nothing where capabilities() says so.
  // Thread: any, as long as the instance lives.
  virtual void interrupt() const noexcept = 0;
};

// Bounds that an engine enforces itself, where capabilities() says that it can.
struct Limits {
  uint64_t max_memory_bytes = 256ull << 20;
  uint64_t max_table_elements = 1u << 20;
};

// Compiled code. Immutable. Thread: any.
class Module {
 public:
  virtual ~Module() = default;

  // Runs no guest code. `handler` and the module outlive the instance.
  virtual Result<std::unique_ptr<Instance>> make_instance(ImportHandler& handler,
                                                          const Limits&) const = 0;

  // An artifact for Engine::deserialize(). Fails with Unsupported where capabilities() says so.
  virtual Result<std::vector<std::byte>> serialize() const = 0;
};

// What an engine does by itself. What it lacks is supplied above the seam, or skipped aloud.
struct Capabilities {
  bool interrupt = false;       // Instance::interrupt() stops a running guest
  bool stack_limit = false;     // endless recursion is a trap
  bool memory_limit = false;    // Limits::max_memory_bytes holds for each instance
  bool serialize = false;       // artifacts: Module::serialize, Engine::deserialize
  bool backtrace = false;       // traps carry frames
  bool function_names = false;  // frames carry names
  // Extensions of WebAssembly that not every engine has (module/features.h).
  bool reference_types = false;
  bool simd = false;  // of 128 bits
  bool relaxed_simd = false;
  bool tail_calls = false;
  bool exceptions = false;         // as standardised
  bool legacy_exceptions = false;  // in their older form
  bool extended_constants = false;
  bool native_code = false;  // runs native plugins, not wasm
};

struct EngineInfo {
  std::string name;         // "wasmtime"
  std::string version;      // "50.0.1"
  std::string compilation;  // "Cranelift, pooling, copy-on-write memory"
};

// Where an engine's instances have come from, for operators.
struct InstanceCounts {
  uint64_t pooled_now = 0;       // that hold a place in the pool
  uint64_t on_demand_total = 0;  // made outside it since the engine was
};

// While it lives, the thread that made it may create and run the engine's instances.
class ThreadAttachment {
 public:
  virtual ~ThreadAttachment() = default;
};

// One engine, for the life of the process. Thread: any.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual EngineInfo info() const = 0;
  virtual Capabilities capabilities() const = 0;

  // All that an artifact depends on besides the module: version, options, target. Part of the key
  // under which compiled code is cached.
  virtual std::string fingerprint() const = 0;

  // `imports` are the functions that the module imports, in its order, duplicates included; they
  // come this early because some engines bind them while they load (WAMR) or gain by it (Wasmtime).
  // `imports` and what it refers to outlive the Module; `wasm` is read during the call only.
  virtual Result<std::unique_ptr<const Module>> compile(Bytes wasm,
                                                        std::span<const Import> imports) const = 0;

  // As compile(), from an artifact that this engine wrote under the same fingerprint(). The caller
  // has verified a checksum: an engine may trust the bytes as it trusts its own code.
  virtual Result<std::unique_ptr<const Module>> deserialize(
      Bytes artifact, std::span<const Import> imports) const = 0;

  virtual InstanceCounts instance_counts() const { return {}; }

  // To be held by every thread that makes or runs instances, for as long as it does.
  virtual std::unique_ptr<ThreadAttachment> attach_thread() const {
    return std::make_unique<ThreadAttachment>();
  }
};

// Chosen once for a process, when an engine is first used.
struct EngineOptions {
  // Of the thread that calls a guest, for the guest's own frames; the host's calls come on top.
  uint64_t max_stack_bytes = 512 * 1024;
  // The pool of a pooling engine: instances beyond either bound are made on demand.
  uint32_t pool_instances = 256;
  uint64_t pool_memory_bytes = 256ull << 20;
};

}  // namespace weir::engine
