#pragma once
// Objects that hear of a gRPC call's answer or of a gRPC stream's messages.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "proxy_wasm_externs.h"

class RootContext;

namespace weir_sdk {

// Enables a function for messages of Protobuf libraries: classes with SerializeToString().
template <typename Message>
using IfMessage =
    decltype(std::declval<const Message&>().SerializeToString(static_cast<std::string*>(nullptr)),
             int());

}  // namespace weir_sdk

class GrpcCallHandlerBase {
 public:
  virtual ~GrpcCallHandlerBase() = default;

  // Null before the call was made.
  RootContext* context() { return context_; }
  uint32_t token() { return token_; }

  // Forgets the call; nothing more is heard of it. The handler is gone after this.
  void cancel();

  virtual void onSuccess(size_t body_size) = 0;
  virtual void onFailure(GrpcStatus status) = 0;

 private:
  friend class RootContext;

  RootContext* context_ = nullptr;
  uint32_t token_ = 0;
};

// `Message` is what the answer is read as, by WasmData::proto<Message>().
template <typename Message>
class GrpcCallHandler : public GrpcCallHandlerBase {};

class GrpcStreamHandlerBase {
 public:
  virtual ~GrpcStreamHandlerBase() = default;

  RootContext* context() { return context_; }
  uint32_t token() { return token_; }

  WasmResult send(std::string_view message, bool end_of_stream);
  // Ends this side; the other may still send.
  void close();
  // Ends both; nothing more is heard. The handler is gone after this.
  void reset();

  virtual void onReceiveInitialMetadata(uint32_t /* headers */) {}
  virtual void onReceiveTrailingMetadata(uint32_t /* trailers */) {}
  virtual void onReceive(size_t body_size) = 0;
  virtual void onRemoteClose(GrpcStatus status) = 0;

 protected:
  friend class RootContext;

  // What RootContext does when the stream has ended over there: tells onRemoteClose(), and lets the
  // handler go.
  void doRemoteClose(GrpcStatus status);

  bool local_close_ = false;   // this side has ended
  bool remote_close_ = false;  // the other has
  RootContext* context_ = nullptr;
  uint32_t token_ = 0;
};

template <typename Request, typename Response>
class GrpcStreamHandler : public GrpcStreamHandlerBase {
 public:
  using GrpcStreamHandlerBase::send;

  template <typename Message, weir_sdk::IfMessage<Message> = 0>
  WasmResult send(const Message& message, bool end_of_stream) {
    std::string bytes;
    if (!message.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return GrpcStreamHandlerBase::send(bytes, end_of_stream);
  }
};
