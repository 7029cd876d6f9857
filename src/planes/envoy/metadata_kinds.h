#pragma once
// Reading metadata of which Envoy does not tell the kind.

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "planes/envoy/dynamic_module.h"
#include "runtime/property.h"

namespace weir::envoy_plane {

enum class MetadataKind : uint8_t { List, Text, Number, Truth };

// What a value was when it was last read; of a list, its last element, too.
struct MetadataMemory {
  MetadataKind kind;
  MetadataKind element = MetadataKind::Text;
};

// Asks for a value as each of `kinds` until it is of one, which is put into `known`: as what it was
// before first. False: it is of none. `ask` says whether it is of a kind.
template <typename Ask>
bool find_metadata_kind(std::span<const MetadataKind> kinds, MetadataKind& known, Ask ask) {
  const MetadataKind before = known;
  if (ask(before)) return true;
  const auto found =
      std::ranges::find_if(kinds, [&](MetadataKind kind) { return kind != before && ask(kind); });
  if (found == kinds.end()) return false;
  known = *found;
  return true;
}

inline constexpr MetadataKind kMetadataKinds[] = {MetadataKind::List, MetadataKind::Text,
                                                  MetadataKind::Number, MetadataKind::Truth};

// Envoy writes an error into its log whenever a value is asked for as a text, a number or a boolean
// that it is not. So each is asked for as what it was when it was last read on this thread; one
// that is read first, as a list, which leaves no error, and then as a text. Another kind costs such
// lines, no more. Thread: the one that made it.
class MetadataKinds {
 public:
  // The present thread's.
  static MetadataKinds& here() {
    thread_local MetadataKinds kinds;
    return kinds;
  }

  // `ask` says whether the value is of the kind in the memory, and puts it there, if it can be
  // read. `of` and `key` name the value. `kinds` are those that can be asked for, the first one
  // first.
  template <typename Ask>
  runtime::PropertyValue read(size_t source, std::string_view of, std::string_view key,
                              std::span<const MetadataKind> kinds, Ask ask) {
    const std::hash<std::string_view> hash;
    const size_t number = (hash(of) * 31 + hash(key)) * 31 + source;
    // Values that fall on one place take turns.
    Known& known = known_[number % known_.size()];
    if (known.number != number) known = {number, {kinds.front()}};
    runtime::PropertyValue value;
    const bool found = find_metadata_kind(kinds, known.memory.kind, [&](MetadataKind kind) {
      return ask(kind, known.memory.element, value);
    });
    return found ? value : runtime::PropertyValue();
  }

 private:
  struct Known {
    size_t number = 0;
    MetadataMemory memory{MetadataKind::Text};
  };
  std::array<Known, 256> known_;
};

// The same by Envoy's functions for one kind of stream, which have no lists. Parameters and not
// arguments: they are bound when they are first called.
template <auto Text, auto Number, auto Truth>
bool read_plain_metadata(MetadataKind kind, runtime::PropertyValue& value, auto... where) {
  if (kind == MetadataKind::Text) {
    EnvoyBuffer text;
    if (!Text(where..., &text)) return false;
    value = text.view();
  } else if (kind == MetadataKind::Number) {
    double number = 0;
    if (!Number(where..., &number)) return false;
    value = number;
  } else {
    bool truth = false;
    if (!Truth(where..., &truth)) return false;
    value = truth;
  }
  return true;
}

template <auto Text, auto Number, auto Truth>
runtime::PropertyValue read_metadata(size_t source, std::string_view of, std::string_view key,
                                     auto... where) {
  return MetadataKinds::here().read(
      source, of, key, std::span(kMetadataKinds).subspan(1),
      [&](MetadataKind kind, MetadataKind&, runtime::PropertyValue& value) {
        return read_plain_metadata<Text, Number, Truth>(kind, value, where..., ModuleBuffer(of),
                                                        ModuleBuffer(key));
      });
}

}  // namespace weir::envoy_plane
