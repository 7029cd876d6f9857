#include "config/field_value.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "base/lower_case.h"
#include "base/suggestion.h"
#include "config/scalars.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

// A field of a message that takes one value more or another value.
class Slot {
 public:
  Slot(pb::Message& message, const Field& field)
      : message_(&message), field_(&field), reflection_(*message.GetReflection()) {}

  void set(bool value) { put(&pb::Reflection::SetBool, &pb::Reflection::AddBool, value); }
  void set(int32_t value) { put(&pb::Reflection::SetInt32, &pb::Reflection::AddInt32, value); }
  void set(int64_t value) { put(&pb::Reflection::SetInt64, &pb::Reflection::AddInt64, value); }
  void set(uint32_t value) { put(&pb::Reflection::SetUInt32, &pb::Reflection::AddUInt32, value); }
  void set(uint64_t value) { put(&pb::Reflection::SetUInt64, &pb::Reflection::AddUInt64, value); }
  void set(float value) { put(&pb::Reflection::SetFloat, &pb::Reflection::AddFloat, value); }
  void set(double value) { put(&pb::Reflection::SetDouble, &pb::Reflection::AddDouble, value); }
  void set(std::string value) {
    put(&pb::Reflection::SetString, &pb::Reflection::AddString, std::move(value));
  }
  void set_enum(int value) {
    put(&pb::Reflection::SetEnumValue, &pb::Reflection::AddEnumValue, value);
  }

 private:
  template <typename Set, typename Add, typename T>
  void put(Set set_one, Add add_one, T value) {
    if (field_->is_repeated()) {
      (reflection_.*add_one)(message_, field_, std::move(value));
    } else {
      (reflection_.*set_one)(message_, field_, std::move(value));
    }
  }

  pb::Message* message_;
  const Field* field_;
  const pb::Reflection& reflection_;
};

template <typename T>
std::optional<T> narrow(const Integer& integer) {
  if (integer.negative && integer.magnitude != 0) {
    if constexpr (std::is_unsigned_v<T>) return std::nullopt;
    auto lowest = static_cast<uint64_t>(std::numeric_limits<T>::max()) + 1;
    if (integer.magnitude > lowest) return std::nullopt;
    return static_cast<T>(0 - integer.magnitude);
  }
  if (integer.magnitude > static_cast<uint64_t>(std::numeric_limits<T>::max())) return std::nullopt;
  return static_cast<T>(integer.magnitude);
}

template <typename T>
Done set_integer(const Node& node, Slot slot, const Place& at) {
  if (node.kind != Node::Kind::Scalar) return mismatch(at, "a whole number", node);
  auto integer = parse_integer(node.text);
  auto value = integer ? narrow<T>(*integer) : std::nullopt;
  if (!value) {
    return mismatch(at,
                    "a whole number from " + std::to_string(std::numeric_limits<T>::min()) +
                        " to " + std::to_string(std::numeric_limits<T>::max()),
                    node);
  }
  slot.set(*value);
  return Unit{};
}

template <typename T>
Done set_float(const Node& node, Slot slot, const Place& at) {
  auto value = node.kind == Node::Kind::Scalar ? parse_float(node.text) : std::nullopt;
  bool fits = value && (!std::isfinite(*value) ||
                        std::fabs(*value) <= static_cast<double>(std::numeric_limits<T>::max()));
  if (!fits) return mismatch(at, "a number", node);
  slot.set(static_cast<T>(*value));
  return Unit{};
}

// What to write in place of a word that other readers take for a boolean.
std::string_view meant_by(std::string_view text) {
  const std::string word = lower_case(text);
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::count(words, word) > 0;
  };
  if (is_one_of({"true", "yes", "y", "on", "1"})) return "; write true, without quotes";
  if (is_one_of({"false", "no", "n", "off", "0"})) return "; write false, without quotes";
  return "";
}

Done set_bool(const Node& node, Slot slot, const Place& at) {
  const bool scalar = node.kind == Node::Kind::Scalar;
  auto value = scalar && node.plain ? parse_bool(node.text) : std::nullopt;
  if (value) {
    slot.set(*value);
    return Unit{};
  }
  Error error = mismatch(at, "true or false", node);
  if (scalar) error.message += meant_by(node.text);
  return error;
}

Done set_string(const Node& node, Slot slot, const Place& at) {
  if (node.kind != Node::Kind::Scalar) return mismatch(at, "a string", node);
  if (node.plain && (parse_bool(node.text) || parse_float(node.text))) {
    return at.error("expected a string, got " + node.text + "; put it in quotes");
  }
  slot.set(node.text);
  return Unit{};
}

Done set_bytes(const Node& node, Slot slot, const Place& at) {
  auto bytes = node.kind == Node::Kind::Scalar ? decode_base64(node.text) : std::nullopt;
  if (!bytes) return mismatch(at, "bytes in base64", node);
  slot.set(std::move(*bytes));
  return Unit{};
}

// Whatever the capitals, in YAML and in JSON (Envoy's rule). Null: there is none of that name.
const pb::EnumValueDescriptor* find_name(const pb::EnumDescriptor& type, const std::string& name) {
  if (const pb::EnumValueDescriptor* exact = type.FindValueByName(name)) return exact;
  const std::string lower = lower_case(name);
  for (int i = 0; i < type.value_count(); ++i) {
    if (lower_case(type.value(i)->name()) == lower) return type.value(i);
  }
  return nullptr;
}

Done set_enum(const Node& node, const pb::EnumDescriptor& type, Slot slot, const Place& at) {
  if (node.kind != Node::Kind::Scalar) return mismatch(at, "a name", node);
  const pb::EnumValueDescriptor* value = find_name(type, node.text);
  if (value == nullptr && node.plain) {
    auto integer = parse_integer(node.text);
    auto number = integer ? narrow<int32_t>(*integer) : std::nullopt;
    if (number) value = type.FindValueByNumber(*number);
  }
  if (value == nullptr) {
    // Nobody writes what says nothing.
    constexpr std::string_view kSaysNothing = "UNSPECIFIED";
    std::vector<std::string> names;
    for (int i = 0; i < type.value_count(); ++i) {
      if (!type.value(i)->name().ends_with(kSaysNothing)) names.push_back(type.value(i)->name());
    }
    return at.error("unknown or unsupported value " + quote(node.text) + "; " +
                    suggest(node.text, names));
  }
  slot.set_enum(value->number());
  return Unit{};
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      return "nothing";
    case Node::Kind::Scalar:
      return quote(node.text);
    case Node::Kind::Sequence:
      return "a list";
    case Node::Kind::Map:
      return "a mapping";
  }
  return "";
}

}  // namespace

Error mismatch(const Place& at, std::string_view expected, const Node& got) {
  std::string reason = "expected " + std::string(expected) + ", got " + describe(got);
  if (got.kind == Node::Kind::Null) reason += "; null is no item of a list and no value of a map";
  if (got.kind == Node::Kind::Map && got.find("value") != nullptr) {
    reason += "; write what stands under its 'value'";
  }
  return at.error(reason);
}

Done set_value(const Node& node, pb::Message& into, const Field& field, const Place& at) {
  Slot slot(into, field);
  switch (field.cpp_type()) {
    case Field::CPPTYPE_BOOL:
      return set_bool(node, slot, at);
    case Field::CPPTYPE_INT32:
      return set_integer<int32_t>(node, slot, at);
    case Field::CPPTYPE_INT64:
      return set_integer<int64_t>(node, slot, at);
    case Field::CPPTYPE_UINT32:
      return set_integer<uint32_t>(node, slot, at);
    case Field::CPPTYPE_UINT64:
      return set_integer<uint64_t>(node, slot, at);
    case Field::CPPTYPE_FLOAT:
      return set_float<float>(node, slot, at);
    case Field::CPPTYPE_DOUBLE:
      return set_float<double>(node, slot, at);
    case Field::CPPTYPE_STRING:
      if (field.type() == Field::TYPE_BYTES) return set_bytes(node, slot, at);
      return set_string(node, slot, at);
    case Field::CPPTYPE_ENUM:
      return set_enum(node, *field.enum_type(), slot, at);
    case Field::CPPTYPE_MESSAGE:
      break;
  }
  WEIR_CHECK(false);  // messages are read by MessageReader
}

Done set_key(std::string_view key, pb::Message& into, const Field& field, const Place& at) {
  Node node;
  node.kind = Node::Kind::Scalar;
  node.text = key;
  node.plain = field.cpp_type() != Field::CPPTYPE_STRING;
  return set_value(node, into, field, at);
}

}  // namespace weir::config
