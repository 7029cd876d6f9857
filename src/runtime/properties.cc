#include "runtime/properties.h"

#include <algorithm>
#include <array>

#include "abi/map_codec.h"
#include "runtime/property.h"
#include "runtime/property_names.h"
#include "runtime/vm.h"

namespace weir::runtime {

using abi::MapType;
using abi::Status;

namespace {

// Paths of more bytes or segments name nothing: so what one costs is bounded. Headers' names are
// the longest that there may be.
constexpr size_t kMaxPathBytes = 64 * 1024;
constexpr size_t kMaxPathSegments = 64;

// Header maps, one value of which is a property under the map's name and the header's.
struct NamedMap {
  std::string_view prefix;
  MapType map;
};
constexpr std::array kMaps{
    NamedMap{"request.headers.", MapType::RequestHeaders},
    NamedMap{"response.headers.", MapType::ResponseHeaders},
    NamedMap{"response.trailers.", MapType::ResponseTrailers},
};

template <typename T>
Status give(abi::ValueSink sink, T value) {
  return sink(std::as_bytes(std::span(&value, 1)));
}

// The encoding of a value, by its type.
struct Encoder {
  abi::ValueSink sink;

  Status operator()(std::monostate) const { return Status::NotFound; }
  Status operator()(std::string_view text) const { return sink(as_bytes(text)); }
  Status operator()(const std::string& text) const { return sink(as_bytes(text)); }
  Status operator()(bool value) const { return give<uint8_t>(sink, value ? 1 : 0); }
  Status operator()(int64_t value) const { return give(sink, value); }
  Status operator()(uint64_t value) const { return give(sink, value); }
  Status operator()(double value) const { return give(sink, value); }
  Status operator()(Timestamp value) const { return give(sink, value.nanoseconds); }
  Status operator()(Duration value) const { return give(sink, value.nanoseconds); }
  Status operator()(const PropertyMap& map) const {
    return sink(as_bytes(abi::encode_property_map(map)));
  }
  Status operator()(const PropertyList& list) const {
    return sink(as_bytes(abi::encode_property_list(list)));
  }
};

// A path with '.' between its segments; one that is short enough to be known lies here.
class DottedName {
 public:
  explicit DottedName(std::string_view path) {
    if (path.size() > here_.size()) {
      longer_ = path;
      std::ranges::replace(longer_, '\0', '.');
      name_ = longer_;
    } else {
      path.copy(here_.data(), path.size());
      // All of it and each alike: so that takes a few vector instructions.
      for (char& c : here_) c = c == '\0' ? '.' : c;
      name_ = {here_.data(), path.size()};
    }
  }
  DottedName(const DottedName&) = delete;
  DottedName& operator=(const DottedName&) = delete;

  std::string_view view() const { return name_; }

 private:
  std::array<char, kLongestPropertyName> here_{};
  std::string longer_;
  std::string_view name_;
};

// What the plane knows by the path's segments.
PropertyValue plane_property(const StreamInfo& stream, std::string_view path) {
  std::array<std::string_view, kMaxPathSegments> segments;
  size_t count = 0;
  while (count < segments.size()) {
    const size_t end = path.find('\0');
    segments[count++] = path.substr(0, end);
    if (end == std::string_view::npos)
      return stream.plane_property(std::span(segments).first(count));
    path.remove_prefix(end + 1);
  }
  return std::monostate();
}

std::string_view plugin_property(const Plugin& plugin, PluginProperty property) {
  switch (property) {
    case PluginProperty::Name:
      return plugin.options().name;
    case PluginProperty::RootId:
      return plugin.options().root_id;
    case PluginProperty::VmId:
      return plugin.vm()->options().vm_id;
  }
  return {};
}

Status plane_wide_property(const Plugin& plugin, std::string_view path, abi::ValueSink sink) {
  constexpr std::string_view kPrefix("xds\0node", 8);
  if (path.starts_with(kPrefix)) path.remove_prefix(4);
  const auto& properties = plugin.options().properties;
  const auto found = properties.find(path);
  return found == properties.end() ? Status::NotFound : sink(as_bytes(found->second));
}

std::optional<std::string_view> request_header(HttpStream& http, std::string_view name) {
  const abi::HeaderMap* headers = http.header_map(MapType::RequestHeaders);
  return headers == nullptr ? std::nullopt : headers->find(name);
}

std::optional<std::string_view> path_part(HttpStream& http, PathPart part) {
  auto path = request_header(http, ":path");
  if (!path) return std::nullopt;
  const std::string_view target = path->substr(0, path->find('#'));
  const size_t mark = target.find('?');
  if (part == PathPart::UrlPath) return target.substr(0, mark);
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

Status give_text(abi::ValueSink sink, std::optional<std::string_view> text) {
  return text ? sink(as_bytes(*text)) : Status::NotFound;
}

// The value of a property that is known by its name. Empty: there is no such source here, and the
// name may be another's.
struct KnownValue {
  const PropertySources& sources;
  abi::ValueSink sink;

  std::optional<Status> operator()(std::monostate) const { return std::nullopt; }
  std::optional<Status> operator()(PluginProperty property) const {
    return sink(as_bytes(plugin_property(sources.plugin, property)));
  }
  std::optional<Status> operator()(Attribute attribute) const {
    if (sources.stream == nullptr) return std::nullopt;
    return std::visit(Encoder{sink}, sources.stream->attribute(attribute));
  }
  std::optional<Status> operator()(HeaderProperty named) const {
    if (sources.http == nullptr) return std::nullopt;
    return found(give_text(sink, request_header(*sources.http, named.header)));
  }
  std::optional<Status> operator()(PathPart part) const {
    if (sources.http == nullptr) return std::nullopt;
    return found(give_text(sink, path_part(*sources.http, part)));
  }
  std::optional<Status> operator()(MapType type) const {
    const abi::HeaderMap* map = sources.http == nullptr ? nullptr : sources.http->header_map(type);
    if (map == nullptr) return std::nullopt;
    return sink(as_bytes(abi::encode_property_map(*map)));
  }

  static std::optional<Status> found(Status status) {
    return status == Status::NotFound ? std::nullopt : std::optional(status);
  }
};

// "request.headers.NAME" and its like.
Status one_header(HttpStream& http, std::string_view name, abi::ValueSink sink) {
  for (const NamedMap& named : kMaps) {
    if (!name.starts_with(named.prefix)) continue;
    const abi::HeaderMap* map = http.header_map(named.map);
    if (map == nullptr) continue;
    return give_text(sink, map->find(name.substr(named.prefix.size())));
  }
  return Status::NotFound;
}

Status filter_state_property(const FilterState& state, std::string_view name, abi::ValueSink sink) {
  // What plugins set is in Envoy's filter state under "wasm."; both names read it.
  for (std::string_view prefix : {"filter_state.wasm.", "filter_state."}) {
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  }
  const FilterState::Entry* entry = state.find(name);
  return entry == nullptr ? Status::NotFound : sink(as_bytes(entry->value));
}

}  // namespace

Status get_property(const PropertySources& sources, std::string_view path, abi::ValueSink sink) {
  if (path.size() > kMaxPathBytes) return Status::NotFound;
  // The sink runs the guest, which may move the memory that `path` lies in: it is not read after.
  const DottedName dotted(path);
  const std::string_view name = dotted.view();
  if (const auto status = std::visit(KnownValue{sources, sink}, find_property(name))) {
    return *status;
  }
  Status status = Status::NotFound;
  if (sources.http != nullptr) status = one_header(*sources.http, name, sink);
  if (status == Status::NotFound) status = plane_wide_property(sources.plugin, path, sink);
  if (status == Status::NotFound) status = filter_state_property(sources.filter_state, name, sink);
  if (status == Status::NotFound && sources.stream != nullptr) {
    status = std::visit(Encoder{sink}, plane_property(*sources.stream, path));
  }
  return status;
}

Status set_property(FilterState& filter_state, const PropertyDeclarations& declarations,
                    std::string_view path, std::string_view value) {
  if (path.size() > kMaxPathBytes) return Status::BadArgument;
  const DottedName name(path);
  return filter_state.set(name.view(), value, declarations.find(name.view()));
}

}  // namespace weir::runtime
