// Each field of the messages that plugins are described by ends in the settings: in a file that
// has all of them, another value of any makes other settings. A field that is read and forgotten
// fails here.

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/bootstrap.h"
#include "config/known_types.h"
#include "config/loader.h"
#include "config/wire_form.h"
#include "weir/envoy/bootstrap.pb.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using envoy::config::bootstrap::v3::Bootstrap;
using Field = pb::FieldDescriptor;

constexpr const char* kFile = R"(
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 80}}
    filter_chains:
    - filters:
      - name: network
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm
          config:
            name: a
            root_id: b
            fail_open: true
            configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: c}
            capability_restriction_config: {allowed_capabilities: {proxy_log: {}}}
            allow_on_headers_stop_iteration: true
            vm_config:
              vm_id: d
              runtime: e
              configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: f}
              allow_precompiled: true
              nack_on_code_cache_miss: true
              environment_variables: {host_env_keys: [WEIR_EVERY_FIELD], key_values: {A: b}}
              code: {local: {filename: a.wasm, watched_directory: {path: a, watch_modify: true}}}
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: a
          route_config: {virtual_hosts: [{name: a, domains: ["*"]}]}
          access_log:
          - name: log
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.wasm.v3.WasmAccessLog
              config: {name: a, vm_config: {code: {local: {inline_bytes: AAAA}}}}
          http_filters:
          - name: wasm
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                failure_policy: FAIL_OPEN
                reload_config: {backoff: {base_interval: 1s, max_interval: 5s}}
                vm_config:
                  capability_restriction_config: {allowed_capabilities: {proxy_log: {}}}
                  code: {local: {environment_variable: A}}
          - name: options
            typed_config:
              "@type": type.googleapis.com/weir.v1.PluginOptions
              unknown_imports: STUB
              isolation: STREAM
              limits:
                call_cpu_time: 1s
                start_cpu_time: 1s
                max_memory_bytes: 100000
                max_shared_data_bytes: 1
                max_queue_bytes: 1
                call_targets: ["a*"]
                max_stream_memory_bytes: 100000
              fetch:
                pull_secret: {inline_string: a}
                plain_http: true
                follow_redirects: true
                max_bytes: 1
              plugin:
                vm_config:
                  code:
                    remote:
                      sha256: "00000000000000000000000000000000000000000000000000000000000000ab"
                      http_uri: {uri: "oci://a/a", cluster: a, timeout: 1s}
                      retry_policy:
                        num_retries: 3
                        retry_back_off: {base_interval: 1s, max_interval: 5s}
          - name: router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
bootstrap_extensions:
- name: one
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.wasm.v3.WasmService
    singleton: true
    config: {vm_config: {code: {local: {filename: one.wasm}}}}
- name: two
  typed_config:
    "@type": type.googleapis.com/weir.v1.ServiceOptions
    singleton: true
    options: {plugin: {vm_config: {code: {local: {filename: two.wasm}}}}}
)";

// They say what Weir does anyway.
const std::set<std::string> kWithoutEffect = {"envoy.config.core.v3.WatchedDirectory.watch_modify"};

constexpr const char* kRoots[] = {
    "weir.v1.PluginOptions",
    "weir.v1.ServiceOptions",
    "envoy.extensions.wasm.v3.WasmService",
    "envoy.extensions.filters.http.wasm.v3.Wasm",
    "envoy.extensions.filters.network.wasm.v3.Wasm",
    "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
};

// All plugins, and whether each is a singleton.
using Plugins = std::vector<std::pair<PluginSettings, bool>>;

Plugins plugins_of(const ServeSettings& settings) {
  Plugins plugins;
  for (const Listener& listener : settings.listeners) {
    for (const FilterChain& chain : listener.chains) {
      for (const PluginSettings& plugin : chain.network_plugins)
        plugins.emplace_back(plugin, false);
      for (const PluginSettings& plugin : chain.plugins) plugins.emplace_back(plugin, false);
      for (const AccessLog& log : chain.access_logs) {
        plugins.emplace_back(std::get<PluginSettings>(log.to), false);
      }
    }
  }
  for (const Service& service : settings.services) {
    plugins.emplace_back(service.plugin, service.singleton);
  }
  return plugins;
}

// Changes one field after the other, and finds out which of them change what is read.
class Prober {
 public:
  explicit Prober(Bootstrap& file) : file_(file), as_it_is_(read().value()) {}

  void run() {
    probe(file_, [this] {
      const auto now = read();
      return now && *now != as_it_is_;
    });
  }

  // By their full names.
  const std::set<std::string>& effective() const { return effective_; }

 private:
  // Whether the file, as it has been changed, is read into other settings.
  using Changes = std::function<bool()>;

  std::optional<Plugins> read() const {
    const auto settings = load_bootstrap(to_wire_form(file_), "f.pb");
    if (!settings.ok()) return std::nullopt;
    return plugins_of(settings.value());
  }

  bool probe(pb::Message& message, const Changes& changes) {
    std::vector<const Field*> fields;
    message.GetReflection()->ListFields(message, &fields);
    bool any = false;
    for (const Field* field : fields) {
      bool effect = false;
      if (field->cpp_type() == Field::CPPTYPE_MESSAGE && !field->is_map()) {
        effect = probe_messages(message, *field, changes);
      }
      effect = try_values(message, *field, changes) || effect;
      if (effect) effective_.insert(field->full_name());
      any = any || effect;
    }
    return any;
  }

  bool probe_messages(pb::Message& message, const Field& field, const Changes& changes) {
    const pb::Reflection& reflection = *message.GetReflection();
    const int count = field.is_repeated() ? reflection.FieldSize(message, &field) : 1;
    bool any = false;
    for (int i = 0; i < count; ++i) {
      pb::Message& inner = field.is_repeated()
                               ? *reflection.MutableRepeatedMessage(&message, &field, i)
                               : *reflection.MutableMessage(&message, &field);
      auto* packed = pb::DynamicCastToGenerated<pb::Any>(&inner);
      const bool effect = packed == nullptr ? probe(inner, changes) : probe_any(*packed, changes);
      any = any || effect;
    }
    return any;
  }

  bool probe_any(pb::Any& any, const Changes& changes) {
    const auto content = make_message(any.type_url());
    EXPECT_TRUE(content != nullptr && parse_wire_form(any.value(), *content)) << any.type_url();
    const std::string before = any.value();
    const bool effect = probe(*content, [&] {
      any.set_value(to_wire_form(*content));
      return changes();
    });
    any.set_value(before);
    return effect;
  }

  // Without it, and with other values.
  static bool try_values(pb::Message& message, const Field& field, const Changes& changes) {
    const std::unique_ptr<pb::Message> before(message.New());
    before->CopyFrom(message);
    bool any = false;
    const auto attempt = [&](const std::function<void(const pb::Reflection&)>& change) {
      change(*message.GetReflection());
      const bool effect = changes();
      any = any || effect;
      message.CopyFrom(*before);
    };
    attempt([&](const pb::Reflection& r) {
      field.is_repeated() && !field.is_map() ? r.RemoveLast(&message, &field)
                                             : r.ClearField(&message, &field);
    });
    if (field.is_repeated()) return any;
    if (field.cpp_type() == Field::CPPTYPE_INT64) {
      attempt([&](const pb::Reflection& r) {
        r.SetInt64(&message, &field, r.GetInt64(message, &field) + 1);
      });
    }
    if (field.cpp_type() == Field::CPPTYPE_STRING) {
      attempt([&](const pb::Reflection& r) {
        std::string text = r.GetString(message, &field);
        text.back() = text.back() == 'a' ? 'b' : 'a';
        r.SetString(&message, &field, text);
      });
    }
    return any;
  }

  Bootstrap& file_;
  const Plugins as_it_is_;
  std::set<std::string> effective_;
};

void collect(const pb::Descriptor& type, std::set<const pb::Descriptor*>& into) {
  if (type.full_name().starts_with("google.") || !into.insert(&type).second) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const Field& field = *type.field(i);
    const pb::Descriptor* inner =
        field.is_map() ? field.message_type()->map_value()->message_type() : field.message_type();
    if (inner != nullptr) collect(*inner, into);
  }
}

// Of all messages that plugins are described by.
std::set<std::string> all_fields() {
  std::set<const pb::Descriptor*> types;
  for (const char* root : kRoots) {
    const auto message = make_message(std::string("type.googleapis.com/") + root);
    EXPECT_NE(message, nullptr) << root;
    if (message != nullptr) collect(*message->GetDescriptor(), types);
  }
  std::set<std::string> names;
  for (const pb::Descriptor* type : types) {
    for (int i = 0; i < type->field_count(); ++i) names.insert(type->field(i)->full_name());
  }
  return names;
}

TEST(EveryFieldTest, EndsInTheSettings) {
  ::setenv("WEIR_EVERY_FIELD", "set", 1);
  Bootstrap file;
  const Done loaded = load_message(kFile, "f.yaml", file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const auto settings = load_bootstrap(to_wire_form(file), "f.pb");
  ASSERT_TRUE(settings.ok()) << settings.error().message;

  Prober prober(file);
  prober.run();
  const std::set<std::string> all = all_fields();
  EXPECT_GT(all.size(), 50u);
  for (const std::string& field : all) {
    EXPECT_NE(prober.effective().contains(field), kWithoutEffect.contains(field)) << field;
  }
}

}  // namespace
}  // namespace weir::config
