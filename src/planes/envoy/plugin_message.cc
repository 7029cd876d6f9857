#include "planes/envoy/plugin_message.h"

#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/plugin_reader.h"
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

bool parses_without_rest(Message& message, std::string_view bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && !has_rest(message);
}

bool has_vm(const PluginConfig& message) { return message.has_vm_config(); }
bool has_vm(const PluginOptions& message) { return has_vm(message.plugin()); }
bool has_vm(const WasmService& message) { return has_vm(message.config()); }
bool has_vm(const v1::ServiceOptions& message) { return has_vm(message.options()); }

// What protobuf can be: each message that leaves no rest and can be used, and why another that
// leaves none cannot. One that has a VM's fields tells more than one that has none.
template <typename Settings>
class Readings {
 public:
  explicit Readings(const std::string& name) : map_(name) {}

  // `make` is called with the message's settings.
  template <typename M, typename Make>
  void attempt(M message, std::string_view bytes, Make make) {
    if (bytes.size() > config::kMaxFileBytes || !parses_without_rest(message, bytes)) return;
    auto settings = settings_of(message, config::Place(map_));
    if (settings.ok()) {
      found_.push_back(make(message, std::move(settings).value()));
    } else if (!refusal_ || (has_vm(message) && !refused_vm_)) {
      refusal_ = std::move(settings).error();
      refused_vm_ = has_vm(message);
    }
  }

  // The only one, or `otherwise` where nothing tells more.
  Result<Settings> take(Error otherwise) {
    if (found_.size() == 1) return std::move(found_.front());
    if (found_.empty() && refusal_) return *std::move(refusal_);
    return otherwise;
  }

 private:
  config::SourceMap map_;
  std::vector<Settings> found_;
  std::optional<Error> refusal_;
  bool refused_vm_ = false;
};

bool is_text(std::string_view bytes) {
  return std::ranges::none_of(bytes, [](char c) {
    return static_cast<uint8_t>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
}

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
  readings.attempt(PluginConfig(), bytes, same);
  // In protobuf a Wasm message is one of these, too.
  readings.attempt(PluginOptions(), bytes, same);
  return readings.take(
      nothing_known(name, bytes, document, "PluginConfig, Wasm or weir.v1.PluginOptions"));
}

Result<ServiceSettings> read_service_settings(const PluginText& text) {
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
  readings.attempt(WasmService(), text.bytes, with_home);
  readings.attempt(v1::ServiceOptions(), text.bytes, with_home);
  return readings.take(
      nothing_known(name, text.bytes, document, "WasmService or weir.v1.ServiceOptions"));
}

}  // namespace weir::envoy_plane
