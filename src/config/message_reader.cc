#include "config/message_reader.h"

#include <google/protobuf/any.pb.h>

#include <set>
#include <string>
#include <vector>

#include "base/suggestion.h"
#include "config/field_value.h"
#include "config/known_types.h"
#include "config/requirements.h"
#include "config/unsupported_fields.h"
#include "config/well_known.h"
#include "config/wire_form.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;

constexpr std::string_view kTypeKey = "@type";

// Of a plugin's configuration, which many write as it is.
constexpr std::string_view kWrittenAsText =
    "; write {\"@type\": type.googleapis.com/google.protobuf.StringValue, value: the text}";
constexpr std::string_view kWrittenAsJson =
    "'@type' is missing; write type.googleapis.com/google.protobuf.Struct there, and what the "
    "plugin "
    "is to get as JSON under 'value'";

const pb::FieldDescriptor* find_field(const pb::Descriptor& type, std::string_view name) {
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor* field = type.field(i);
    if (field->name() == name || field->json_name() == name) return field;
  }
  return nullptr;
}

std::vector<std::string> field_names(const pb::Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

bool is_any(const pb::Descriptor& type) { return type.full_name() == "google.protobuf.Any"; }

// A type that is known by its name alone, with its content as JSON (in xDS's older and newer name).
bool is_typed_struct(std::string_view url) {
  return url.ends_with("/udpa.type.v1.TypedStruct") || url.ends_with("/xds.type.v3.TypedStruct");
}

bool is_value(const pb::Descriptor& type) { return type.full_name() == "google.protobuf.Value"; }

bool is_message(const pb::FieldDescriptor& field) {
  return field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
}

// The one of a oneof that is set already, where `field` would be the second.
const pb::FieldDescriptor* find_rival(const pb::Message& message,
                                      const pb::FieldDescriptor& field) {
  const pb::OneofDescriptor* oneof = field.real_containing_oneof();
  if (oneof == nullptr) return nullptr;
  return message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
}

// An Any that may have no message in it: that of a plugin's configuration is as if it were not
// there, others say something by being there.
bool may_hold_nothing(const pb::FieldDescriptor& field) {
  return is_plugins_own(field) || field.full_name() == "envoy.config.route.v3.FilterConfig.config";
}

}  // namespace

Done MessageReader::read(const Node& node, Message& into, const Place& at) {
  const pb::Descriptor& type = *into.GetDescriptor();
  if (is_any(type)) return read_any(node, into, at);
  if (is_well_known(type)) return read_well_known(node, into, at);
  if (node.kind != Node::Kind::Map) return mismatch(at, "a mapping of fields", node);
  return read_fields(node, into, at, TypeKey::Unknown);
}

Done MessageReader::read_fields(const Node& node, Message& into, const Place& at,
                                TypeKey type_key) {
  const pb::Descriptor& type = *into.GetDescriptor();
  std::set<const Field*> seen;
  for (const Node::Entry& entry : node.entries) {
    if (entry.key == kTypeKey && type_key == TypeKey::Skipped) continue;
    Place here = enter(entry, at);
    const Field* field = find_field(type, entry.key);
    if (field == nullptr) {
      if (const auto* unsupported = find_unsupported(type, entry.key)) {
        return here.error(unsupported->why);
      }
      return here.error("unknown field; " + suggest(entry.key, field_names(type)));
    }
    if (!seen.insert(field).second) {
      return here.error("given twice, as '" + field->name() + "' and as '" + field->json_name() +
                        "'");
    }
    // Later errors know the field by its own name.
    here = at.field(field->name());
    map_.record(here.path(), entry.mark);
    WEIR_TRY(read_field(*entry.value, into, *field, here));
  }
  return check_requirements(into, at);
}

Done MessageReader::read_field(const Node& node, Message& into, const Field& field,
                               const Place& at) {
  if (node.kind == Node::Kind::Null && !takes_null(field)) return Unit{};
  if (field.is_map()) return read_map(node, into, field, at);
  if (field.is_repeated()) return read_list(node, into, field, at);
  if (const Field* rival = find_rival(into, field)) {
    return at.error("both '" + rival->name() + "' and '" + field.name() + "' are set; keep one");
  }
  if (!is_message(field)) return set_value(node, into, field, at);
  Message& part = *into.GetReflection()->MutableMessage(&into, &field);
  if (may_hold_nothing(field) && node.kind == Node::Kind::Map && node.entries.empty()) {
    return Unit{};
  }
  return read(node, part, at);
}

Done MessageReader::read_list(const Node& node, Message& into, const Field& field,
                              const Place& at) {
  // One item may stand for a list of it (Envoy's rule).
  if (node.kind != Node::Kind::Sequence) return read_item(node, into, field, at.item(0));
  for (size_t i = 0; i < node.items.size(); ++i) {
    WEIR_TRY(read_item(*node.items[i], into, field, at.item(i)));
  }
  return Unit{};
}

Done MessageReader::read_item(const Node& node, Message& into, const Field& field,
                              const Place& at) {
  map_.record(at.path(), node.mark);
  if (!is_message(field)) return set_value(node, into, field, at);
  return read(node, *into.GetReflection()->AddMessage(&into, &field), at);
}

Done MessageReader::read_map(const Node& node, Message& into, const Field& field, const Place& at) {
  if (node.kind != Node::Kind::Map) return mismatch(at, "a mapping", node);
  const Field& key_field = *field.message_type()->map_key();
  const Field& value_field = *field.message_type()->map_value();
  for (const Node::Entry& entry : node.entries) {
    Place here = at.entry(entry.key);
    map_.record(here.path(), entry.mark);
    Message& pair = *into.GetReflection()->AddMessage(&into, &field);
    WEIR_TRY(set_key(entry.key, pair, key_field, here));
    if (!is_message(value_field)) {
      WEIR_TRY(set_value(*entry.value, pair, value_field, here));
      continue;
    }
    WEIR_TRY(read(*entry.value, *pair.GetReflection()->MutableMessage(&pair, &value_field), here));
  }
  return Unit{};
}

Done MessageReader::read_any(const Node& node, Message& into, const Place& at) {
  const bool is_configuration = at.path().ends_with("configuration");
  if (node.kind != Node::Kind::Map) {
    Error error = mismatch(at, "a mapping with '@type'", node);
    if (is_configuration) error.message += kWrittenAsText;
    return error;
  }
  const Node::Entry* type = node.find(kTypeKey);
  if (type == nullptr || type->value->kind != Node::Kind::Scalar) {
    return at.error(is_configuration
                        ? std::string(kWrittenAsJson)
                        : "'@type' is missing; write the type's URL, as type.googleapis.com/" +
                              known_types().front());
  }
  if (!is_configuration && is_typed_struct(type->value->text))
    return read_typed_struct(node, into, at);
  const std::string& url = type->value->text;
  auto message = make_message(url);
  if (message == nullptr) {
    return unknown_type(url, enter(*type, at),
                        is_configuration ? TypeOf::Configuration : TypeOf::Extension);
  }
  WEIR_TRY(read_any_content(node, *message, at));

  auto& any = *pb::DynamicCastToGenerated<pb::Any>(&into);
  any.set_type_url(url);
  any.set_value(to_wire_form(*message));
  return Unit{};
}

// Envoy reads it as if its `value` stood beside an '@type' of its `type_url`, which may lack a
// host.
Done MessageReader::read_typed_struct(const Node& node, Message& into, const Place& at) {
  const Node::Entry* type = nullptr;
  const Node::Entry* value = nullptr;
  for (const Node::Entry& entry : node.entries) {
    if (entry.key == kTypeKey) continue;
    const bool is_url = entry.key == "type_url" || entry.key == "typeUrl";
    if (!is_url && entry.key != "value") {
      return enter(entry, at).error(
          "unknown field; " + suggest(entry.key, std::vector<std::string>{"type_url", "value"}));
    }
    const Node::Entry*& known = is_url ? type : value;
    if (known != nullptr) return enter(entry, at).error("given twice");
    known = &entry;
  }
  if (type == nullptr || type->value->kind != Node::Kind::Scalar) {
    return at.error("'type_url' is missing; write the URL of the type that 'value' is of");
  }
  std::string url = type->value->text;
  if (url.find('/') == std::string::npos) url = "type.googleapis.com/" + url;
  auto message = make_message(url);
  if (message == nullptr) return unknown_type(url, enter(*type, at));
  if (value != nullptr && value->value->kind != Node::Kind::Null) {
    // Readers of the message know its fields by their own paths.
    WEIR_TRY(read(*value->value, *message, at));
  } else {
    WEIR_TRY(check_requirements(*message, at));
  }
  auto& any = *pb::DynamicCastToGenerated<pb::Any>(&into);
  any.set_type_url(url);
  any.set_value(to_wire_form(*message));
  return Unit{};
}

// A well-known type has its own JSON form, which stands under "value", as does an Any within an
// Any; other messages' fields stand beside "@type". Without a value, or with null, the message is
// empty, as in Envoy.
Done MessageReader::read_any_content(const Node& any, Message& into, const Place& at) {
  const pb::Descriptor& type = *into.GetDescriptor();
  if (!is_well_known(type) && !is_any(type)) return read_fields(any, into, at, TypeKey::Skipped);
  const Node::Entry* value = nullptr;
  for (const Node::Entry& entry : any.entries) {
    if (entry.key == kTypeKey) continue;
    if (entry.key != "value") {
      return enter(entry, at).error("unknown field; the content of " + type.full_name() +
                                    " stands under 'value'");
    }
    value = &entry;
  }
  if (value == nullptr) return Unit{};
  const Node& content = *value->value;
  const Place here = enter(*value, at);
  const bool is_nothing = content.kind == Node::Kind::Null && !is_value(type);
  const bool no_message =
      is_any(type) && content.kind == Node::Kind::Map && content.entries.empty();
  return is_nothing || no_message ? Done(Unit{}) : read(content, into, here);
}

Place MessageReader::enter(const Node::Entry& entry, const Place& at) {
  Place here = at.field(entry.key);
  map_.record(here.path(), entry.mark);
  return here;
}

}  // namespace weir::config
