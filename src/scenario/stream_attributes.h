#pragma once
// Properties of a stream, as a scenario gives them.

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "runtime/property.h"
#include "scenario/script.h"

namespace weir::scenario {

class StreamAttributes {
 public:
  // Those of the stream take the place of the scenario's; both outlive it.
  StreamAttributes(const Properties& of_world, const Properties& of_stream);

  // What the scenario says; nothing where it says nothing.
  runtime::PropertyValue find(runtime::Attribute attribute) const;
  // `path` has its segments in order.
  runtime::PropertyValue find(std::span<const std::string_view> path) const;

 private:
  void take(const Properties& properties);

  std::map<runtime::Attribute, runtime::PropertyValue> attributes_;
  std::map<std::string, runtime::PropertyValue, std::less<>> others_;
};

}  // namespace weir::scenario
