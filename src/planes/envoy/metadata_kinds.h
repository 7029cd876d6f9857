#pragma once
// Reading metadata of which Envoy does not tell the kind.

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "planes/envoy/dynamic_module.h"
#include "runtime/property.h"

namespace weir::envoy_plane {

enum class MetadataKind : uint8_t { Text, Number, Truth };

// Envoy writes an error into its log whenever a value is asked for as what it is not. So each is
// asked for as what it was when it was last read on this thread, and as a text when it is read
// first. Another kind costs such lines, no more. Thread: the one that made it.
class MetadataKinds {
 public:
  // The present thread's.
  static MetadataKinds& here() {
    thread_local MetadataKinds kinds;
    return kinds;
  }

  // `ask` says whether the value is of a kind, and puts it there. `of` and `key` name the value.
  template <typename Ask>
  runtime::PropertyValue read(size_t source, std::string_view of, std::string_view key, Ask ask) {
    const std::hash<std::string_view> hash;
    const size_t number = (hash(of) * 31 + hash(key)) * 31 + source;
    // Values that fall on one place take turns.
    Known& known = known_[number % known_.size()];
    if (known.number != number) known = {number, MetadataKind::Text};
    runtime::PropertyValue value;
    if (ask(known.kind, value)) return value;
    for (const MetadataKind kind :
         {MetadataKind::Text, MetadataKind::Number, MetadataKind::Truth}) {
      if (kind == known.kind || !ask(kind, value)) continue;
      known.kind = kind;
      return value;
    }
    return {};
  }

 private:
  struct Known {
    size_t number = 0;
    MetadataKind kind = MetadataKind::Text;
  };
  std::array<Known, 256> known_;
};

// The same by Envoy's functions for one kind of stream. Parameters and not arguments: they are
// bound when they are first called.
template <auto Text, auto Number, auto Truth>
runtime::PropertyValue read_metadata(size_t source, std::string_view of, std::string_view key,
                                     auto... where) {
  const auto ask = [&](MetadataKind kind, runtime::PropertyValue& value) {
    if (kind == MetadataKind::Text) {
      EnvoyBuffer text;
      if (!Text(where..., of, key, &text)) return false;
      value = text.view();
    } else if (kind == MetadataKind::Number) {
      double number = 0;
      if (!Number(where..., of, key, &number)) return false;
      value = number;
    } else {
      bool truth = false;
      if (!Truth(where..., of, key, &truth)) return false;
      value = truth;
    }
    return true;
  };
  return MetadataKinds::here().read(source, of, key, ask);
}

}  // namespace weir::envoy_plane
