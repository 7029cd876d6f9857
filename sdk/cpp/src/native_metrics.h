#pragma once
// Ids of metrics in a native plugin. The host gives each instance ids of its own, while the
// plugin's code, and so a Counter or a number that it keeps in a global object, serves all
// instances. So an id of the SDK means a name in the whole process, and each instance asks the host
// for its own id of that name when it first uses it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir_sdk/log.h"

namespace weir_sdk {

constexpr size_t kMetricTypes = 3;
using MetricIds = std::array<std::map<std::string, uint32_t, std::less<>>, kMetricTypes>;

// The names that instances of this plugin have defined; an id is an index. Thread: any.
class MetricNames {
 public:
  struct Entry {
    MetricType type;
    std::string name;
  };

  static MetricNames& of_process() {
    static MetricNames all;
    return all;
  }

  // The id of that name, a new one if need be.
  uint32_t id_of(MetricType type, std::string_view name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto& ids = ids_[static_cast<size_t>(type)];
    const auto known = ids.find(name);
    if (known != ids.end()) return known->second;
    const auto id = static_cast<uint32_t>(entries_.size());
    entries_.push_back({type, std::string(name)});
    ids.emplace(name, id);
    return id;
  }

  std::optional<Entry> find(uint32_t id) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (id >= entries_.size()) return std::nullopt;
    return entries_[id];
  }

 private:
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  MetricIds ids_;
};

// What one instance has defined. Thread: that of the instance. `Define` asks the host:
// WasmResult(MetricType, std::string_view name, uint32_t* its_id).
class InstanceMetrics {
 public:
  // Without a lock where the instance knows the name.
  template <typename Define>
  WasmResult define(MetricType type, std::string_view name, uint32_t* id, const Define& at_host) {
    const auto index = static_cast<size_t>(type);
    if (index < kMetricTypes) {
      const auto known = ids_[index].find(name);
      if (known != ids_[index].end()) {
        *id = known->second;
        return WasmResult::Ok;
      }
    }
    uint32_t host_id = 0;
    const WasmResult result = at_host(type, name, &host_id);
    if (result != WasmResult::Ok || index >= kMetricTypes) return result;
    *id = MetricNames::of_process().id_of(type, name);
    keep(*id, host_id);
    ids_[index].emplace(name, *id);
    return result;
  }

  // The host's id, without a lock where this instance has used the metric before.
  template <typename Define>
  WasmResult find(uint32_t id, uint32_t* host_id, const Define& at_host) {
    *host_id = id < host_ids_.size() ? host_ids_[id] : kNone;
    if (*host_id != kNone) return WasmResult::Ok;
    const auto named = MetricNames::of_process().find(id);
    if (!named) return WasmResult::Ok;  // the host says what it thinks of an id that is none
    const WasmResult result = at_host(named->type, named->name, host_id);
    if (result == WasmResult::Ok) keep(id, *host_id);
    return result;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  void keep(uint32_t id, uint32_t host_id) {
    if (id >= host_ids_.size()) host_ids_.resize(size_t{id} + 1, kNone);
    host_ids_[id] = host_id;
  }

  MetricIds ids_;
  std::vector<uint32_t> host_ids_;  // by id
};

}  // namespace weir_sdk
