#pragma once
// Values between the seam's slots and JavaScript, through which V8 passes every call. An i32 is a
// small integer and costs nothing; an i64 is a BigInt on V8's heap, some 10 ns.

#include <v8-primitive.h>

#include <bit>
#include <cstdint>
#include <memory>

#include "base/func_type.h"
#include "engine/engine.h"

namespace weir::engine::v8_adapter {

inline v8::Local<v8::Value> to_value(v8::Isolate* isolate, ValType type, uint64_t slot) {
  switch (type) {
    case ValType::I32:
      return v8::Integer::New(isolate, static_cast<int32_t>(slot));
    case ValType::I64:
      return v8::BigInt::NewFromUnsigned(isolate, slot);
    case ValType::F32:
      return v8::Number::New(isolate, std::bit_cast<float>(static_cast<uint32_t>(slot)));
    case ValType::F64:
      return v8::Number::New(isolate, std::bit_cast<double>(slot));
  }
  __builtin_unreachable();
}

// `value` comes from a function of V8's that returns `type`.
inline uint64_t to_slot(v8::Local<v8::Value> value, ValType type) {
  switch (type) {
    case ValType::I32:
      return static_cast<uint32_t>(value.As<v8::Int32>()->Value());
    case ValType::I64:
      return value.As<v8::BigInt>()->Uint64Value();
    case ValType::F32:
      return std::bit_cast<uint32_t>(static_cast<float>(value.As<v8::Number>()->Value()));
    case ValType::F64:
      return std::bit_cast<uint64_t>(value.As<v8::Number>()->Value());
  }
  __builtin_unreachable();
}

// Values in a row, as V8 takes them. An array of handles would be cleared first, which is 5 ns.
class Values {
 public:
  Values() {}

  void add(v8::Local<v8::Value> value) { std::construct_at(&values_[count_++], value); }
  v8::Local<v8::Value>* data() { return values_; }
  size_t size() const { return count_; }

 private:
  union {
    v8::Local<v8::Value> values_[kMaxSlots];
  };
  size_t count_ = 0;
};

}  // namespace weir::engine::v8_adapter
