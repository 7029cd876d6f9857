#include "engine/v8/traps.h"

#include <v8-container.h>
#include <v8-exception.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/v8/objects.h"

namespace weir::engine::v8_adapter {
namespace {

// By a part of V8's message. An instance that cannot be made has its own words before them.
constexpr std::array<std::pair<std::string_view, TrapKind>, 17> kKinds = {{
    {"unreachable", TrapKind::Unreachable},
    {"memory access out of bounds", TrapKind::MemoryBounds},
    {"unaligned access", TrapKind::MemoryBounds},
    {"data segment", TrapKind::MemoryBounds},
    {"table index is out of bounds", TrapKind::TableBounds},
    {"function signature mismatch", TrapKind::TableBounds},
    {"dereferencing a null pointer", TrapKind::TableBounds},
    {"element segment", TrapKind::TableBounds},
    {"table initializer", TrapKind::TableBounds},
    {"divide by zero", TrapKind::Arithmetic},
    {"remainder by zero", TrapKind::Arithmetic},
    {"divide result unrepresentable", TrapKind::Arithmetic},
    {"float unrepresentable in integer range", TrapKind::Arithmetic},
    {"Maximum call stack size exceeded", TrapKind::StackOverflow},
    {"Out of memory", TrapKind::NoResources},
    {"out of memory", TrapKind::NoResources},
    {"Import #", TrapKind::Link},
}};

TrapKind kind_of(std::string_view message) {
  for (const auto& [part, kind] : kKinds) {
    if (message.find(part) != message.npos) return kind;
  }
  return TrapKind::Other;
}

// "module.name (wasm://wasm/02cda9be:wasm-function[20]:0x2a8)". The guest chooses the names, V8 the
// end.
std::optional<Frame> to_frame(std::string_view text) {
  constexpr std::string_view kBeforeIndex = ":wasm-function[";
  constexpr std::string_view kBeforeOffset = "]:0x";
  const size_t at = text.rfind(kBeforeIndex);
  if (at == text.npos) return std::nullopt;
  const char* end = text.data() + text.size();

  Frame frame;
  const auto index =
      std::from_chars(text.data() + at + kBeforeIndex.size(), end, frame.function_index);
  if (index.ec != std::errc()) return std::nullopt;
  const std::string_view rest(index.ptr, end);
  uint64_t offset = 0;
  if (rest.starts_with(kBeforeOffset) &&
      std::from_chars(rest.data() + kBeforeOffset.size(), end, offset, 16).ec == std::errc()) {
    frame.module_offset = offset;
  }
  return frame;
}

std::vector<Frame> to_frames(v8::Local<v8::Context> context, v8::Local<v8::Value> sites) {
  v8::Isolate* isolate = context->GetIsolate();
  std::vector<Frame> frames;
  for (uint32_t i = 0; i < length(sites); ++i) {
    const auto site = element(context, sites, i);
    auto frame = to_frame(to_text(isolate, site));
    if (!frame) continue;
    const auto name = invoke(context, site, "getFunctionName");
    if (name->IsString()) frame->function = to_text(isolate, name);
    frames.push_back(std::move(*frame));
  }
  return frames;
}

// The call sites of the code that runs now, innermost first.
v8::Local<v8::Value> current_sites(v8::Local<v8::Context> context) {
  const auto here = v8::Exception::Error(v8::String::Empty(context->GetIsolate()));
  return property(context, here, "stack");
}

// V8 would make text of them.
v8::MaybeLocal<v8::Value> keep_sites(v8::Local<v8::Context>, v8::Local<v8::Value>,
                                     v8::Local<v8::Array> sites) {
  return sites;
}

}  // namespace

void prepare_stack_traces(v8::Isolate* isolate) {
  isolate->SetPrepareStackTraceCallback(&keep_sites);
}

Trap to_trap(v8::Local<v8::Context> context, v8::Local<v8::Value> thrown) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::TryCatch ignored(isolate);
  const v8::Context::Scope scope(context);
  Trap trap;
  const auto message = property(context, thrown, "message");
  trap.message = message->IsString() ? to_text(isolate, message) : "uncaught exception";
  trap.kind = kind_of(trap.message);
  trap.frames = to_frames(context, property(context, thrown, "stack"));
  return trap;
}

std::vector<Frame> current_frames(v8::Local<v8::Context> context) {
  const v8::HandleScope handles(context->GetIsolate());
  const v8::TryCatch ignored(context->GetIsolate());
  const v8::Context::Scope scope(context);
  return to_frames(context, current_sites(context));
}

v8::Local<v8::Value> current_instance(v8::Local<v8::Context> context) {
  const v8::TryCatch ignored(context->GetIsolate());
  const v8::Context::Scope scope(context);
  const auto sites = current_sites(context);
  return invoke(context, element(context, sites, 0), "getThis");
}

}  // namespace weir::engine::v8_adapter
