#pragma once
// Data and queues that all instances of a VM, on all threads, have in common.

#include <cstdint>
#include <memory>
#include <string_view>

#include "weir_sdk/data.h"

// `cas` is for a later setSharedData() that is to fail when another was quicker.
inline WasmResult getSharedData(std::string_view key, WasmDataPtr* value, uint32_t* cas = nullptr) {
  uint32_t unwanted = 0;
  const char* data = nullptr;
  size_t size = 0;
  const WasmResult result =
      proxy_get_shared_data(key.data(), key.size(), &data, &size, cas != nullptr ? cas : &unwanted);
  if (result == WasmResult::Ok) *value = std::make_unique<WasmData>(data, size);
  return result;
}

// With a `cas`, CasMismatch and nothing written unless the value is still the one that came with
// it.
inline WasmResult setSharedData(std::string_view key, std::string_view value, uint32_t cas = 0) {
  return proxy_set_shared_data(key.data(), key.size(), value.data(), value.size(), cas);
}

// For data that has to be there: ends the instance where it is not.
inline WasmDataPtr getSharedDataValue(std::string_view key, uint32_t* cas = nullptr) {
  WasmDataPtr value;
  const WasmResult result = getSharedData(key, &value, cas);
  if (result != WasmResult::Ok) logAbort("getSharedData: " + toString(result));
  return value;
}

// Opens a queue, and makes this root context the one that hears of new items.
inline WasmResult registerSharedQueue(std::string_view queue_name, uint32_t* token) {
  return proxy_register_shared_queue(queue_name.data(), queue_name.size(), token);
}

// Finds a queue that another VM may have opened.
inline WasmResult resolveSharedQueue(std::string_view vm_id, std::string_view queue_name,
                                     uint32_t* token) {
  return proxy_resolve_shared_queue(vm_id.data(), vm_id.size(), queue_name.data(),
                                    queue_name.size(), token);
}

inline WasmResult enqueueSharedQueue(uint32_t token, std::string_view data) {
  return proxy_enqueue_shared_queue(token, data.data(), data.size());
}

// Empty when there is nothing in it.
inline WasmResult dequeueSharedQueue(uint32_t token, WasmDataPtr* data) {
  const char* bytes = nullptr;
  size_t size = 0;
  const WasmResult result = proxy_dequeue_shared_queue(token, &bytes, &size);
  if (result == WasmResult::Ok) *data = std::make_unique<WasmData>(bytes, size);
  return result;
}
