#include "config/any_bytes.h"

#include <google/protobuf/wrappers.pb.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "config/unpack.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::json;

Json json_of(const pb::Value& value);

Json json_of(const pb::Struct& message) {
  Json object = Json::object();
  for (const auto& [key, value] : message.fields()) object[key] = json_of(value);
  return object;
}

Json json_of(const pb::ListValue& list) {
  Json array = Json::array();
  for (const pb::Value& value : list.values()) array.push_back(json_of(value));
  return array;
}

// Whole numbers without a fraction, as they were written. JSON has no infinity; null stands for it.
Json json_of(double number) {
  constexpr double kMaxExact = 9'007'199'254'740'992.0;  // 2^53
  if (!std::isfinite(number)) return nullptr;
  if (std::trunc(number) == number && std::fabs(number) <= kMaxExact) {
    return static_cast<int64_t>(number);
  }
  return number;
}

Json json_of(const pb::Value& value) {
  switch (value.kind_case()) {
    case pb::Value::kNumberValue:
      return json_of(value.number_value());
    case pb::Value::kStringValue:
      return value.string_value();
    case pb::Value::kBoolValue:
      return value.bool_value();
    case pb::Value::kStructValue:
      return json_of(value.struct_value());
    case pb::Value::kListValue:
      return json_of(value.list_value());
    case pb::Value::kNullValue:
    case pb::Value::KIND_NOT_SET:
      break;
  }
  return nullptr;
}

}  // namespace

std::string to_json(const pb::Struct& message) {
  return json_of(message).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_json(const pb::Value& value) {
  return json_of(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> to_plugin_bytes(const pb::Any& any, const Place& at) {
  if (any.Is<pb::Struct>()) {
    WEIR_TRY(auto message, unpack<pb::Struct>(any, at));
    return to_json(message);
  }
  if (any.Is<pb::StringValue>()) {
    WEIR_TRY(auto message, unpack<pb::StringValue>(any, at));
    return message.value();
  }
  if (any.Is<pb::BytesValue>()) {
    WEIR_TRY(auto message, unpack<pb::BytesValue>(any, at));
    return message.value();
  }
  return any.value();
}

}  // namespace weir::config
