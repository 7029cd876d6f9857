#pragma once
// Takes the message out of an Any.

#include <google/protobuf/any.pb.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/source_map.h"
#include "config/wire_form.h"

namespace weir::config {

// The full name of the message inside: what stands after the URL's last slash.
inline std::string_view type_name(const google::protobuf::Any& any) {
  std::string_view url = any.type_url();
  return url.substr(url.rfind('/') + 1);
}

// The Any is of type M; the error is for bytes that are none.
template <typename M>
Result<M> unpack(const google::protobuf::Any& any, const Place& at) {
  M message;
  if (parse_wire_form(any.value(), message)) return message;
  return at.error("the bytes are no " + M::descriptor()->full_name());
}

}  // namespace weir::config
