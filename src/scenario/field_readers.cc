#include "scenario/field_readers.h"

#include <algorithm>
#include <cmath>

#include "base/suggestion.h"
#include "config/durations.h"
#include "runtime/property_names.h"

namespace weir::scenario {
namespace {

using config::Place;
using google::protobuf::Value;

Result<runtime::PropertyValue> read_property(const Value& value, const Place& at) {
  switch (value.kind_case()) {
    case Value::kBoolValue:
      return runtime::PropertyValue(value.bool_value());
    case Value::kNumberValue: {
      // Whole numbers are kept exactly up to 2^53. The reader of the file refuses larger ones that
      // are written as such; 1e300 is no whole number of 64 bits.
      constexpr double kMostExact = 9007199254740992.0;
      const double number = value.number_value();
      if (std::abs(number) <= kMostExact && number == std::floor(number)) {
        return runtime::PropertyValue(static_cast<int64_t>(number));
      }
      return runtime::PropertyValue(number);
    }
    case Value::kStringValue:
      return runtime::PropertyValue(value.string_value());
    case Value::kListValue: {
      runtime::PropertyList list;
      for (const Value& item : value.list_value().values()) {
        if (item.kind_case() != Value::kStringValue) return at.error("a list has texts only");
        list.push_back(item.string_value());
      }
      return runtime::PropertyValue(std::move(list));
    }
    case Value::kStructValue: {
      std::map<std::string, std::string> sorted;
      for (const auto& [name, item] : value.struct_value().fields()) {
        if (item.kind_case() != Value::kStringValue) return at.error("a mapping has texts only");
        sorted.emplace(name, item.string_value());
      }
      return runtime::PropertyValue(runtime::PropertyMap(sorted.begin(), sorted.end()));
    }
    default:
      return at.error("has no value");
  }
}

// Any name may be a property, save one that can only be a known one misspelled.
Done check_property_name(const std::string& name, const Place& at) {
  static const std::vector<std::string> known = runtime::known_property_names();
  const auto begins = [&](const std::string& each) {
    return name == each || name.starts_with(each + ".");
  };
  if (std::ranges::any_of(known, begins)) return Unit{};
  const std::string* similar = find_similar(name, known);
  if (similar == nullptr) return Unit{};
  return at.error("is no property of a stream; did you mean '" + *similar + "'?");
}

// A field and its twin for bytes are there.
Error both(std::string_view name, const Place& at) {
  const std::string field(name);
  return at.field(field + "_base64").error("'" + field + "' is there too; keep one of both");
}

}  // namespace

Result<std::vector<Field>> read_headers(const Strings& lines, const Place& at) {
  std::vector<Field> fields;
  for (int i = 0; i < lines.size(); ++i) {
    auto field = parse_header_line(lines[i]);
    if (!field.ok()) {
      return at.item(static_cast<size_t>(i))
          .error(config::quote(lines[i]) + " " + field.error().message);
    }
    fields.push_back(std::move(field).value());
  }
  return fields;
}

Result<std::string> read_text(const std::string& text, const std::string& bytes,
                              std::string_view name, const Place& at) {
  if (!text.empty() && !bytes.empty()) return both(name, at);
  return text.empty() ? bytes : text;
}

Result<std::vector<std::string>> read_pieces(const Strings& texts, const Strings& bytes,
                                             std::string_view name, const Place& at) {
  if (!texts.empty() && !bytes.empty()) return both(name, at);
  const Strings& pieces = texts.empty() ? bytes : texts;
  return std::vector<std::string>(pieces.begin(), pieces.end());
}

Result<Properties> read_properties(const Values& values, const Place& at) {
  Properties properties;
  for (const auto& [name, value] : values) {
    WEIR_TRY(check_property_name(name, at.entry(name)));
    WEIR_TRY(properties[name], read_property(value, at.entry(name)));
  }
  return properties;
}

Result<Milliseconds> read_duration(const google::protobuf::Duration& duration, const Place& at) {
  const Milliseconds time = config::to_milliseconds(duration);
  // Manual time runs as fast as timers ask for: a year of them is enough.
  constexpr Milliseconds kMost = std::chrono::hours(24 * 366);
  if (time < Milliseconds(0) || time > kMost) return at.error("is no time from 0s to a year");
  return time;
}

Result<std::shared_ptr<const re2::RE2>> read_expression(const std::string& text, const Place& at) {
  auto expression = std::make_shared<const re2::RE2>(text, re2::RE2::Quiet);
  if (!expression->ok()) {
    return at.error("is no regular expression: " + expression->error());
  }
  return std::shared_ptr<const re2::RE2>(std::move(expression));
}

}  // namespace weir::scenario
