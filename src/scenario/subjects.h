#pragma once
// What can be expected of a step: messages and connections are looked at where there are some.

#include "base/result.h"
#include "config/source_map.h"
#include "scenario/expectations.h"

namespace weir::scenario {

// What a step concerns: an exchange, a connection, or neither, as the start of a plugin.
enum class Subject : uint8_t { Neither, Http, Tcp };

// An error for what a step of that subject cannot have: it could not be looked at, or there would
// be none of it whatever happens. `at` is the place of the expectations.
Done check_subjects(const Expectations& expect, Subject subject, const config::Place& at);

}  // namespace weir::scenario
