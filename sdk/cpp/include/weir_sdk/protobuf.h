#pragma once
// Messages for programs that want some: those that a build with Protobuf has generated, or else the
// SDK's own by Protobuf's names. They are types of their own to the linker, so that another file of
// the plugin may use Protobuf itself.

#if defined(PROXY_WASM_PROTOBUF_FULL) && __has_include("proxy_wasm_intrinsics.pb.h")
#include "proxy_wasm_intrinsics.pb.h"
#elif defined(PROXY_WASM_PROTOBUF_LITE) && __has_include("proxy_wasm_intrinsics_lite.pb.h")
#include "proxy_wasm_intrinsics_lite.pb.h"
#else
#include "weir_sdk/messages.h"
#ifdef GOOGLE_PROTOBUF_VERSION
// Where Protobuf itself was included before, its classes have these names.
#include <google/protobuf/struct.pb.h>
#else
namespace google::protobuf {
using weir_sdk::ListValue;
using weir_sdk::Map;
using weir_sdk::MessageLite;
using weir_sdk::NULL_VALUE;
using weir_sdk::NullValue;
using weir_sdk::RepeatedPtrField;
using weir_sdk::Struct;
using weir_sdk::Value;
}  // namespace google::protobuf
#endif

using weir_sdk::GrpcService;
#endif
