#pragma once
// A stream's hold on the instance that it has to itself.

#include <memory>

namespace weir::runtime {

class StreamInstances;
class StreamSource;
class VmInstance;

// Gives the instance back to those it came from.
struct ReturnInstance {
  StreamInstances* to = nullptr;
  StreamSource* source = nullptr;
  void operator()(VmInstance* instance) const;
};

// Null for streams that share an instance.
using InstanceLease = std::unique_ptr<VmInstance, ReturnInstance>;

}  // namespace weir::runtime
