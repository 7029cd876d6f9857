#pragma once
// Envoy's attributes of a stream, with the types that its Wasm filter gives them.

#include <span>
#include <string>
#include <string_view>

#include "planes/envoy/http_callbacks.h"
#include "planes/envoy/metadata_kinds.h"
#include "runtime/property.h"

namespace weir::envoy_plane {

// An attribute under the number that it has for Envoy.
struct KnownAttribute {
  // Envoy tells modules few texts that are empty; its Wasm filter gives some as such. What stands
  // behind Empty says where a text that is not told is empty.
  enum class Kind : uint8_t {
    Text,
    NeverEmpty,            // absent instead
    Empty,                 // everywhere
    EmptyOverTls,          // where the connection has TLS
    EmptyOverUpstreamTls,  // where the one to the upstream has it
    EmptyOnceRouted,       // where the upstream has been chosen
    Int,
    Uint,
    Bool,
  };

  runtime::Attribute attribute;
  AttributeId id;
  Kind kind;
};

// Null: it has none.
const KnownAttribute* find_known(runtime::Attribute attribute);

// By Envoy's functions for one kind of stream. Parameters and not arguments: they are bound when
// they are first called.
template <auto Text, auto Int>
bool is_empty_text(auto* stream, KnownAttribute::Kind kind) {
  using Kind = KnownAttribute::Kind;
  EnvoyBuffer text;
  uint64_t attempts = 0;
  switch (kind) {
    case Kind::Empty:
      return true;
    case Kind::EmptyOverTls:
      return Text(stream, AttributeId::ConnectionTlsVersion, &text);
    case Kind::EmptyOverUpstreamTls:
      return Text(stream, AttributeId::UpstreamTlsVersion, &text);
    case Kind::EmptyOnceRouted:
      return Int(stream, AttributeId::UpstreamRequestAttemptCount, &attempts) && attempts > 0;
    default:
      return false;
  }
}

template <auto Text, auto Int, auto Bool>
runtime::PropertyValue read_attribute(auto* stream, runtime::Attribute attribute) {
  const KnownAttribute* known = find_known(attribute);
  if (known == nullptr) return {};
  if (known->kind < KnownAttribute::Kind::Int) {
    EnvoyBuffer text;
    if (Text(stream, known->id, &text)) {
      if (known->kind == KnownAttribute::Kind::NeverEmpty && text.size == 0) return {};
      return text.view();
    }
    if (is_empty_text<Text, Int>(stream, known->kind)) return std::string_view();
    return {};
  }
  if (known->kind == KnownAttribute::Kind::Bool) {
    // Envoy says nothing where it is not so: of a connection without TLS.
    bool value = false;
    return Bool(stream, known->id, &value) && value;
  }
  uint64_t value = 0;
  if (!Int(stream, known->id, &value)) return {};
  if (known->kind == KnownAttribute::Kind::Uint) return value;
  return static_cast<int64_t>(value);
}

// Dynamic metadata by its path, "metadata.filter_metadata.FILTER.KEY", where that is a string,
// number or boolean.
template <auto Text, auto Number, auto Bool>
runtime::PropertyValue read_dynamic_metadata(auto* stream, std::span<const std::string_view> path) {
  if (path.size() != 4 || path[0] != "metadata" || path[1] != "filter_metadata") return {};
  return read_metadata<Text, Number, Bool>(static_cast<size_t>(MetadataSource::Dynamic), path[2],
                                           path[3], stream);
}

// "192.0.2.1:80", "[2001:db8::1]:80".
std::string address_with_port(std::string_view address, uint32_t port);

// No value: Envoy does not know it now, or does not tell modules. Text is valid until the stream
// goes on.
runtime::PropertyValue envoy_attribute(EnvoyHttpFilter* filter, runtime::Attribute attribute);

// Properties beyond the attributes: metadata, as far as a path leads to a string, number or
// boolean ("metadata.filter_metadata.FILTER.KEY", "xds.route_metadata.filter_metadata...").
runtime::PropertyValue envoy_property(EnvoyHttpFilter* filter,
                                      std::span<const std::string_view> path);

}  // namespace weir::envoy_plane
