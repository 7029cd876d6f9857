#pragma once
// Why and where a guest stopped, from V8's exceptions and stack traces.

#include <v8-context.h>
#include <v8-isolate.h>

#include <vector>

#include "engine/trap.h"

namespace weir::engine::v8_adapter {

// To be called once for each isolate: the property `stack` of errors is then what we read.
void prepare_stack_traces(v8::Isolate*);

// Of what a guest's code has thrown, or instantiation.
Trap to_trap(v8::Local<v8::Context>, v8::Local<v8::Value> thrown);

// Where the guests are that run on this thread.
std::vector<Frame> current_frames(v8::Local<v8::Context>);

// The WebAssembly.Instance whose code runs on this thread; undefined where there is none.
v8::Local<v8::Value> current_instance(v8::Local<v8::Context>);

}  // namespace weir::engine::v8_adapter
