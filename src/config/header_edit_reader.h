#pragma once
// From the messages that edit headers to their settings.

#include <google/protobuf/repeated_ptr_field.h>

#include <string>

#include "base/result.h"
#include "config/routes.h"
#include "config/source_map.h"
#include "weir/envoy/core.pb.h"

namespace weir::config {

// In lower case; a token, or a pseudo-header.
Result<std::string> read_header_name(const std::string& name, const Place& at);

// What may stand as a header's value; `at` is the field.
Result<std::string> read_header_text(const std::string& text, const Place& at);

// `at` is the message that has the two lists, as `added` and `removed`.
Result<HeaderEdits> read_header_edits(
    const google::protobuf::RepeatedPtrField<envoy::config::core::v3::HeaderValueOption>& to_add,
    std::string_view added, const google::protobuf::RepeatedPtrField<std::string>& to_remove,
    std::string_view removed, const Place& at);

// Of a message that has the fields request_headers_to_add and so on.
template <typename Message>
Result<MessageEdits> read_message_edits(const Message& message, const Place& at) {
  MessageEdits edits;
  WEIR_TRY(edits.request,
           read_header_edits(message.request_headers_to_add(), "request_headers_to_add",
                             message.request_headers_to_remove(), "request_headers_to_remove", at));
  WEIR_TRY(
      edits.response,
      read_header_edits(message.response_headers_to_add(), "response_headers_to_add",
                        message.response_headers_to_remove(), "response_headers_to_remove", at));
  return edits;
}

}  // namespace weir::config
