// What the SDK's messages are on the wire.

#include "weir_sdk/messages.h"

namespace weir_sdk {

Value::Value() = default;
Value::Value(const Value& other) : MessageLite(other) { *this = other; }
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;

Value& Value::operator=(const Value& other) {
  if (this == &other) return *this;
  switch (other.kind_case()) {
    case KIND_NOT_SET:
      Clear();
      break;
    case kNullValue:
      set_null_value(NULL_VALUE);
      break;
    case kNumberValue:
      set_number_value(other.number_value());
      break;
    case kStringValue:
      set_string_value(other.string_value());
      break;
    case kBoolValue:
      set_bool_value(other.bool_value());
      break;
    case kStructValue:
      // Made before what is there goes: `other` may be in it.
      kind_ = std::make_unique<Struct>(other.struct_value());
      break;
    case kListValue:
      kind_ = std::make_unique<ListValue>(other.list_value());
      break;
  }
  return *this;
}

void Value::Clear() { kind_.emplace<KIND_NOT_SET>(); }

void Value::set_null_value(NullValue value) { kind_.emplace<kNullValue>(value); }

double Value::number_value() const {
  return has_number_value() ? std::get<kNumberValue>(kind_) : 0;
}
void Value::set_number_value(double value) { kind_.emplace<kNumberValue>(value); }

const std::string& Value::string_value() const {
  static const std::string none;
  return has_string_value() ? std::get<kStringValue>(kind_) : none;
}
void Value::set_string_value(std::string value) { kind_.emplace<kStringValue>(std::move(value)); }
std::string* Value::mutable_string_value() {
  if (!has_string_value()) kind_.emplace<kStringValue>();
  return &std::get<kStringValue>(kind_);
}

bool Value::bool_value() const { return has_bool_value() && std::get<kBoolValue>(kind_); }
void Value::set_bool_value(bool value) { kind_.emplace<kBoolValue>(value); }

const Struct& Value::struct_value() const {
  static const Struct none;
  return has_struct_value() ? *std::get<kStructValue>(kind_) : none;
}
Struct* Value::mutable_struct_value() {
  if (!has_struct_value()) kind_ = std::make_unique<Struct>();
  return std::get<kStructValue>(kind_).get();
}
const ListValue& Value::list_value() const {
  static const ListValue none;
  return has_list_value() ? *std::get<kListValue>(kind_) : none;
}
ListValue* Value::mutable_list_value() {
  if (!has_list_value()) kind_ = std::make_unique<ListValue>();
  return std::get<kListValue>(kind_).get();
}

void Value::write(WireWriter& writer) const {
  switch (kind_case()) {
    case KIND_NOT_SET:
      return;
    case kNullValue:
      return writer.number(kNullValue, NULL_VALUE);
    case kNumberValue:
      return writer.real(kNumberValue, number_value());
    case kStringValue:
      return writer.text(kStringValue, string_value());
    case kBoolValue:
      return writer.number(kBoolValue, bool_value() ? 1 : 0);
    case kStructValue:
      return write_message(writer, kStructValue, struct_value());
    case kListValue:
      return write_message(writer, kListValue, list_value());
  }
}

bool Value::read(const WireField& field, int levels) {
  if (field.is(kNullValue, WireType::Varint)) set_null_value(NULL_VALUE);
  if (field.is(kNumberValue, WireType::Fixed64)) set_number_value(field.real());
  if (field.is(kStringValue, WireType::Bytes)) set_string_value(std::string(field.bytes));
  if (field.is(kBoolValue, WireType::Varint)) set_bool_value(field.value != 0);
  if (field.is(kStructValue, WireType::Bytes)) {
    return read_message(field.bytes, levels, mutable_struct_value());
  }
  if (field.is(kListValue, WireType::Bytes)) {
    return read_message(field.bytes, levels, mutable_list_value());
  }
  return true;
}

namespace {

constexpr uint32_t kFields = 1;  // of Struct, entries of a map: a key and a value
constexpr uint32_t kKey = 1;
constexpr uint32_t kValue = 2;
constexpr uint32_t kValues = 1;  // of ListValue

}  // namespace

void Struct::write(WireWriter& writer) const {
  for (const auto& [key, value] : fields_) {
    std::string entry;
    WireWriter entry_writer(&entry);
    entry_writer.text(kKey, key);
    write_message(entry_writer, kValue, value);
    writer.text(kFields, entry);
  }
}

bool Struct::read(const WireField& field, int levels) {
  if (!field.is(kFields, WireType::Bytes)) return true;
  std::string key;
  Value value;
  WireReader entry(field.bytes);
  for (WireField part; entry.next(&part);) {
    if (part.is(kKey, WireType::Bytes)) key = part.bytes;
    if (part.is(kValue, WireType::Bytes) && !read_message(part.bytes, levels, &value)) return false;
  }
  fields_[std::move(key)] = std::move(value);
  return !entry.failed();
}

void ListValue::write(WireWriter& writer) const {
  for (const Value& value : values_) write_message(writer, kValues, value);
}

bool ListValue::read(const WireField& field, int levels) {
  return !field.is(kValues, WireType::Bytes) || read_message(field.bytes, levels, add_values());
}

namespace {

// A text that is empty is one that is not set.
void write_text(WireWriter& writer, uint32_t field, const std::string& text) {
  if (!text.empty()) writer.text(field, text);
}

void read_text(const WireField& field, uint32_t number, std::string* text) {
  if (field.is(number, WireType::Bytes)) *text = field.bytes;
}

constexpr uint32_t kClusterName = 1;
constexpr uint32_t kTargetUri = 1;
constexpr uint32_t kStatPrefix = 4;
constexpr uint32_t kHeaderKey = 1;
constexpr uint32_t kHeaderValue = 2;
constexpr uint32_t kInitialMetadata = 5;

}  // namespace

void GrpcService::EnvoyGrpc::write(WireWriter& writer) const {
  write_text(writer, kClusterName, cluster_name_);
}
bool GrpcService::EnvoyGrpc::read(const WireField& field, int /* levels */) {
  read_text(field, kClusterName, &cluster_name_);
  return true;
}

void GrpcService::GoogleGrpc::write(WireWriter& writer) const {
  write_text(writer, kTargetUri, target_uri_);
  write_text(writer, kStatPrefix, stat_prefix_);
}
bool GrpcService::GoogleGrpc::read(const WireField& field, int /* levels */) {
  read_text(field, kTargetUri, &target_uri_);
  read_text(field, kStatPrefix, &stat_prefix_);
  return true;
}

void GrpcService::HeaderValue::write(WireWriter& writer) const {
  write_text(writer, kHeaderKey, key_);
  write_text(writer, kHeaderValue, value_);
}
bool GrpcService::HeaderValue::read(const WireField& field, int /* levels */) {
  read_text(field, kHeaderKey, &key_);
  read_text(field, kHeaderValue, &value_);
  return true;
}

void GrpcService::write(WireWriter& writer) const {
  if (has_envoy_grpc()) write_message(writer, kEnvoyGrpc, envoy_grpc());
  if (has_google_grpc()) write_message(writer, kGoogleGrpc, google_grpc());
  for (const HeaderValue& header : initial_metadata_) {
    write_message(writer, kInitialMetadata, header);
  }
}
bool GrpcService::read(const WireField& field, int levels) {
  if (field.type != WireType::Bytes) return true;
  if (field.number == kEnvoyGrpc) return read_message(field.bytes, levels, mutable_envoy_grpc());
  if (field.number == kGoogleGrpc) return read_message(field.bytes, levels, mutable_google_grpc());
  if (field.number == kInitialMetadata) {
    return read_message(field.bytes, levels, add_initial_metadata());
  }
  return true;
}

}  // namespace weir_sdk
