#include "config/log_format_reader.h"

#include <map>

#include "config/any_bytes.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using envoy::config::core::v3::SubstitutionFormatString;

Result<LogJson> read_value(const pb::Value& value, const Place& at);

Result<LogText> read_text(const std::string& text, const Place& at) {
  auto pieces = parse_log_text(text);
  if (!pieces.ok()) return at.error(pieces.error().message);
  return pieces;
}

Result<LogJson> read_fields(const pb::Struct& message, const Place& at) {
  const std::map<std::string, pb::Value> sorted(message.fields().begin(), message.fields().end());
  LogJson::Object object;
  for (const auto& [key, value] : sorted) {
    WEIR_TRY(LogJson member, read_value(value, at.field(key)));
    member.key = key;
    object.members.push_back(std::move(member));
  }
  return LogJson{std::move(object)};
}

Result<LogJson> read_items(const pb::ListValue& list, const Place& at) {
  LogJson::List list_of;
  for (int i = 0; i < list.values_size(); ++i) {
    WEIR_TRY(LogJson item, read_value(list.values(i), at.item(static_cast<size_t>(i))));
    list_of.items.push_back(std::move(item));
  }
  return LogJson{std::move(list_of)};
}

Result<LogJson> read_value(const pb::Value& value, const Place& at) {
  switch (value.kind_case()) {
    case pb::Value::kStringValue: {
      WEIR_TRY(LogText text, read_text(value.string_value(), at));
      return LogJson{std::move(text)};
    }
    case pb::Value::kStructValue:
      return read_fields(value.struct_value(), at);
    case pb::Value::kListValue:
      return read_items(value.list_value(), at);
    default:
      return LogJson{LogJson::Literal{to_json(value)}};
  }
}

}  // namespace

Result<LogFormat> read_text_format(const std::string& text, const Place& at) {
  LogFormat format;
  WEIR_TRY(format.line, read_text(text, at));
  return format;
}

Result<LogFormat> read_json_format(const pb::Struct& message, const Place& at) {
  LogFormat format;
  WEIR_TRY(format.line, read_fields(message, at));
  return format;
}

Result<LogFormat> read_log_format(const SubstitutionFormatString& message, const Place& at) {
  const auto read = [&]() -> Result<LogFormat> {
    switch (message.format_case()) {
      case SubstitutionFormatString::kTextFormat:
        return read_text_format(message.text_format(), at.field("text_format"));
      case SubstitutionFormatString::kJsonFormat:
        return read_json_format(message.json_format(), at.field("json_format"));
      default:
        break;
    }
    const envoy::config::core::v3::DataSource& source = message.text_format_source();
    const Place here = at.field("text_format_source");
    if (!source.has_inline_string()) {
      return here.error("a format is said in place, as inline_string");
    }
    return read_text_format(source.inline_string(), here.field("inline_string"));
  };
  WEIR_TRY(LogFormat format, read());
  format.omit_empty = message.omit_empty_values();
  return format;
}

}  // namespace weir::config
