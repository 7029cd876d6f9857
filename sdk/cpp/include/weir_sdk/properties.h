#pragma once
// What the host knows of a stream, a connection and the plugin, by path: {"request", "path"}.

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir_sdk/data.h"

namespace weir_sdk {

// The steps with a zero between them.
template <typename Parts>
std::string property_path(const Parts& parts) {
  std::string path;
  bool first = true;
  for (const auto& part : parts) {
    if (!first) path.push_back('\0');
    first = false;
    path.append(std::string_view(part));
  }
  return path;
}

inline std::optional<WasmDataPtr> property_at(std::string_view path) {
  const char* value = nullptr;
  size_t size = 0;
  if (proxy_get_property(path.data(), path.size(), &value, &size) != WasmResult::Ok) return {};
  return std::make_unique<WasmData>(value, size);
}

// A number or a bool has to have exactly its size; text takes any.
template <typename T>
bool read_value(std::optional<WasmDataPtr> found, T* out) {
  if (!found || (*found)->size() != sizeof(T)) return false;
  std::memcpy(out, (*found)->data(), sizeof(T));
  return true;
}
inline bool read_value(std::optional<WasmDataPtr> found, std::string* out) {
  if (!found) return false;
  *out = (*found)->toString();
  return true;
}

template <typename Message>
bool read_message(std::optional<WasmDataPtr> found, Message* out) {
  if (!found) return false;
  // No bytes are a message without fields.
  if ((*found)->size() == 0) {
    *out = Message();
    return true;
  }
  return out->ParseFromArray((*found)->data(), static_cast<int>((*found)->size()));
}

}  // namespace weir_sdk

// Empty where the host does not have it.
inline std::optional<WasmDataPtr> getProperty(
    const std::initializer_list<std::string_view>& parts) {
  return weir_sdk::property_at(weir_sdk::property_path(parts));
}
template <typename S>
std::optional<WasmDataPtr> getProperty(const std::vector<S>& parts) {
  return weir_sdk::property_at(weir_sdk::property_path(parts));
}

// Reads a property as a T: std::string, int64_t, uint64_t, double, bool. False where the host does
// not have it, or has something of another size.
template <typename T>
bool getValue(const std::initializer_list<std::string_view>& parts, T* out) {
  return weir_sdk::read_value(getProperty(parts), out);
}
template <typename S, typename T>
bool getValue(const std::vector<S>& parts, T* out) {
  return weir_sdk::read_value(getProperty(parts), out);
}

// Reads a property as a message of any Protobuf library.
template <typename Message>
bool getMessageValue(const std::initializer_list<std::string_view>& parts, Message* out) {
  return weir_sdk::read_message(getProperty(parts), out);
}
template <typename S, typename Message>
bool getMessageValue(const std::vector<S>& parts, Message* out) {
  return weir_sdk::read_message(getProperty(parts), out);
}

// Makes a property of the plugin's own, for later callbacks, other plugins and access logs.
inline WasmResult setFilterState(std::string_view key, std::string_view value) {
  return proxy_set_property(key.data(), key.size(), value.data(), value.size());
}
inline WasmResult setFilterStateStringValue(std::string_view key, std::string_view value) {
  return setFilterState(key, value);
}
