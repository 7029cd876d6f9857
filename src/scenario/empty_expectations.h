#pragma once
// Finds expectations that no plugin could fail.

#include <google/protobuf/message.h>

#include <string_view>

#include "base/result.h"
#include "config/source_map.h"

namespace weir::scenario {

// An error where a field of an expectation is written and says nothing: a list without items, a
// false, a text without letters, braces with nothing between them. What is so is not looked at,
// which its author may not mean.
Done check_says_something(const google::protobuf::Message& expectation, const config::Place& at);

// The error of one that says nothing, and what could be written there; empty: nothing that is
// known.
Error says_nothing(const config::Place& at, std::string_view could_say);

}  // namespace weir::scenario
