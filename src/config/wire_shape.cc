#include "config/wire_shape.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/wire_format_lite.h>

#include <map>
#include <optional>
#include <set>
#include <string>

#include "config/document.h"
#include "config/known_types.h"
#include "config/well_known.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;
using WireFormat = pb::internal::WireFormatLite;

// The fields of a message in their order on the wire. Ends early at what is malformed.
class Fields {
 public:
  explicit Fields(std::string_view bytes)
      : bytes_(bytes),
        in_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  // The number of the next one; 0 at the end.
  int next() {
    tag_ = in_.ReadTag();
    content_.reset();
    if (tag_ == 0) return 0;
    if (WireFormat::GetTagWireType(tag_) != WireFormat::WIRETYPE_LENGTH_DELIMITED) {
      return WireFormat::SkipField(&in_, tag_) ? number() : 0;
    }
    uint32_t size = 0;
    if (!in_.ReadVarint32(&size)) return 0;
    const auto begin = static_cast<size_t>(in_.CurrentPosition());
    if (size > bytes_.size() - begin) return 0;
    content_ = bytes_.substr(begin, size);
    return in_.Skip(static_cast<int>(size)) ? number() : 0;
  }

  // What it holds; empty for a number.
  std::optional<std::string_view> content() const { return content_; }

 private:
  int number() const { return WireFormat::GetTagFieldNumber(tag_); }

  std::string_view bytes_;
  pb::io::CodedInputStream in_;
  uint32_t tag_ = 0;
  std::optional<std::string_view> content_;
};

// The last field of that number, which is the one that counts.
std::string_view last_of(std::string_view message, int number) {
  std::string_view last;
  Fields fields(message);
  while (const int field = fields.next()) {
    if (field == number) last = fields.content().value_or("");
  }
  return last;
}

// How much deeper than a message, in a text, what stands in its field is.
size_t step_into(const Field& field) {
  const pb::Descriptor& type = *field.containing_type();
  if (&type == pb::Struct::descriptor() || &type == pb::ListValue::descriptor()) return 1;
  if (is_well_known(type)) return 0;  // the value itself
  return field.is_repeated() ? 2 : 1;
}

// Its recursion is as deep as messages nest, which it bounds.
class Walker {
 public:
  Done walk(std::string_view bytes, const pb::Descriptor& type, const Place& at, size_t level) {
    std::map<const Field*, std::set<std::string_view>> keys;
    std::map<const Field*, size_t> counts;
    Singles singles;
    Fields fields(bytes);
    while (const int number = fields.next()) {
      const Field* field = type.FindFieldByNumber(number);
      if (field == nullptr) continue;
      WEIR_TRY(note_single(*field, at, singles));
      const size_t inner = level + step_into(*field);
      if (inner > kMaxDepth) {
        return at.error("nested deeper than " + std::to_string(kMaxDepth) + " levels");
      }
      const auto content = fields.content();
      if (!content || field->cpp_type() != Field::CPPTYPE_MESSAGE) continue;
      const Place here = at.field(field->name());
      if (!field->is_repeated()) {
        WEIR_TRY(walk_field(*content, *field, here, inner));
      } else if (!field->is_map()) {
        WEIR_TRY(walk_field(*content, *field, here.item(counts[field]++), inner));
      } else {
        WEIR_TRY(walk_entry(*content, *field->message_type(), here, inner, keys[field]));
      }
    }
    return Unit{};
  }

 private:
  // The singular fields of a message that have come, and the members of its oneofs.
  struct Singles {
    std::set<const Field*> fields;
    std::map<const pb::OneofDescriptor*, const Field*> chosen;
  };

  // A message that no text could say, of which parsing keeps the last part.
  static Done note_single(const Field& field, const Place& at, Singles& singles) {
    if (field.is_repeated()) return Unit{};
    if (!singles.fields.insert(&field).second) {
      return at.field(field.name()).error("given twice; keep one");
    }
    const pb::OneofDescriptor* oneof = field.real_containing_oneof();
    if (oneof == nullptr) return Unit{};
    const auto [chosen, is_first] = singles.chosen.emplace(oneof, &field);
    if (is_first) return Unit{};
    return at.field(field.name())
        .error("both '" + chosen->second->name() + "' and '" + field.name() +
               "' are set; keep one");
  }

  // Of a map, whose keys are strings in all messages that Weir reads.
  Done walk_entry(std::string_view bytes, const pb::Descriptor& type, const Place& map,
                  size_t level, std::set<std::string_view>& keys) {
    const std::string_view key = last_of(bytes, type.map_key()->number());
    const Place at = map.entry(key);
    Fields fields(bytes);
    while (const int number = fields.next()) {
      if (type.FindFieldByNumber(number) != nullptr) continue;
      return at.error("has no field " + std::to_string(number) +
                      "; an entry of a map is its key and its value");
    }
    if (!keys.insert(key).second) return at.error("given twice; keep one");
    const Field& value = *type.map_value();
    if (value.cpp_type() != Field::CPPTYPE_MESSAGE) return Unit{};
    return walk_field(last_of(bytes, value.number()), value, at, level);
  }

  Done walk_field(std::string_view bytes, const Field& field, const Place& at, size_t level) {
    const pb::Descriptor& type = *field.message_type();
    if (&type != pb::Any::descriptor()) return walk(bytes, type, at, level);
    const auto content = make_message(last_of(bytes, pb::Any::kTypeUrlFieldNumber));
    if (content == nullptr) return Unit{};
    const pb::Descriptor& inner = *content->GetDescriptor();
    if (!is_well_known(inner) && is_plugins_own(field)) return Unit{};
    // A text has it under "value".
    const size_t step = is_well_known(inner) ? 1 : 0;
    return walk(last_of(bytes, pb::Any::kValueFieldNumber), inner, at, level + step);
  }
};

}  // namespace

Done check_wire_shape(std::string_view bytes, const pb::Descriptor& type, const Place& at) {
  return Walker().walk(bytes, type, at, 1);
}

}  // namespace weir::config
