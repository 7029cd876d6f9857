#pragma once
// What a plugin is written as: a RootContext, which lives as long as the plugin, and a Context for
// each stream. The host's callbacks become their virtual functions.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "weir_sdk/data.h"
#include "weir_sdk/grpc_handlers.h"

class RootContext;
class Context;

class ContextBase {
 public:
  // The arguments: number of headers, size of the body, number of trailers. No headers: the call
  // failed.
  using HttpCallCallback = std::function<void(uint32_t, size_t, uint32_t)>;
  using GrpcSimpleCallCallback = std::function<void(GrpcStatus status, size_t body_size)>;

  explicit ContextBase(uint32_t id) : id_(id) {}
  virtual ~ContextBase() = default;

  uint32_t id() { return id_; }

  // Makes this context the one that hostcalls speak of, until the present callback returns. A
  // stream's own functions have to do so when they are called from a call's completion or a tick.
  WasmResult setEffectiveContext() { return proxy_set_effective_context(id_); }

  WasmResult getLogLevel(LogLevel* level) { return proxy_get_log_level(level); }

  virtual RootContext* asRoot() { return nullptr; }
  virtual Context* asContext() { return nullptr; }

  virtual void onCreate() {}
  virtual bool onDoneBase() = 0;
  // A stream has ended, after onDone(). A root context hears of streams when its plugin is an
  // access log. Properties and headers can be read.
  virtual void onLog() {}
  // The last thing that happens to a context.
  virtual void onDelete() {}
  virtual void onForeignFunction(uint32_t /* foreign_function_id */, uint32_t /* data_size */) {}

  // Envoy's own; envoy_proxy_wasm_api.h reads what waits in CallData. What envoy_resolve_dns() was
  // asked by this context, and what a statistics sink is sent.
  virtual void onResolveDns(uint32_t /* token */, uint32_t /* result_size */) {}
  virtual void onStatsUpdate(uint32_t /* result_size */) {}

 private:
  uint32_t id_;
};

// One for each root_id of the configuration, in each instance of the VM.
class RootContext : public ContextBase {
 public:
  RootContext(uint32_t id, std::string_view root_id) : ContextBase(id), root_id_(root_id) {}

  std::string_view root_id() { return root_id_; }

  RootContext* asRoot() override { return this; }

  // False refuses: the plugin does not start. The configuration is in
  // WasmBufferType::VmConfiguration, or else PluginConfiguration.
  virtual bool onStart(size_t /* vm_configuration_size */) { return true; }
  virtual bool validateConfiguration(size_t /* configuration_size */) { return true; }
  virtual bool onConfigure(size_t /* configuration_size */) { return true; }

  virtual void onTick() {}
  virtual void onQueueReady(uint32_t /* token */) {}

  // False: not yet. Then done() has to be called later.
  virtual bool onDone() { return true; }
  void done() { proxy_done(); }

  // Calls to upstreams; the callbacks run on this root context.
  WasmResult httpCall(std::string_view uri, const HeaderStringPairs& request_headers,
                      std::string_view request_body, const HeaderStringPairs& request_trailers,
                      uint32_t timeout_milliseconds, HttpCallCallback callback);

  // One message there, one back, which is in WasmBufferType::GrpcReceiveBuffer. `request` is bytes,
  // or a message of any Protobuf library.
  WasmResult grpcSimpleCall(std::string_view service, std::string_view service_name,
                            std::string_view method_name, const HeaderStringPairs& initial_metadata,
                            std::string_view request, uint32_t timeout_milliseconds,
                            GrpcSimpleCallCallback callback);
  WasmResult grpcSimpleCall(std::string_view service, std::string_view service_name,
                            std::string_view method_name, const HeaderStringPairs& initial_metadata,
                            std::string_view request, uint32_t timeout_milliseconds,
                            std::function<void(size_t body_size)> success_callback,
                            std::function<void(GrpcStatus status)> failure_callback);
  template <typename Message, typename... Rest, weir_sdk::IfMessage<Message> = 0>
  WasmResult grpcSimpleCall(std::string_view service, std::string_view service_name,
                            std::string_view method_name, const HeaderStringPairs& initial_metadata,
                            const Message& request, uint32_t timeout_milliseconds,
                            Rest... callbacks) {
    std::string bytes;
    if (!request.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return grpcSimpleCall(service, service_name, method_name, initial_metadata,
                          std::string_view(bytes), timeout_milliseconds, std::move(callbacks)...);
  }

  // The same with an object that hears of the answer; it is destroyed after that.
  WasmResult grpcCallHandler(std::string_view service, std::string_view service_name,
                             std::string_view method_name,
                             const HeaderStringPairs& initial_metadata, std::string_view request,
                             uint32_t timeout_milliseconds,
                             std::unique_ptr<GrpcCallHandlerBase> handler);
  template <typename Message, weir_sdk::IfMessage<Message> = 0>
  WasmResult grpcCallHandler(std::string_view service, std::string_view service_name,
                             std::string_view method_name,
                             const HeaderStringPairs& initial_metadata, const Message& request,
                             uint32_t timeout_milliseconds,
                             std::unique_ptr<GrpcCallHandlerBase> handler) {
    std::string bytes;
    if (!request.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return grpcCallHandler(service, service_name, method_name, initial_metadata,
                           std::string_view(bytes), timeout_milliseconds, std::move(handler));
  }

  // Opens a stream; `handler` is destroyed when both sides have closed it, or by its reset().
  WasmResult grpcStreamHandler(std::string_view service, std::string_view service_name,
                               std::string_view method_name,
                               const HeaderStringPairs& initial_metadata,
                               std::unique_ptr<GrpcStreamHandlerBase> handler);

  // What feeds the calls above. To override one of them is to see to its calls oneself.
  virtual void onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size,
                                  uint32_t trailers);
  virtual void onGrpcReceiveInitialMetadata(uint32_t token, uint32_t headers);
  virtual void onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers);
  virtual void onGrpcReceive(uint32_t token, size_t body_size);
  virtual void onGrpcClose(uint32_t token, GrpcStatus status);

 private:
  friend class GrpcCallHandlerBase;
  friend class GrpcStreamHandlerBase;

  bool onDoneBase() override { return onDone(); }

  const std::string root_id_;
  std::unordered_map<uint32_t, HttpCallCallback> http_calls_;
  std::unordered_map<uint32_t, GrpcSimpleCallCallback> simple_grpc_calls_;
  // Shared, since a handler may let itself go while it runs.
  std::unordered_map<uint32_t, std::shared_ptr<GrpcCallHandlerBase>> grpc_calls_;
  std::unordered_map<uint32_t, std::shared_ptr<GrpcStreamHandlerBase>> grpc_streams_;
};

// One for each HTTP stream, or each connection.
class Context : public ContextBase {
 public:
  Context(uint32_t id, RootContext* root) : ContextBase(id), root_(root) {}

  RootContext* root() { return root_; }
  Context* asContext() override { return this; }

  // Connections. `data_size` is what waits in NetworkDownstreamData, or else NetworkUpstreamData.
  virtual FilterStatus onNewConnection() { return FilterStatus::Continue; }
  virtual FilterStatus onDownstreamData(size_t /* data_size */, bool /* end_of_stream */) {
    return FilterStatus::Continue;
  }
  virtual FilterStatus onUpstreamData(size_t /* data_size */, bool /* end_of_stream */) {
    return FilterStatus::Continue;
  }
  virtual void onDownstreamConnectionClose(CloseType /* close_type */) {}
  virtual void onUpstreamConnectionClose(CloseType /* close_type */) {}

  // HTTP. The first argument is the number of fields, or the size of what waits in
  // HttpRequestBody, or else HttpResponseBody.
  virtual FilterHeadersStatus onRequestHeaders(uint32_t /* headers */, bool /* end_of_stream */) {
    return FilterHeadersStatus::Continue;
  }
  virtual FilterMetadataStatus onRequestMetadata(uint32_t /* elements */) {
    return FilterMetadataStatus::Continue;
  }
  virtual FilterDataStatus onRequestBody(size_t /* body_buffer_length */,
                                         bool /* end_of_stream */) {
    return FilterDataStatus::Continue;
  }
  virtual FilterTrailersStatus onRequestTrailers(uint32_t /* trailers */) {
    return FilterTrailersStatus::Continue;
  }
  virtual FilterHeadersStatus onResponseHeaders(uint32_t /* headers */, bool /* end_of_stream */) {
    return FilterHeadersStatus::Continue;
  }
  virtual FilterMetadataStatus onResponseMetadata(uint32_t /* elements */) {
    return FilterMetadataStatus::Continue;
  }
  virtual FilterDataStatus onResponseBody(size_t /* body_buffer_length */,
                                          bool /* end_of_stream */) {
    return FilterDataStatus::Continue;
  }
  virtual FilterTrailersStatus onResponseTrailers(uint32_t /* trailers */) {
    return FilterTrailersStatus::Continue;
  }

  // The stream has ended; its properties and headers can still be read, here and in onLog().
  virtual void onDone() {}

 private:
  bool onDoneBase() override {
    onDone();
    return true;
  }

  RootContext* root_;
};

// The contexts of this instance; null where there is none of that id.
ContextBase* getContextBase(uint32_t context_id);
RootContext* getRootContext(uint32_t context_id);
Context* getContext(uint32_t context_id);
RootContext* getRoot(std::string_view root_id);

using RootFactory =
    std::function<std::unique_ptr<RootContext>(uint32_t id, std::string_view root_id)>;
using ContextFactory = std::function<std::unique_ptr<Context>(uint32_t id, RootContext* root)>;

#define ROOT_FACTORY(Type)                                                    \
  [](uint32_t id, std::string_view root_id) -> std::unique_ptr<RootContext> { \
    return std::make_unique<Type>(id, root_id);                               \
  }
#define CONTEXT_FACTORY(Type)                                      \
  [](uint32_t id, RootContext* root) -> std::unique_ptr<Context> { \
    return std::make_unique<Type>(id, root);                       \
  }

// A static object of this type tells which classes serve a root_id:
//   static RegisterContextFactory registered(CONTEXT_FACTORY(MyStream), ROOT_FACTORY(MyRoot));
struct RegisterContextFactory {
  RegisterContextFactory(ContextFactory context_factory, RootFactory root_factory,
                         std::string_view root_id = "");
  explicit RegisterContextFactory(RootFactory root_factory, std::string_view root_id = "")
      : RegisterContextFactory(ContextFactory(), std::move(root_factory), root_id) {}
  explicit RegisterContextFactory(ContextFactory context_factory, std::string_view root_id = "")
      : RegisterContextFactory(std::move(context_factory), RootFactory(), root_id) {}
};
