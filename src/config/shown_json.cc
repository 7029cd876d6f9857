#include "config/shown_json.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "base/shown_url.h"
#include "config/known_types.h"
#include "config/wire_form.h"
#include "weir/envoy/core.pb.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using SourceMessage = envoy::config::core::v3::DataSource;
using UriMessage = envoy::config::core::v3::HttpUri;

constexpr std::array<std::string_view, 3> kSecrets = {
    "envoy.extensions.transport_sockets.tls.v3.TlsCertificate.private_key",
    "envoy.extensions.transport_sockets.tls.v3.TlsCertificate.password",
    "weir.v1.Fetch.pull_secret"};

bool is_secret(const pb::FieldDescriptor& field) {
  for (const std::string_view name : kSecrets) {
    if (field.full_name() == name) return true;
  }
  return false;
}

void redact(pb::Message& message);

// Where they lie is no secret.
void redact_source(pb::Message& message) {
  auto& source = *pb::DynamicCastToGenerated<SourceMessage>(&message);
  if (source.has_inline_bytes() || source.has_inline_string()) {
    source.set_inline_string("[redacted]");
  }
}

void redact_any(pb::Any& any) {
  if (any.type_url().empty()) return any.Clear();
  const auto message = make_message(any.type_url());
  if (message == nullptr || !parse_wire_form(any.value(), *message)) {
    pb::BytesValue bytes;
    bytes.set_value(any.value());
    any.PackFrom(bytes);
    return;
  }
  redact(*message);
  any.set_value(to_wire_form(*message));
}

void redact(pb::Message& message) {
  if (auto* any = pb::DynamicCastToGenerated<pb::Any>(&message)) return redact_any(*any);
  // A user, a password and a query may let one in.
  if (auto* uri = pb::DynamicCastToGenerated<UriMessage>(&message)) {
    uri->set_uri(shown_url(uri->uri()));
  }
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      pb::Message& inner = *reflection.MutableMessage(&message, field);
      is_secret(*field) ? redact_source(inner) : redact(inner);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      redact(*reflection.MutableRepeatedMessage(&message, field, i));
    }
  }
}

}  // namespace

Result<std::string> to_shown_json(const pb::Message& message) {
  const std::unique_ptr<pb::Message> shown(message.New());
  shown->CopyFrom(message);
  redact(*shown);
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = pb::util::MessageToJsonString(*shown, &json, options);
  if (!status.ok()) {
    return Error{ErrorCode::BadConfig,
                 "the configuration has no JSON form: " + std::string(status.message())};
  }
  return json;
}

}  // namespace weir::config
