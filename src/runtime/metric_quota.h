#pragma once
// How many metrics a guest may define.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/guarded.h"

namespace weir::runtime {

// Metrics outlive the instance that defined them, so what counts is the VM, over all its instances:
// one guest cannot take the names of another, nor grow the store without end. Thread: any.
class MetricQuota {
 public:
  static constexpr size_t kMaxOfVm = 10'000;

  // Whether the VM may define a metric of that name: it has before, or has not had too many.
  bool may_define(std::string_view vm, std::string_view name) const {
    auto names = names_.lock();
    auto of_vm = names->find(vm);
    if (of_vm == names->end()) of_vm = names->emplace(std::string(vm), Names()).first;
    if (of_vm->second.contains(name)) return true;
    if (of_vm->second.size() >= kMaxOfVm) return false;
    of_vm->second.emplace(name);
    return true;
  }

 private:
  using Names = std::set<std::string, std::less<>>;

  Guarded<std::map<std::string, Names, std::less<>>> names_;
};

}  // namespace weir::runtime
