#pragma once
// Values that plugins attach to a stream, and what plugins declare about them.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "abi/types.h"

namespace weir::runtime {

// What an expression takes a value for. Only String is text there, the others are bytes.
enum class DeclaredType : uint8_t { Bytes, String, FlatBuffers, Protobuf };

// What a plugin says of a property that it is going to set (foreign function `declare_property`).
struct PropertyDeclaration {
  bool read_only = false;  // the first value stays
  DeclaredType type = DeclaredType::Bytes;
};

// The declarations of one plugin, by the property's name. Owned by its root context. Thread: its
// instance's.
class PropertyDeclarations {
 public:
  static constexpr size_t kMaxCount = 1000;
  static constexpr size_t kMaxNameBytes = 1024;

  // BAD_ARGUMENT: the name is declared already, empty or too long. INTERNAL_FAILURE: there are too
  // many.
  abi::Status declare(std::string_view name, PropertyDeclaration declaration) {
    if (name.empty() || name.size() > kMaxNameBytes || declared_.contains(name)) {
      return abi::Status::BadArgument;
    }
    if (declared_.size() == kMaxCount) return abi::Status::InternalFailure;
    declared_.emplace(name, declaration);
    return abi::Status::Ok;
  }

  // Of a property that is not declared: the default.
  PropertyDeclaration find(std::string_view name) const {
    auto found = declared_.find(name);
    return found == declared_.end() ? PropertyDeclaration{} : found->second;
  }

 private:
  std::map<std::string, PropertyDeclaration, std::less<>> declared_;
};

// The values of one stream, by name: seen by every plugin of that stream and by access logs. The
// name of a property is its path with '.' for the NUL between segments. A plane whose proxy keeps
// such values overrides it. Thread: the stream's.
class FilterState {
 public:
  FilterState() = default;
  virtual ~FilterState() = default;
  FilterState(const FilterState&) = delete;
  FilterState& operator=(const FilterState&) = delete;

  static constexpr size_t kMaxCount = 1024;
  static constexpr size_t kMaxBytes = 1 << 20;  // names and values together

  struct Entry {
    std::string value;
    PropertyDeclaration declaration;  // as it was when the value was first set
  };

  // Takes the values of another that keeps them here too, in place of its own.
  void begin_with(const FilterState& other) {
    entries_ = other.entries_;
    bytes_ = other.bytes_;
  }

  // Null: there is none. Valid until something is set or looked for.
  virtual const Entry* find(std::string_view name) const {
    auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }

  // The declaration is that of the plugin that sets a property. BAD_ARGUMENT: the name is empty, or
  // its value read-only. INTERNAL_FAILURE: a limit is reached.
  virtual abi::Status set(std::string_view name, std::string_view value,
                          PropertyDeclaration declaration = {}) {
    if (name.empty()) return abi::Status::BadArgument;
    auto found = entries_.find(name);
    const bool is_new = found == entries_.end();
    if (!is_new && found->second.declaration.read_only) return abi::Status::BadArgument;

    const size_t freed = is_new ? 0 : found->second.value.size();
    const uint64_t bytes = uint64_t{bytes_} - freed + value.size() + (is_new ? name.size() : 0);
    if (bytes > kMaxBytes || (is_new && entries_.size() == kMaxCount)) {
      return abi::Status::InternalFailure;
    }

    if (is_new) {
      entries_.emplace(name, Entry{std::string(value), declaration});
    } else {
      found->second.value = value;
    }
    bytes_ = bytes;
    return abi::Status::Ok;
  }

 private:
  std::map<std::string, Entry, std::less<>> entries_;
  size_t bytes_ = 0;
};

}  // namespace weir::runtime
