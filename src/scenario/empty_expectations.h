#pragma once
// Finds expectations that no plugin could fail.

#include <google/protobuf/message.h>

#include "base/result.h"
#include "config/source_map.h"

namespace weir::scenario {

// An error where a field of an expectation is written and says nothing: a list without items, a
// false, a text without letters. What is so is not looked at, which its author may not mean.
Done check_says_something(const google::protobuf::Message& expectation, const config::Place& at);

}  // namespace weir::scenario
