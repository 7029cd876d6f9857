#include "scenario/stream_attributes.h"

#include "runtime/property_names.h"

namespace weir::scenario {

StreamAttributes::StreamAttributes(const Properties& of_world, const Properties& of_stream) {
  take(of_world);
  take(of_stream);
}

void StreamAttributes::take(const Properties& properties) {
  for (const auto& [name, value] : properties) {
    const runtime::KnownProperty known = runtime::find_property(name);
    if (const auto* attribute = std::get_if<runtime::Attribute>(&known)) {
      attributes_.insert_or_assign(*attribute, value);
    } else {
      others_.insert_or_assign(name, value);
    }
  }
}

runtime::PropertyValue StreamAttributes::find(runtime::Attribute attribute) const {
  const auto found = attributes_.find(attribute);
  return found == attributes_.end() ? runtime::PropertyValue() : found->second;
}

runtime::PropertyValue StreamAttributes::find(std::span<const std::string_view> path) const {
  std::string name;
  for (const std::string_view segment : path) {
    if (!name.empty()) name += '.';
    name += segment;
  }
  const auto found = others_.find(name);
  return found == others_.end() ? runtime::PropertyValue() : found->second;
}

}  // namespace weir::scenario
