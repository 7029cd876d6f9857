#include "planes/common/node_properties.h"

#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "abi/map_codec.h"
#include "base/check.h"
#include "config/wire_form.h"
#include "weir/envoy/core.pb.h"

namespace weir::planes {
namespace {

namespace pb = google::protobuf;

// Its recursion is as deep as the metadata, which the configuration's reader has bounded.
class Collector {
 public:
  std::map<std::string, std::string, std::less<>> take() && { return std::move(properties_); }

  void add(const std::string& path, std::string value) {
    if (!value.empty()) properties_.emplace(path, std::move(value));
  }

  // The value's bytes, kept under the path; all that is in it is kept below that.
  std::string add(const std::string& path, const pb::Value& value) {
    std::string bytes = bytes_of(path, value);
    if (value.kind_case() != pb::Value::kNullValue) properties_.emplace(path, bytes);
    return bytes;
  }

  std::string add(const std::string& path, const pb::Struct& fields) {
    // In order of their keys, which maps of protobuf have not.
    std::map<std::string, std::string> pairs;
    for (const auto& [key, value] : fields.fields()) {
      pairs.emplace(key, add(below(path, key), value));
    }
    const std::vector<std::pair<std::string, std::string>> list(pairs.begin(), pairs.end());
    std::string bytes = abi::encode_property_map(list);
    properties_.emplace(path, bytes);
    return bytes;
  }

 private:
  static std::string below(const std::string& path, std::string_view segment) {
    return path + '\0' + std::string(segment);
  }

  static std::string bytes_of_number(double number) {
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
  }

  std::string bytes_of(const std::string& path, const pb::Value& value) {
    switch (value.kind_case()) {
      case pb::Value::kStringValue:
        return value.string_value();
      case pb::Value::kBoolValue:
        return std::string(1, value.bool_value() ? '\1' : '\0');
      case pb::Value::kNumberValue:
        return bytes_of_number(value.number_value());
      case pb::Value::kStructValue:
        return add(path, value.struct_value());
      case pb::Value::kListValue:
        return bytes_of_list(path, value.list_value());
      case pb::Value::kNullValue:
      case pb::Value::KIND_NOT_SET:
        break;
    }
    return "";
  }

  std::string bytes_of_list(const std::string& path, const pb::ListValue& list) {
    std::vector<std::string> items;
    for (int i = 0; i < list.values_size(); ++i) {
      items.push_back(add(below(path, std::to_string(i)), list.values(i)));
    }
    return abi::encode_property_list(items);
  }

  std::map<std::string, std::string, std::less<>> properties_;
};

}  // namespace

std::map<std::string, std::string, std::less<>> node_properties(std::string_view bytes) {
  if (bytes.empty()) return {};
  static_assert(std::endian::native == std::endian::little);
  ::envoy::config::core::v3::Node node;
  WEIR_CHECK(config::parse_wire_form(bytes, node));
  using namespace std::string_literals;
  Collector all;
  all.add("node", std::string(bytes));
  all.add("node\0id"s, node.id());
  all.add("node\0cluster"s, node.cluster());
  if (node.has_locality()) {
    all.add("node\0locality"s, config::to_wire_form(node.locality()));
    all.add("node\0locality\0region"s, node.locality().region());
    all.add("node\0locality\0zone"s, node.locality().zone());
    all.add("node\0locality\0sub_zone"s, node.locality().sub_zone());
  }
  if (node.has_metadata()) all.add("node\0metadata"s, node.metadata());
  return std::move(all).take();
}

}  // namespace weir::planes
