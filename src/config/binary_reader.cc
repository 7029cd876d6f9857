#include "config/binary_reader.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/suggestion.h"
#include "config/document.h"
#include "config/known_types.h"
#include "config/requirements.h"
#include "config/unsupported_fields.h"
#include "config/well_known.h"
#include "config/wire_form.h"
#include "config/wire_shape.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

Done parse(std::string_view bytes, pb::Message& into, const Place& at) {
  if (parse_wire_form(bytes, into)) return Unit{};
  return at.error("the bytes are no " + into.GetDescriptor()->full_name());
}

// Looks at a parsed message, and at all in it. Its recursion is as deep as messages nest, which
// check_wire_shape() has bounded.
class Checker {
 public:
  Done check(const pb::Message& message, const Place& at) {
    const pb::Reflection& reflection = *message.GetReflection();
    const pb::UnknownFieldSet& unknown = reflection.GetUnknownFields(message);
    if (!unknown.empty()) {
      const int number = unknown.field(0).number();
      if (const auto* unsupported = find_unsupported(*message.GetDescriptor(), number)) {
        return at.field(unsupported->name).error(unsupported->why);
      }
      return at.error(message.GetDescriptor()->full_name() + " has no field " +
                      std::to_string(number));
    }
    std::vector<const Field*> fields;
    reflection.ListFields(message, &fields);
    for (const Field* field : fields) {
      WEIR_TRY(check_field(message, *field, at.field(field->name())));
    }
    WEIR_TRY(check_value(message, at));
    return check_requirements(message, at);
  }

 private:
  Done check_field(const pb::Message& message, const Field& field, const Place& at) {
    const pb::Reflection& reflection = *message.GetReflection();
    if (!field.is_repeated()) {
      if (field.cpp_type() == Field::CPPTYPE_ENUM) {
        return check_enum(*field.enum_type(), reflection.GetEnumValue(message, &field), at);
      }
      if (field.cpp_type() != Field::CPPTYPE_MESSAGE) return Unit{};
      return check_inner(reflection.GetMessage(message, &field), field, at);
    }
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const Place here = at.item(static_cast<size_t>(i));
      if (field.cpp_type() == Field::CPPTYPE_ENUM) {
        const int number = reflection.GetRepeatedEnumValue(message, &field, i);
        WEIR_TRY(check_enum(*field.enum_type(), number, here));
        continue;
      }
      if (field.cpp_type() != Field::CPPTYPE_MESSAGE) return Unit{};
      const pb::Message& item = reflection.GetRepeatedMessage(message, &field, i);
      WEIR_TRY(field.is_map() ? check_entry(item, at) : check_inner(item, field, here));
    }
    return Unit{};
  }

  // Of a map, whose keys are strings in all messages that Weir reads.
  Done check_entry(const pb::Message& entry, const Place& map) {
    const pb::Descriptor& type = *entry.GetDescriptor();
    const Place at = map.entry(entry.GetReflection()->GetString(entry, type.map_key()));
    return check_field(entry, *type.map_value(), at);
  }

  Done check_enum(const pb::EnumDescriptor& type, int number, const Place& at) {
    if (type.FindValueByNumber(number) != nullptr) return Unit{};
    std::vector<std::string> names;
    for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
    return at.error("unknown or unsupported value " + std::to_string(number) + "; " +
                    suggest("", names));
  }

  Done check_inner(const pb::Message& message, const Field& field, const Place& at) {
    if (message.GetDescriptor() != pb::Any::descriptor()) return check(message, at);
    const auto& any = *pb::DynamicCastToGenerated<pb::Any>(&message);
    if (!any.GetReflection()->GetUnknownFields(any).empty()) return check(any, at);
    if (any.type_url().empty()) {
      return any.value().empty() ? Done(Unit{}) : at.error("'type_url' is missing");
    }
    auto content = make_message(any.type_url());
    const bool opaque =
        is_plugins_own(field) && (content == nullptr || !is_well_known(*content->GetDescriptor()));
    if (opaque) return Unit{};
    if (content == nullptr) return unknown_type(any.type_url(), at.field("type_url"));
    WEIR_TRY(parse(any.value(), *content, at));
    return check(*content, at);
  }

  // What a text could not say, of google.protobuf's own messages.
  Done check_value(const pb::Message& message, const Place& at) {
    if (const auto* duration = pb::DynamicCastToGenerated<pb::Duration>(&message)) {
      constexpr int64_t kMaxSeconds = 315'576'000'000;
      constexpr int32_t kSecond = 1'000'000'000;
      const int64_t seconds = duration->seconds();
      const int32_t nanos = duration->nanos();
      const bool in_range =
          seconds >= -kMaxSeconds && seconds <= kMaxSeconds && nanos > -kSecond && nanos < kSecond;
      if (in_range && !(seconds > 0 && nanos < 0) && !(seconds < 0 && nanos > 0)) return Unit{};
      return at.error("not a duration: its seconds or nanos are out of range, or differ in sign");
    }
    const auto* value = pb::DynamicCastToGenerated<pb::Value>(&message);
    if (value == nullptr) return Unit{};
    if (value->kind_case() == pb::Value::KIND_NOT_SET) return at.error("holds no value");
    if (value->has_number_value() && !std::isfinite(value->number_value())) {
      return at.error("JSON has no infinity, and nothing that is not a number");
    }
    return Unit{};
  }
};

bool is_text(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7f : c == '\n' || c == '\r' || c == '\t';
  });
}

Done read_message(std::string_view bytes, pb::Message& into, const Place& at) {
  WEIR_TRY(check_wire_shape(bytes, *into.GetDescriptor(), at));
  if (!parse_wire_form(bytes, into)) {
    return at.error("the bytes are no " + into.GetDescriptor()->full_name() +
                    "; write it as protobuf's encoders do, or as a text in a file whose name ends "
                    "in .yaml or .json");
  }
  return Checker().check(into, at);
}

}  // namespace

Done read_binary(std::string_view bytes, pb::Message& into, const Place& at) {
  if (bytes.size() > kMaxFileBytes) {
    return at.error("it is larger than " + std::to_string(kMaxFileBytes >> 20) + " MiB" +
                    std::string(kTooLargeRemedy));
  }
  Done read = read_message(bytes, into, at);
  if (read.ok() || !is_text(bytes)) return read;
  return at.error(
      "it is a text, and its name says that it is in protobuf's wire form (.pb); let the name end "
      "in .yaml or .json");
}

}  // namespace weir::config
