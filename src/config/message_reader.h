#pragma once
// From a document's tree to a message, field by field, over the message's descriptor.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "base/result.h"
#include "config/document.h"
#include "config/source_map.h"

namespace weir::config {

// Records the place of each field that it reads. Its recursion is as deep as the tree, which is
// bounded (kMaxDepth).
class MessageReader {
 public:
  explicit MessageReader(SourceMap& map) : map_(map) {}

  // `into` is empty; `at` is where the message stands.
  Done read(const Node& node, google::protobuf::Message& into, const Place& at);

 private:
  using Field = google::protobuf::FieldDescriptor;
  using Message = google::protobuf::Message;

  // What "@type" is among a message's fields.
  enum class TypeKey { Unknown, Skipped };

  Done read_fields(const Node& node, Message& into, const Place& at, TypeKey type_key);
  Done read_field(const Node& node, Message& into, const Field& field, const Place& at);
  Done read_list(const Node& node, Message& into, const Field& field, const Place& at);
  Done read_item(const Node& node, Message& into, const Field& field, const Place& at);
  Done read_map(const Node& node, Message& into, const Field& field, const Place& at);
  Done read_any(const Node& node, Message& into, const Place& at);
  Done read_typed_struct(const Node& node, Message& into, const Place& at);
  Done read_any_content(const Node& any, Message& into, const Place& at);
  // The place of what stands under `entry` in the message at `at`, recorded.
  Place enter(const Node::Entry& entry, const Place& at);

  SourceMap& map_;
};

}  // namespace weir::config
