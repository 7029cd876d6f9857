#pragma once
// Reading JavaScript objects of V8's own making, where an absent property is undefined.

#include <v8-container.h>
#include <v8-context.h>
#include <v8-function.h>
#include <v8-isolate.h>
#include <v8-object.h>
#include <v8-persistent-handle.h>
#include <v8-primitive.h>

#include <cstring>
#include <string>
#include <string_view>

namespace weir::engine::v8_adapter {

// What `global` holds, valid as long as it does: a Global is a slot that Locals may point to, and
// so this takes no slot of a HandleScope (as node::PersistentToLocal::Strong).
template <typename T>
v8::Local<T> local(const v8::Global<T>& global) {
  static_assert(sizeof(v8::Local<T>) == sizeof(void*) && sizeof(global) == sizeof(void*));
  v8::Local<T> handle;
  std::memcpy(static_cast<void*>(&handle), static_cast<const void*>(&global), sizeof(handle));
  return handle;
}

// Empty where `text` is longer than V8's strings can be.
inline v8::Local<v8::String> to_string(v8::Isolate* isolate, std::string_view text) {
  v8::Local<v8::String> string;
  const bool made = text.size() <= v8::String::kMaxLength &&
                    v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kNormal,
                                            static_cast<int>(text.size()))
                        .ToLocal(&string);
  return made ? string : v8::String::Empty(isolate);
}

inline std::string to_text(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  const v8::String::Utf8Value text(isolate, value);
  return *text == nullptr ? std::string() : std::string(*text, static_cast<size_t>(text.length()));
}

inline v8::Local<v8::Value> property(v8::Local<v8::Context> context, v8::Local<v8::Value> object,
                                     std::string_view name) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Value> value;
  if (!object->IsObject() ||
      !object.As<v8::Object>()->Get(context, to_string(isolate, name)).ToLocal(&value)) {
    return v8::Undefined(isolate);
  }
  return value;
}

// The element of an array.
inline v8::Local<v8::Value> element(v8::Local<v8::Context> context, v8::Local<v8::Value> array,
                                    uint32_t index) {
  v8::Local<v8::Value> value;
  if (!array->IsArray() || !array.As<v8::Object>()->Get(context, index).ToLocal(&value)) {
    return v8::Undefined(context->GetIsolate());
  }
  return value;
}

inline uint32_t length(v8::Local<v8::Value> array) {
  return array->IsArray() ? array.As<v8::Array>()->Length() : 0;
}

// What the method `name` of `object` returns when called without arguments.
inline v8::Local<v8::Value> invoke(v8::Local<v8::Context> context, v8::Local<v8::Value> object,
                                   std::string_view name) {
  const v8::Local<v8::Value> method = property(context, object, name);
  v8::Local<v8::Value> value;
  if (!method->IsFunction() ||
      !method.As<v8::Function>()->Call(context, object, 0, nullptr).ToLocal(&value)) {
    return v8::Undefined(context->GetIsolate());
  }
  return value;
}

}  // namespace weir::engine::v8_adapter
