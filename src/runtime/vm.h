#pragma once
// A VM: linked code and all that makes it the VM that it is. Each worker runs an instance of it.

#include <memory>
#include <string>

#include "abi/linked_module.h"
#include "base/result.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "runtime/options.h"
#include "runtime/shared_data.h"
#include "runtime/shared_queues.h"

namespace weir::runtime {

// Two plugins share a VM where this is the same: a digest of everything in VmOptions, with the code
// by its hash.
std::string vm_key(const VmOptions& options, std::string_view canonical_engine);

// As the module of such a VM is linked.
abi::LinkOptions link_options(const VmOptions& options);

// What the VMs of one vm_id share, and keep together.
struct VmShares {
  std::shared_ptr<SharedStore> data;
  std::shared_ptr<SharedQueues::Group> queues;
};

// Immutable, but for what it shares with others. Thread: any.
class Vm {
 public:
  static Result<std::shared_ptr<const Vm>> make(const engine::Engines& engines,
                                                const engine::CodeCache* cache, VmOptions options,
                                                VmShares shares);

  // `code` is empty here: what is needed of it is in module().
  const VmOptions& options() const { return options_; }
  const abi::LinkedModule& module() const { return *module_; }
  const std::string& code_hash() const { return code_hash_; }  // SHA-256 in hex

  SharedStore& shared_data() const { return *shares_.data; }
  SharedQueues::Group& shared_queues() const { return *shares_.queues; }

 private:
  Vm(VmOptions options, std::string code_hash, std::unique_ptr<const abi::LinkedModule> module,
     VmShares shares)
      : options_(std::move(options)),
        code_hash_(std::move(code_hash)),
        module_(std::move(module)),
        shares_(std::move(shares)) {}

  VmOptions options_;
  std::string code_hash_;
  std::unique_ptr<const abi::LinkedModule> module_;
  VmShares shares_;
};

}  // namespace weir::runtime
