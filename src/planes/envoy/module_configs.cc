#include "planes/envoy/module_configs.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

#include "config/any_bytes.h"
#include "config/message_reader.h"
#include "planes/envoy/plugin_fields.h"
#include "planes/envoy/plugin_message.h"

namespace weir::envoy_plane {
namespace {

using config::Node;
using config::Place;

// The extensions of Envoy's that this module is.
struct Part {
  std::string_view type;
  std::string_view what;
  std::string_view name_field;
  std::string_view config_field;  // empty: it has no plugin
  bool is_service = false;
};

constexpr Part kParts[] = {
    {"envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter", "HTTP filter",
     "filter_name", "filter_config"},
    {"envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute",
     "a route's HTTP filter", "per_route_config_name", "filter_config"},
    {"envoy.extensions.filters.network.dynamic_modules.v3.DynamicModuleNetworkFilter",
     "network filter", "filter_name", "filter_config"},
    {"envoy.extensions.access_loggers.dynamic_modules.v3.DynamicModuleAccessLog", "access log",
     "logger_name", "logger_config"},
    {"envoy.extensions.bootstrap.dynamic_modules.v3.DynamicModuleBootstrapExtension", "service",
     "extension_name", "extension_config", true},
    {"envoy.extensions.clusters.dynamic_modules.v3.ClusterConfig", "cluster", "cluster_name", ""},
};

constexpr std::string_view kModuleName = "weir-envoy";
constexpr std::string_view kStruct = "google.protobuf.Struct";
constexpr std::string_view kWriteStruct =
    "; write a google.protobuf.Struct with the fields of a Wasm filter's `config` in its `value`";

// "filter_config" as "filterConfig".
std::string camel_case(std::string_view field) {
  std::string name;
  for (size_t i = 0; i < field.size(); ++i) {
    const bool turns = field[i] == '_' && i + 1 < field.size();
    if (turns) ++i;
    name +=
        turns ? static_cast<char>(std::toupper(static_cast<unsigned char>(field[i]))) : field[i];
  }
  return name;
}

const Node::Entry* find_field(const Node& node, std::string_view name) {
  if (node.kind != Node::Kind::Map) return nullptr;
  const Node::Entry* found = node.find(name);
  return found != nullptr ? found : node.find(camel_case(name));
}

std::string text_of(const Node& node, std::string_view field) {
  const Node::Entry* found = find_field(node, field);
  return found != nullptr && found->value->kind == Node::Kind::Scalar ? found->value->text : "";
}

// The full name of the message that a map with an "@type" is.
std::string_view type_of(const Node& node, std::string_view key = "@type") {
  const Node::Entry* type = find_field(node, key);
  if (type == nullptr || type->value->kind != Node::Kind::Scalar) return "";
  const std::string_view url = type->value->text;
  return url.substr(url.rfind('/') + 1);
}

// Its fields may stand in the `value` of a TypedStruct, with which control planes write what they
// do not know.
bool is_typed_struct(std::string_view type) {
  return type == "xds.type.v3.TypedStruct" || type == "udpa.type.v1.TypedStruct";
}

bool is_dynamic_module(std::string_view type) {
  return type.find(".dynamic_modules.v3.") != std::string_view::npos;
}

// By its name, or by the file that `module` names.
bool names_this_module(const Node& node) {
  if (node.kind == Node::Kind::Map) {
    return std::ranges::any_of(
        node.entries, [](const Node::Entry& entry) { return names_this_module(*entry.value); });
  }
  if (node.kind != Node::Kind::Scalar) return false;
  const std::string_view text = node.text;
  return text == kModuleName ||
         text.substr(text.rfind('/') + 1).starts_with("lib" + std::string(kModuleName));
}

class Finder {
 public:
  explicit Finder(config::SourceMap& map) : map_(map) {}

  void walk(const Node& node, const Place& at) {
    if (node.kind == Node::Kind::Sequence) {
      for (size_t i = 0; i < node.items.size(); ++i) {
        const Place item = at.item(i);
        map_.record(item.path(), node.items[i]->mark);
        walk(*node.items[i], item);
      }
    }
    if (node.kind != Node::Kind::Map) return;
    const std::string_view type = type_of(node);
    const Node::Entry* value = is_typed_struct(type) ? node.find("value") : nullptr;
    if (is_dynamic_module(type)) return take(node, type, at);
    if (value != nullptr && is_dynamic_module(type_of(node, "type_url"))) {
      return take(*value->value, type_of(node, "type_url"), enter(*value, at));
    }
    for (const Node::Entry& entry : node.entries) walk(*entry.value, enter(entry, at));
  }

  ModuleConfigs finish() && { return std::move(found_); }

 private:
  Place enter(const Node::Entry& entry, const Place& at) {
    Place here = at.field(entry.key);
    map_.record(here.path(), entry.mark);
    return here;
  }

  void take(const Node& node, std::string_view type, const Place& at) {
    const Node::Entry* module = find_field(node, "dynamic_module_config");
    if (module == nullptr || !names_this_module(*module->value)) {
      const std::string name = module == nullptr ? "" : text_of(*module->value, "name");
      found_.others.insert(name.empty() ? "?" : name);
      return;
    }
    const auto* part = std::ranges::find(kParts, type, &Part::type);
    if (part == std::end(kParts)) {
      found_.errors.push_back(
          at.error("Weir's module is no " + std::string(type) +
                   "; it is a filter of HTTP or of connections, an access logger, a bootstrap "
                   "extension and a cluster"));
      return;
    }
    if (part->config_field.empty()) return;
    auto service = read(*part, node, at);
    if (!service.ok()) {
      found_.errors.push_back(std::move(service).error());
      return;
    }
    found_.plugins.push_back(
        {std::move(service.value().plugin),
         std::string(part->what) + " '" + text_of(node, part->name_field) + "'"});
  }

  // As Envoy hands it to the module: a Struct as JSON, texts and bytes as they are, other messages
  // in protobuf. What is a tree is read from the file, for the places in it.
  Result<ServiceSettings> read(const Part& part, const Node& node, const Place& at) {
    const Node::Entry* field = find_field(node, part.config_field);
    if (field == nullptr) {
      return at.field(part.config_field).error("is missing" + std::string(kWriteStruct));
    }
    const Place here = at.field(part.config_field);
    map_.record(here.path(), field->mark);
    const Node& any = *field->value;
    const std::string_view type = type_of(any);
    if (type.empty()) return here.error("'@type' is missing" + std::string(kWriteStruct));
    if (type == kStruct) {
      const Node::Entry* value = any.find("value");
      if (value == nullptr || value->value->kind != Node::Kind::Map) {
        return here.error("has no `value` with fields in it" + std::string(kWriteStruct));
      }
      const Place inside = enter(*value, here);
      return part.is_service ? read_service_fields(*value->value, inside, map_)
                             : as_service(read_plugin_fields(*value->value, inside, map_));
    }
    if (type.starts_with("weir.")) {
      return here.error("Envoy does not know " + config::quote(type) +
                        "; write its fields into the `value` of a google.protobuf.Struct");
    }
    google::protobuf::Any message;
    WEIR_TRY(config::MessageReader(map_).read(any, message, here));
    WEIR_TRY(const std::string bytes, config::to_plugin_bytes(message, here));
    const std::string place = here.describe();
    const PluginText text{.field = place, .name = "", .bytes = bytes};
    return part.is_service ? read_service_settings(text) : as_service(read_plugin_settings(text));
  }

  static Result<ServiceSettings> as_service(Result<config::PluginSettings> plugin) {
    if (!plugin.ok()) return std::move(plugin).error();
    return ServiceSettings{.plugin = std::move(plugin).value()};
  }

  config::SourceMap& map_;
  ModuleConfigs found_;
};

}  // namespace

bool is_of_envoy(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Sequence:
      return std::ranges::any_of(node.items, [](const Node* item) { return is_of_envoy(*item); });
    case Node::Kind::Map:
      return is_dynamic_module(type_of(node)) || is_dynamic_module(type_of(node, "type_url")) ||
             std::ranges::any_of(
                 node.entries, [](const Node::Entry& entry) { return is_of_envoy(*entry.value); });
    default:
      return false;
  }
}

ModuleConfigs find_module_configs(const Node& root, config::SourceMap& map) {
  Finder finder(map);
  finder.walk(root, Place(map));
  return std::move(finder).finish();
}

}  // namespace weir::envoy_plane
