#pragma once
// What a scenario file says, held against what there can be.

#include <google/protobuf/map.h>

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/source_map.h"

namespace weir::scenario {

using Texts = google::protobuf::Map<std::string, std::string>;

// Names of one kind of things in one list. Each has one, and no two have the same.
class Names {
 public:
  // `kind` is for messages: "upstream".
  explicit Names(std::string_view kind) : kind_(kind) {}

  // `at` is the thing's place; its name is the field `name`.
  Done add(const std::string& name, const config::Place& at);

 private:
  std::string kind_;
  std::set<std::string> seen_;
};

// A blank or a colon is a slip: of a whole request line, or of a header.
Done check_method(const std::string& method, const config::Place& at);

// What a proxy takes as `:path`, of that method.
Done check_target(std::string_view target, std::string_view method, const config::Place& at);

// An IP address, with or without a port.
Done check_address(const std::string& address, const config::Place& at);

// From `least`, 0 or -1, to 16.
Done check_grpc_status(int64_t status, int64_t least, const config::Place& at);

// No key of `bytes`, the field `name` + "_base64" of `at`, is one of `texts`, the field `name`.
Done check_keys(const Texts& texts, const Texts& bytes, std::string_view name,
                const config::Place& at);

}  // namespace weir::scenario
