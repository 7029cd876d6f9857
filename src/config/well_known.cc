#include "config/well_known.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "config/field_value.h"
#include "config/scalars.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;

Done read_duration(const Node& node, pb::Duration& into, const Place& at) {
  auto value = node.kind == Node::Kind::Scalar ? parse_duration(node.text) : std::nullopt;
  if (!value) return mismatch(at, "a duration in seconds, as '0.25s'", node);
  into.set_seconds(value->seconds);
  into.set_nanos(value->nanoseconds);
  return Unit{};
}

Done read_value(const Node& node, pb::Value& into, const Place& at);

Done read_struct(const Node& node, pb::Struct& into, const Place& at) {
  if (node.kind != Node::Kind::Map) return mismatch(at, "a mapping", node);
  for (const Node::Entry& entry : node.entries) {
    pb::Value& value = (*into.mutable_fields())[std::string(entry.key)];
    WEIR_TRY(read_value(*entry.value, value, at.field(entry.key)));
  }
  return Unit{};
}

Done read_list_value(const Node& node, pb::ListValue& into, const Place& at) {
  if (node.kind != Node::Kind::Sequence) return mismatch(at, "a list", node);
  for (size_t i = 0; i < node.items.size(); ++i) {
    WEIR_TRY(read_value(*node.items[i], *into.add_values(), at.item(i)));
  }
  return Unit{};
}

// Whether `text`, a number, has neither a fraction nor an exponent.
bool is_written_whole(std::string_view text) {
  bool decimal = text.find_first_not_of("+-0123456789") == std::string_view::npos;
  return decimal || text.find('x') != std::string_view::npos ||
         text.find('o') != std::string_view::npos;
}

// Whole numbers beyond 2^53 are refused: the message holds doubles, so the plugin would get another
// number than the one written.
Done read_scalar_value(const Node& node, pb::Value& into, const Place& at) {
  if (!node.plain) {
    into.set_string_value(node.text);
    return Unit{};
  }
  if (auto boolean = parse_bool(node.text)) {
    into.set_bool_value(*boolean);
    return Unit{};
  }
  auto number = parse_float(node.text);
  if (!number) {
    into.set_string_value(node.text);
    return Unit{};
  }
  if (!std::isfinite(*number)) return at.error("JSON has no " + node.text + "; put it in quotes");
  // 2^53: from here on a double may stand for more than one whole number, and the plugin would get
  // another than the one written.
  constexpr double kInexact = 9'007'199'254'740'992.0;
  if (is_written_whole(node.text) && std::fabs(*number) >= kInexact) {
    return at.error(node.text + " is too large to be kept exactly; put it in quotes");
  }
  into.set_number_value(*number);
  return Unit{};
}

Done read_value(const Node& node, pb::Value& into, const Place& at) {
  switch (node.kind) {
    case Node::Kind::Null:
      into.set_null_value(pb::NULL_VALUE);
      return Unit{};
    case Node::Kind::Scalar:
      return read_scalar_value(node, into, at);
    case Node::Kind::Sequence:
      return read_list_value(node, *into.mutable_list_value(), at);
    case Node::Kind::Map:
      return read_struct(node, *into.mutable_struct_value(), at);
  }
  return Unit{};
}

// Reads a JSON form into an M.
template <typename M, Done (*read)(const Node&, M&, const Place&)>
Done read_as(const Node& node, pb::Message& into, const Place& at) {
  return read(node, *pb::DynamicCastToGenerated<M>(&into), at);
}

Done read_wrapper(const Node& node, pb::Message& into, const Place& at) {
  return set_value(node, into, *into.GetDescriptor()->FindFieldByName("value"), at);
}

struct WellKnown {
  const pb::Descriptor* type;
  Done (*read)(const Node&, pb::Message&, const Place&);
};

const WellKnown* find_well_known(const pb::Descriptor& type) {
  static const WellKnown kAll[] = {
      {pb::Duration::descriptor(), read_as<pb::Duration, read_duration>},
      {pb::Struct::descriptor(), read_as<pb::Struct, read_struct>},
      {pb::Value::descriptor(), read_as<pb::Value, read_value>},
      {pb::ListValue::descriptor(), read_as<pb::ListValue, read_list_value>},
      {pb::StringValue::descriptor(), read_wrapper},
      {pb::BytesValue::descriptor(), read_wrapper},
      {pb::BoolValue::descriptor(), read_wrapper},
      {pb::Int32Value::descriptor(), read_wrapper},
      {pb::Int64Value::descriptor(), read_wrapper},
      {pb::UInt32Value::descriptor(), read_wrapper},
      {pb::UInt64Value::descriptor(), read_wrapper},
      {pb::FloatValue::descriptor(), read_wrapper},
      {pb::DoubleValue::descriptor(), read_wrapper},
  };
  const auto* found = std::ranges::find(kAll, &type, &WellKnown::type);
  return found == std::end(kAll) ? nullptr : found;
}

}  // namespace

bool is_well_known(const pb::Descriptor& type) { return find_well_known(type) != nullptr; }

bool takes_null(const pb::FieldDescriptor& field) {
  return field.message_type() == pb::Value::descriptor() && !field.is_repeated();
}

Done read_well_known(const Node& node, pb::Message& into, const Place& at) {
  return find_well_known(*into.GetDescriptor())->read(node, into, at);
}

}  // namespace weir::config
