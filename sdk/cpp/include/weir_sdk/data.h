#pragma once
// Bytes that the host hands over, and header maps in the form in which they cross the ABI.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir_sdk/log.h"

using HeaderStringPairs = std::vector<std::pair<std::string, std::string>>;

// Owns bytes of the host. Views into it end with it.
class WasmData {
 public:
  // Takes over `data`, which free() gives back.
  WasmData(const char* data, size_t size) : data_(data), size_(size) {}
  ~WasmData() { ::free(const_cast<char*>(data_)); }
  WasmData(const WasmData&) = delete;
  WasmData& operator=(const WasmData&) = delete;

  const char* data() { return data_; }
  size_t size() { return size_; }
  std::string_view view() { return {data_, size_}; }
  std::string toString() { return std::string(view()); }

  // The pairs of a header map, in its order; none where the bytes are no header map.
  std::vector<std::pair<std::string_view, std::string_view>> pairs();

  // A message of any Protobuf library.
  template <typename Message>
  Message proto() {
    Message message;
    message.ParseFromArray(data_, static_cast<int>(size_));
    return message;
  }

 private:
  const char* data_;
  size_t size_;
};

using WasmDataPtr = std::unique_ptr<WasmData>;

// The bytes of a header map of these pairs: how many there are, the sizes of names and values, then
// each of them with a zero behind it.
template <typename Pairs>
size_t pairsSize(const Pairs& pairs) {
  size_t size = sizeof(uint32_t);
  for (const auto& [name, value] : pairs) {
    size += 2 * sizeof(uint32_t) + name.size() + 1 + value.size() + 1;
  }
  return size;
}

// Writes pairsSize() bytes to `out`.
template <typename Pairs>
void marshalPairs(const Pairs& pairs, char* out) {
  const auto number = [&out](size_t value) {
    const auto narrow = static_cast<uint32_t>(value);
    std::memcpy(out, &narrow, sizeof narrow);
    out += sizeof narrow;
  };
  const auto text = [&out](std::string_view value) {
    if (!value.empty()) std::memcpy(out, value.data(), value.size());
    out += value.size();
    *out++ = '\0';
  };
  number(pairs.size());
  for (const auto& [name, value] : pairs) {
    number(name.size());
    number(value.size());
  }
  for (const auto& [name, value] : pairs) {
    text(name);
    text(value);
  }
}

// The same into memory of its own, which the caller gives back by free(); null where there are no
// pairs.
template <typename Pairs>
void exportPairs(const Pairs& pairs, const char** data, size_t* size) {
  *data = nullptr;
  *size = 0;
  if (pairs.empty()) return;
  *size = pairsSize(pairs);
  auto* bytes = static_cast<char*>(::malloc(*size));
  if (bytes == nullptr) logAbort("out of memory");
  marshalPairs(pairs, bytes);
  *data = bytes;
}

inline void MakeHeaderStringPairsBuffer(const HeaderStringPairs& headers, void** data,
                                        size_t* size) {
  const char* bytes = nullptr;
  exportPairs(headers, &bytes, size);
  *data = const_cast<char*>(bytes);
}

namespace weir_sdk {

// A header map for the time of a hostcall.
class MarshalledPairs {
 public:
  explicit MarshalledPairs(const HeaderStringPairs& pairs)
      : bytes_(pairs.empty() ? 0 : pairsSize(pairs), '\0') {
    if (!pairs.empty()) marshalPairs(pairs, bytes_.data());
  }
  char* data() { return bytes_.empty() ? nullptr : bytes_.data(); }
  size_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

}  // namespace weir_sdk
