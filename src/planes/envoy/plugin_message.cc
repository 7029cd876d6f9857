#include "planes/envoy/plugin_message.h"

#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "config/binary_reader.h"
#include "config/document.h"
#include "config/plugin_checks.h"
#include "config/plugin_reader.h"
#include "config/source_map.h"
#include "config/wire_form.h"
#include "planes/envoy/plugin_fields.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"
#include "weir/v1/service_options.pb.h"

namespace weir::envoy_plane {
namespace {

using ::envoy::extensions::wasm::v3::PluginConfig;
using ::envoy::extensions::wasm::v3::WasmService;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using v1::PluginOptions;

Result<config::PluginSettings> settings_of(const PluginConfig& message, const config::Place& at) {
  return config::make_plugin_settings(message, at, config::process_environment());
}
Result<config::PluginSettings> settings_of(const PluginOptions& message, const config::Place& at) {
  return config::make_plugin_settings(message, at, config::process_environment());
}
Result<config::PluginSettings> settings_of(const WasmService& message, const config::Place& at) {
  return settings_of(message.config(), at.field("config"));
}
Result<config::PluginSettings> settings_of(const v1::ServiceOptions& message,
                                           const config::Place& at) {
  return settings_of(message.options(), at.field("options"));
}

// Whether a message holds fields that its type does not have.
bool has_rest(const Message& message) {
  const auto* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const Message& inner = field->is_repeated()
                                 ? reflection->GetRepeatedMessage(message, field, i)
                                 : reflection->GetMessage(message, field);
      if (has_rest(inner)) return true;
    }
  }
  return false;
}

bool has_vm(const PluginConfig& message) { return message.has_vm_config(); }
bool has_vm(const PluginOptions& message) { return has_vm(message.plugin()); }
bool has_vm(const WasmService& message) { return has_vm(message.config()); }
bool has_vm(const v1::ServiceOptions& message) { return has_vm(message.options()); }

bool is_text(std::string_view bytes) {
  return std::ranges::none_of(bytes, [](char c) {
    return static_cast<uint8_t>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
}

// What protobuf can be: each message that can be used, and why another cannot. One that has a VM's
// fields tells more than one that has none, or that leaves a rest.
template <typename Settings>
class Readings {
 public:
  explicit Readings(const std::string& name) : map_(name) {}

  // `make` is called with the message's settings.
  template <typename M, typename Make>
  void attempt(std::string_view bytes, Make make) {
    M guess;
    // A text has no VM's fields in protobuf: their tag is no character of one.
    if (is_text(bytes) || !config::parse_wire_form(bytes, guess)) return;
    if (has_rest(guess) && !has_vm(guess)) return;
    M message;
    auto settings = read(bytes, message);
    if (settings.ok()) {
      found_.push_back(make(message, std::move(settings).value()));
    } else if (!refusal_ || (has_vm(guess) && !refused_vm_)) {
      refusal_ = std::move(settings).error();
      refused_vm_ = has_vm(guess);
    }
  }

  // The only one, or `otherwise` where nothing tells more.
  Result<Settings> take(Error otherwise) {
    if (found_.size() == 1) return std::move(found_.front());
    if (found_.empty() && refusal_) return *std::move(refusal_);
    return otherwise;
  }

 private:
  // As strictly as a text.
  template <typename M>
  Result<config::PluginSettings> read(std::string_view bytes, M& into) {
    const config::Place at(map_);
    WEIR_TRY(config::read_binary(bytes, into, at));
    return settings_of(into, at);
  }

  config::SourceMap map_;
  std::vector<Settings> found_;
  std::optional<Error> refusal_;
  bool refused_vm_ = false;
};

// Of what is no message.
Error nothing_known(const std::string& name, std::string_view bytes,
                    Result<config::Document>& document, std::string_view messages) {
  const std::string remedy = "; write a google.protobuf.Struct";
  if (is_text(bytes) && !document.ok()) {
    Error error = std::move(document).error();
    error.message += remedy + ", or YAML or JSON";
    return error;
  }
  if (is_text(bytes)) {
    return Error{ErrorCode::BadConfig, name + ": is no map with the fields of a plugin" + remedy};
  }
  return Error{ErrorCode::BadConfig,
               name +
                   ": is neither JSON nor YAML with the fields of a plugin, nor without doubt a " +
                   std::string(messages) + " message" + remedy};
}

Result<std::string> place_of(const PluginText& text) {
  std::string name(text.field);
  if (!text.name.empty()) name += " of '" + std::string(text.name) + "'";
  if (!text.bytes.empty()) return name;
  return Error{ErrorCode::BadConfig,
               name +
                   ": is empty; write a google.protobuf.Struct with the fields of a Wasm "
                   "filter's `config` in it"};
}

}  // namespace

Result<config::PluginSettings> read_plugin_settings(const PluginText& text) {
  WEIR_TRY(const std::string name, place_of(text));
  const std::string_view bytes = text.bytes;
  auto document = config::parse_document(bytes, name);
  if (document.ok() && document.value().root().kind == config::Node::Kind::Map) {
    config::SourceMap map(name);
    return read_plugin_fields(document.value().root(), config::Place(map), map);
  }

  Readings<config::PluginSettings> readings(name);
  const auto same = [](const auto&, config::PluginSettings settings) { return settings; };
  readings.attempt<PluginConfig>(bytes, same);
  // In protobuf a Wasm message is one of these, too.
  readings.attempt<PluginOptions>(bytes, same);
  return readings.take(
      nothing_known(name, bytes, document, "PluginConfig, Wasm or weir.v1.PluginOptions"));
}

namespace {

Result<ServiceSettings> read_any_service(const PluginText& text) {
  WEIR_TRY(const std::string name, place_of(text));
  auto document = config::parse_document(text.bytes, name);
  if (document.ok() && document.value().root().kind == config::Node::Kind::Map) {
    config::SourceMap map(name);
    return read_service_fields(document.value().root(), config::Place(map), map);
  }

  Readings<ServiceSettings> readings(name);
  const auto with_home = [](const auto& message, config::PluginSettings settings) {
    return ServiceSettings{std::move(settings), message.singleton()};
  };
  readings.attempt<WasmService>(text.bytes, with_home);
  readings.attempt<v1::ServiceOptions>(text.bytes, with_home);
  return readings.take(
      nothing_known(name, text.bytes, document, "WasmService or weir.v1.ServiceOptions"));
}

}  // namespace

Result<ServiceSettings> read_service_settings(const PluginText& text) {
  WEIR_TRY(ServiceSettings service, read_any_service(text));
  if (service.singleton) WEIR_TRY(config::check_singleton_isolation(service.plugin));
  return service;
}

}  // namespace weir::envoy_plane
