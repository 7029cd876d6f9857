#include "planes/ats/files/plugin_file.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <memory>
#include <set>
#include <variant>

#include "base/lower_case.h"
#include "config/document.h"
#include "config/message_reader.h"
#include "config/plugin_reader.h"
#include "config/scalars.h"
#include "config/source_map.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::ats_plane {
namespace {

using config::Node;
using config::Place;
using ::envoy::extensions::wasm::v3::PluginConfig;
using Entry = Node::Entry;

constexpr std::string_view kText = "type.googleapis.com/google.protobuf.StringValue";
constexpr std::string_view kJson = "type.googleapis.com/google.protobuf.Struct";
constexpr std::string_view kMaxBody = "max_request_body_bytes";
// As much as the server can be told of.
constexpr uint64_t kMostBytes = std::numeric_limits<int64_t>::max();

// Values that take the place of others in a document, and live as long.
class Rewriter {
 public:
  // `configuration: text` means a text, one of fields their JSON, and `allowed_capabilities:
  // [name]` means that name without more: elsewhere they are an Any and a map. Texts may look like
  // numbers, and words for true and false be texts, as Traffic Server's own plugin takes them.
  const Node& plugin(const Node& node) {
    return with_entries(node, [this](Entry entry) {
      if (is_one_of(entry.key, {"vm_config", "vmConfig"})) entry.value = &vm(*entry.value);
      if (is_one_of(entry.key, {"name", "root_id", "rootId"})) entry.value = &text(*entry.value);
      if (is_one_of(entry.key, {"fail_open", "failOpen"})) entry.value = &truth(*entry.value);
      return shorthands(entry);
    });
  }

  // The same of the plugin in a weir.v1.PluginOptions.
  const Node& options(const Node& node) {
    return with_entries(node, [this](Entry entry) {
      if (entry.key == "plugin") entry.value = &plugin(*entry.value);
      return entry;
    });
  }

  // Without the entries of that name.
  const Node& without(const Node& node, std::string_view key) {
    Node& copy = nodes_.emplace_back(node);
    std::erase_if(copy.entries, [&](const Entry& entry) { return entry.key == key; });
    return copy;
  }

 private:
  static bool is_one_of(std::string_view key, std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, key) != names.end();
  }

  template <typename Change>
  const Node& with_entries(const Node& node, Change change) {
    if (node.kind != Node::Kind::Map) return node;
    Node& copy = nodes_.emplace_back(node);
    for (Entry& entry : copy.entries) entry = change(entry);
    return copy;
  }

  const Node& vm(const Node& node) {
    return with_entries(node, [this](Entry entry) {
      if (is_one_of(entry.key, {"vm_id", "vmId", "runtime"})) entry.value = &text(*entry.value);
      if (is_one_of(entry.key, {"allow_precompiled", "allowPrecompiled"})) {
        entry.value = &truth(*entry.value);
      }
      if (is_one_of(entry.key, {"environment_variables", "environmentVariables"})) {
        entry.value = &environment(*entry.value);
      }
      return shorthands(entry);
    });
  }

  const Node& environment(const Node& node) {
    return with_entries(node, [this](Entry entry) {
      if (!is_one_of(entry.key, {"key_values", "keyValues"})) return entry;
      entry.value = &with_entries(*entry.value, [this](Entry pair) {
        pair.value = &text(*pair.value);
        return pair;
      });
      return entry;
    });
  }

  // "on" and 5 are texts here, too.
  const Node& text(const Node& node) {
    if (node.kind != Node::Kind::Scalar || !node.plain) return node;
    Node& copy = nodes_.emplace_back(node);
    copy.plain = false;
    return copy;
  }

  const Node& truth(const Node& node) {
    if (node.kind != Node::Kind::Scalar) return node;
    const std::string word = lower_case(node.text);
    const bool is_true = is_one_of(word, {"true", "yes", "on", "y"});
    if (!is_true && !is_one_of(word, {"false", "no", "off", "n"})) return node;
    Node& copy = nodes_.emplace_back(node);
    copy.plain = true;
    copy.text = is_true ? "true" : "false";
    return copy;
  }

  Entry shorthands(Entry entry) {
    if (entry.key == "configuration" && entry.value->kind == Node::Kind::Scalar) {
      entry.value = &any(kText, text(*entry.value));
    } else if (entry.key == "configuration" && entry.value->kind == Node::Kind::Map &&
               entry.value->find("@type") == nullptr) {
      entry.value = &any(kJson, *entry.value);
    } else if (is_one_of(entry.key,
                         {"capability_restriction_config", "capabilityRestrictionConfig"})) {
      entry.value = &capabilities(*entry.value);
    }
    return entry;
  }

  const Node& any(std::string_view type_url, const Node& value) {
    Node& type = nodes_.emplace_back();
    type.kind = Node::Kind::Scalar;
    type.mark = value.mark;
    type.text = type_url;
    Node& any = nodes_.emplace_back();
    any.kind = Node::Kind::Map;
    any.mark = value.mark;
    any.entries = {{"@type", value.mark, &type}, {"value", value.mark, &value}};
    return any;
  }

  const Node& capabilities(const Node& restriction) {
    return with_entries(restriction, [this](Entry entry) {
      if (is_one_of(entry.key, {"allowed_capabilities", "allowedCapabilities"}) &&
          entry.value->kind == Node::Kind::Sequence) {
        entry.value = &map_of(*entry.value);
      }
      return entry;
    });
  }

  const Node& map_of(const Node& list) {
    Node& map = nodes_.emplace_back();
    map.kind = Node::Kind::Map;
    map.mark = list.mark;
    for (const Node* item : list.items) {
      Node& nothing = nodes_.emplace_back();
      nothing.kind = Node::Kind::Map;
      nothing.mark = item->mark;
      map.entries.push_back({item->text, item->mark, &nothing});
    }
    return map;
  }

  std::deque<Node> nodes_;
};

// The entry of one of these names; null: none.
const Entry* find_entry(const Node& node, std::initializer_list<std::string_view> names) {
  if (node.kind != Node::Kind::Map) return nullptr;
  for (const std::string_view name : names) {
    if (const Entry* entry = node.find(name)) return entry;
  }
  return nullptr;
}

// Of a list of names, which becomes a map: that has no place for what is no name, or comes twice.
Done check_capability_list(const Node& list, const Place& at, config::SourceMap& map) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < list.items.size(); ++i) {
    const Node& item = *list.items[i];
    const Place here = at.item(i);
    map.record(here.path(), item.mark);
    if (item.kind != Node::Kind::Scalar || item.text.empty()) {
      return here.error("is no name of a capability; write that of a function, as proxy_log");
    }
    if (!names.insert(item.text).second) {
      return here.error(config::quote(item.text) + " is given twice; keep one");
    }
  }
  return Unit{};
}

// Of a plugin, or of the `vm_config` in it.
Done check_capabilities(const Node& holder, const Place& at, config::SourceMap& map) {
  const Entry* restriction =
      find_entry(holder, {"capability_restriction_config", "capabilityRestrictionConfig"});
  if (restriction == nullptr) return Unit{};
  const Entry* list =
      find_entry(*restriction->value, {"allowed_capabilities", "allowedCapabilities"});
  if (list == nullptr || list->value->kind != Node::Kind::Sequence) return Unit{};
  return check_capability_list(
      *list->value, at.field("capability_restriction_config").field("allowed_capabilities"), map);
}

Done check_lists(const Node& plugin, const Place& at, config::SourceMap& map) {
  WEIR_TRY(check_capabilities(plugin, at, map));
  const Entry* vm = find_entry(plugin, {"vm_config", "vmConfig"});
  if (vm == nullptr) return Unit{};
  return check_capabilities(*vm->value, at.field("vm_config"), map);
}

bool says_policy(const Node& plugin) {
  constexpr std::string_view kNames[] = {"fail_open", "failOpen", "failure_policy",
                                         "failurePolicy"};
  return std::ranges::any_of(kNames,
                             [&](std::string_view name) { return plugin.find(name) != nullptr; });
}

Done read_clusters(const Entry& clusters, config::SourceMap& map, PluginFile& into) {
  const Place at = Place(map).field("clusters");
  map.record(at.path(), clusters.mark);
  if (clusters.value->kind != Node::Kind::Map) {
    return at.error(
        "is not a map; write the URL of each upstream under its name: "
        "{auth: \"http://127.0.0.1:8080\"}");
  }
  for (const Entry& entry : clusters.value->entries) {
    const Place place = at.entry(entry.key);
    map.record(place.path(), entry.mark);
    if (entry.value->kind != Node::Kind::Scalar) return place.error("is not a URL");
    auto cluster = config::make_cluster(std::string(entry.key), entry.value->text);
    if (!cluster.ok()) return place.error(cluster.error().message);
    into.clusters.emplace(entry.key, std::move(cluster).value());
  }
  return Unit{};
}

Done read_max_body(const Entry& entry, config::SourceMap& map, PluginFile& into) {
  const Place at = Place(map).field(kMaxBody);
  map.record(at.path(), entry.mark);
  const auto value = config::parse_integer(entry.value->text);
  if (entry.value->kind != Node::Kind::Scalar || !value || value->negative) {
    return at.error("is no number of bytes; write 16777216 for the default, 16 MiB");
  }
  if (value->magnitude == 0 || value->magnitude > kMostBytes) {
    return at.error("is " + std::to_string(value->magnitude) + "; it may be 1 to " +
                    std::to_string(kMostBytes) +
                    ". Requests without a body pass, whatever it is, and so do all bodies where no "
                    "plugin has a callback for them");
  }
  into.max_request_body_bytes = value->magnitude;
  return Unit{};
}

template <typename Message>
Result<config::PluginSettings> read_plugin(const Node& node, const Place& at,
                                           config::SourceMap& map) {
  Message message;
  config::MessageReader reader(map);
  WEIR_TRY(reader.read(node, message, at));
  return config::make_plugin_settings(message, at, config::process_environment());
}

// A cluster of the file is that of its code, too.
void find_cluster_of_code(PluginFile& file) {
  auto* remote = std::get_if<config::RemoteFile>(&file.plugin.vm.code);
  if (remote == nullptr) return;
  const auto found = file.clusters.find(remote->cluster);
  if (found == file.clusters.end()) return;
  remote->route.cluster = std::make_shared<const config::Cluster>(found->second);
}

}  // namespace

Result<PluginFile> read_plugin_file(std::string_view text, const std::string& name) {
  WEIR_TRY(const config::Document document, config::parse_document(text, name));
  config::SourceMap map(name);
  const Place top(map);
  if (document.empty() || document.root().kind != Node::Kind::Map) {
    return top.error("names no plugin; write a `config:` with name and vm_config in it");
  }
  const Node& root = document.root();
  if (const Entry* ports = root.find("tcp")) {
    return map.error(ports->mark, "tcp: ports are named in files of plugin.config alone");
  }
  PluginFile file;
  Rewriter rewriter;
  const Node& rest = rewriter.without(rewriter.without(root, "clusters"), kMaxBody);
  if (const Entry* clusters = root.find("clusters")) {
    WEIR_TRY(read_clusters(*clusters, map, file));
  }
  if (const Entry* bytes = root.find(kMaxBody)) WEIR_TRY(read_max_body(*bytes, map, file));

  if (const Entry* plugin = rest.find("plugin")) {
    file.policy_is_absent = !says_policy(*plugin->value);
    WEIR_TRY(check_lists(*plugin->value, top.field("plugin"), map));
    WEIR_TRY(file.plugin, read_plugin<v1::PluginOptions>(rewriter.options(rest), top, map));
  } else if (const Entry* config = rest.find("config")) {
    for (const Entry& entry : rest.entries) {
      if (entry.key == "config") continue;
      return map.error(entry.mark,
                       std::string(entry.key) +
                           ": unknown field; beside 'config' there may be 'clusters' and '" +
                           std::string(kMaxBody) + "'");
    }
    file.policy_is_absent = !says_policy(*config->value);
    const Place at = top.field("config");
    map.record(at.path(), config->mark);
    WEIR_TRY(check_lists(*config->value, at, map));
    WEIR_TRY(file.plugin, read_plugin<PluginConfig>(rewriter.plugin(*config->value), at, map));
  } else {
    file.policy_is_absent = !says_policy(rest);
    WEIR_TRY(check_lists(rest, top, map));
    WEIR_TRY(file.plugin, read_plugin<PluginConfig>(rewriter.plugin(rest), top, map));
  }
  find_cluster_of_code(file);
  return file;
}

}  // namespace weir::ats_plane
